//! When a plan is made: before the answer only where there is none yet or the topic has changed, else in the background.

use super::plan::SessionFocus;
use super::signals;
use crate::model::{FocusSource, Role};
use crate::repository::{FocusVersion, Message, PlanningMaterial};

/// What is done before an answer.
#[derive(Debug)]
pub(super) enum Before {
    /// The plan fits.
    Reuse(FocusVersion),
    /// There is none that fits.
    Plan(Reason),
}

/// Whether the plan fits the message that is to be answered.
pub(super) fn before_answer(material: &PlanningMaterial) -> Before {
    let Some(version) = &material.focus else {
        return Before::Plan(Reason::First);
    };
    let position = material.messages.first().map(|message| message.position);
    // A plan that was made for this very message: another reply to it is asked for, or the process was restarted.
    if position == Some(version.planned_at) {
        return Before::Reuse(version.clone());
    }
    match SessionFocus::read(&version.plan) {
        Some(plan) if !signals::is_new_topic(&plan, &material.messages) => Before::Reuse(version.clone()),
        _ => Before::Plan(Reason::Topic),
    }
}

/// Why a plan is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// There is none.
    First,
    /// The learner turns to another topic.
    Topic,
    /// Local rules made it, since no model did in time.
    Fallback,
    /// The learner is stuck.
    Stuck,
    /// The learner has done a step.
    StepDone,
    /// It is old.
    Turns,
}

/// Whether the learner's newest message, with the reply before it in `newest_first`, has done a step of this plan.
pub(super) fn is_step_done(newest_first: &[Message], version: &FocusVersion) -> bool {
    let reply = newest_first
        .first()
        .filter(|message| message.role == Role::Assistant);
    let learner = newest_first.iter().find(|message| message.role == Role::User);
    let (Some(reply), Some(learner)) = (reply, learner) else {
        return false;
    };
    // Before the tutor has asked anything there is nothing to be right about, and a plan that was made for this very
    // message has no step that this message could have done.
    let is_asked = |message: &Message| message.role == Role::Assistant && message.position < learner.position;
    version.planned_at < learner.position
        && newest_first.iter().any(is_asked)
        && signals::is_step_done(&learner.content, &reply.content)
}

/// The words for why a plan is made.
pub const REASONS: [&str; 6] = ["first", "topic", "fallback", "stuck", "step-done", "turns"];

impl Reason {
    /// As it is counted.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Topic => "topic",
            Self::Fallback => "fallback",
            Self::Stuck => "stuck",
            Self::StepDone => "step-done",
            Self::Turns => "turns",
        }
    }
}

/// Whether the plan is made anew after an answer. `step_done`: in this turn.
pub(super) fn after_answer(
    material: &PlanningMaterial,
    version: &FocusVersion,
    step_done: bool,
    most_turns: usize,
) -> Option<Reason> {
    let since = |message: &&Message| message.role == Role::User && message.position > version.planned_at;
    let turns = material.messages.iter().filter(since).count();
    if version.source == FocusSource::Fallback {
        Some(Reason::Fallback)
    } else if turns == 0 {
        // It was made for the message that was answered, or knows the answer too.
        None
    } else if step_done {
        Some(Reason::StepDone)
    } else if signals::is_stuck(&material.messages) {
        Some(Reason::Stuck)
    } else {
        (turns >= most_turns).then_some(Reason::Turns)
    }
}
