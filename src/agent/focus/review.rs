//! After an answer: what the learner has achieved is noted by local rules, and the plan is made anew where it no longer
//! fits. Nobody waits for it.

use std::sync::Arc;

use super::decision;
use super::plan::{SessionFocus, Strategy};
use super::planner::{MOST_MESSAGES, Planner, newest_position};
use super::signals;
use crate::ids::MessageId;
use crate::model::Role;
use crate::repository::{
    Change, FocusVersion, Lesson, Message, NewFocus, PlanningMaterial, RepositoryError, Turn, UserRepository,
};

/// A right answer takes the learner this part of the way that is left to complete mastery.
const STEP_UP: f64 = 0.25;
/// Being stuck takes this part of the mastery.
const STEP_DOWN: f64 = 0.2;

/// What a turn has shown.
struct Shown {
    step_done: bool,
    stuck: bool,
    /// The learner's message.
    evidence: MessageId,
}

impl Planner {
    /// Notes what the turn has shown, and has a model plan anew and sum up where that is due. Begins nothing while
    /// something is being planned for the session.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn review(self: &Arc<Self>, user: &UserRepository, turn: &Turn) -> Result<(), RepositoryError> {
        let due = self.look_at(user, turn).await?;
        if self.model.is_none() {
            return Ok(());
        }
        let Some(flight) = self.flights.unless_running(turn.session_id) else {
            return Ok(());
        };
        if let Some(material) = due {
            self.plan(user, &material, &flight).await;
        }
        self.sum_up(user, turn, flight.called_off()).await
    }

    /// Notes what the turn has shown; the material for a plan, if one is due.
    async fn look_at(
        &self,
        user: &UserRepository,
        turn: &Turn,
    ) -> Result<Option<PlanningMaterial>, RepositoryError> {
        let material = user.planning_material(turn.session_id, turn.message_id, MOST_MESSAGES);
        let mut material = material.await?;
        let Some((version, plan)) = current(&material) else {
            return Ok(None);
        };
        let Some(shown) = shown(&material.messages, turn) else {
            return Ok(None);
        };
        let reason = decision::after_answer(&material, &version, shown.step_done, self.replan_after_turns);
        material.focus = Some(self.note(user, &material, (version, plan), &shown).await?);
        log::debug!("focus.reviewed session.id={} reason={reason:?}", turn.session_id);
        Ok(reason.map(|_| material))
    }

    /// Stores the plan with its marks, if they have changed.
    async fn note(
        &self,
        user: &UserRepository,
        material: &PlanningMaterial,
        (version, mut plan): (FocusVersion, SessionFocus),
        shown: &Shown,
    ) -> Result<FocusVersion, RepositoryError> {
        let before = plan.clone();
        if shown.step_done {
            plan.finish_step();
        }
        if self.model.is_none() {
            carry_on(&mut plan, shown.stuck);
        }
        let lessons = lessons(&plan, shown);
        if plan == before && lessons.is_empty() {
            return Ok(version);
        }
        let new = NewFocus {
            position: newest_position(material),
            source: version.source,
            planned_at: version.planned_at,
            plan: plan.to_json(),
            lessons,
        };
        user.store_focus(material.session.id, new).await
    }
}

fn current(material: &PlanningMaterial) -> Option<(FocusVersion, SessionFocus)> {
    let version = material.focus.clone()?;
    let plan = SessionFocus::read(&version.plan)?;
    Some((version, plan))
}

/// `None` when the turn answered an older message: that says nothing of where the learner is now.
fn shown(newest_first: &[Message], turn: &Turn) -> Option<Shown> {
    let reply = newest_first
        .iter()
        .find(|message| message.id == turn.message_id)?;
    let learner = newest_first.iter().find(|message| message.role == Role::User)?;
    if learner.id != turn.user_message_id {
        return None;
    }
    // Before the tutor has asked anything there is nothing to be right about.
    let is_answer = newest_first
        .iter()
        .any(|message| message.role == Role::Assistant && message.position < learner.position);
    Some(Shown {
        step_done: is_answer && signals::is_step_done(&learner.content, &reply.content),
        stuck: signals::is_stuck(newest_first),
        evidence: learner.id,
    })
}

fn lessons(plan: &SessionFocus, shown: &Shown) -> Vec<Lesson> {
    let change = match (shown.step_done, shown.stuck) {
        (true, _) => Change::Up(STEP_UP),
        (false, true) => Change::Down(STEP_DOWN),
        (false, false) => return Vec::new(),
    };
    vec![Lesson {
        topic: plan.topic.clone(),
        change,
        evidence: Some(shown.evidence),
    }]
}

/// What local rules change in a plan when no model does.
fn carry_on(plan: &mut SessionFocus, stuck: bool) {
    if plan.is_finished() {
        plan.strategy = Strategy::Assess;
    } else if stuck {
        plan.strategy = Strategy::WorkedExample;
    }
}
