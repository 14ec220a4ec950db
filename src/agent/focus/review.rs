//! After an answer: what the learner has achieved is noted by local rules, and the plan is made anew where it no longer
//! fits. Nobody waits for it.

use std::sync::Arc;

use super::decision;
use super::plan::{SessionFocus, Strategy};
use super::planner::{Due, MOST_MESSAGES, Planner, newest_position};
use super::signals;
use crate::ids::MessageId;
use crate::model::{Purpose, Role};
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
    /// Notes what the turn has shown, and has a model plan anew and sum up where that is due. While something is being
    /// planned for the session that is left to whoever plans, so that the plan is made anew also when turns follow each
    /// other closely.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn review(self: &Arc<Self>, user: &UserRepository, turn: &Turn) -> Result<(), RepositoryError> {
        self.note_turn(user, turn).await?;
        if self.model.is_none() {
            return Ok(());
        }
        let Some(flight) = self.flights.begin_or_leave(turn.session_id, turn) else {
            return Ok(());
        };
        let mut next = Some(turn.clone());
        while let Some(turn) = next {
            if let Some(due) = self.due(user, &turn).await? {
                self.plan(user, &due, &flight).await;
            }
            self.sum_up(user, &turn, flight.errand()).await?;
            next = flight.next();
        }
        Ok(())
    }

    /// Notes what the turn has shown, in the newest plan.
    async fn note_turn(&self, user: &UserRepository, turn: &Turn) -> Result<(), RepositoryError> {
        while let Some((material, found)) = look_at(user, turn).await? {
            let Found { version, plan, shown } = found;
            if self.note(user, &material, (version, plan), &shown).await? {
                break;
            }
            // A model's plan came in between: what was shown is noted in that one.
        }
        Ok(())
    }

    /// The plan that is due after this turn, if one is.
    async fn due(&self, user: &UserRepository, turn: &Turn) -> Result<Option<Due>, RepositoryError> {
        let Some((material, found)) = look_at(user, turn).await? else {
            return Ok(None);
        };
        let step_done = found.shown.step_done;
        let reason = decision::after_answer(&material, &found.version, step_done, self.replan_after_turns);
        log::debug!("focus.reviewed session.id={} reason={reason:?}", turn.session_id);
        Ok(reason.map(|reason| Due {
            material,
            reason,
            purpose: Purpose::Review,
        }))
    }

    /// Stores the plan with its marks, if they have changed; false when it is no longer the newest.
    async fn note(
        &self,
        user: &UserRepository,
        material: &PlanningMaterial,
        (version, mut plan): (FocusVersion, SessionFocus),
        shown: &Shown,
    ) -> Result<bool, RepositoryError> {
        let before = plan.clone();
        if shown.step_done {
            plan.finish_step();
        }
        if self.model.is_none() {
            carry_on(&mut plan, shown.stuck);
        }
        let lessons = lessons(&plan, shown);
        if plan == before && lessons.is_empty() {
            return Ok(true);
        }
        let new = NewFocus {
            position: newest_position(material),
            source: version.source,
            planned_at: version.planned_at,
            plan: plan.to_json(),
            lessons,
        };
        user.carry_focus_on(material.session.id, new, version.version)
            .await
    }
}

/// What stands at the end of a turn.
struct Found {
    version: FocusVersion,
    plan: SessionFocus,
    shown: Shown,
}

/// `None` when there is nothing to say of the turn.
async fn look_at(
    user: &UserRepository,
    turn: &Turn,
) -> Result<Option<(PlanningMaterial, Found)>, RepositoryError> {
    let material = user.planning_material(turn.session_id, turn.message_id, MOST_MESSAGES);
    let material = material.await?;
    let found = current(&material).and_then(|(version, plan)| {
        let shown = shown(&material.messages, &version, turn)?;
        Some(Found { version, plan, shown })
    });
    Ok(found.map(|found| (material, found)))
}

fn current(material: &PlanningMaterial) -> Option<(FocusVersion, SessionFocus)> {
    let version = material.focus.clone()?;
    let plan = SessionFocus::read(&version.plan)?;
    Some((version, plan))
}

/// `None` when the turn answered an older message: that says nothing of where the learner is now.
fn shown(newest_first: &[Message], version: &FocusVersion, turn: &Turn) -> Option<Shown> {
    let place = newest_first
        .iter()
        .position(|message| message.id == turn.message_id)?;
    let newest_first = &newest_first[place..];
    let learner = newest_first.iter().find(|message| message.role == Role::User)?;
    (learner.id == turn.user_message_id).then(|| Shown {
        step_done: decision::is_step_done(newest_first, version),
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
