//! Makes plans: asks the model for one within the budget, checks what comes back, and stores it as the session's next
//! version. What a model plans too late is for the next message.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::breaker::Breaker;
use super::decision::{self, Before, Reason};
use super::flights::{Flight, Flights};
use super::plan::SessionFocus;
use super::{TurnFocus, draft, fallback, prompt, signals};
use crate::agent::ContextBudget;
use crate::agent::asking::{Asking, PlanningModel};
use crate::config::PlannerConfig;
use crate::model::{FocusSource, Purpose};
use crate::provider::Chain;
use crate::repository::{
    FocusVersion, Lesson, NewFocus, PlanningMaterial, RepositoryError, Turn, UserRepository,
};
use crate::telemetry::Metrics;

/// No more messages than this are looked at for a plan.
pub(super) const MOST_MESSAGES: i64 = 40;

/// Makes plans, one at a time for each session.
pub struct Planner {
    /// How long an answer waits for its plan.
    budget: Duration,
    /// After so many messages of the learner a plan is made anew.
    pub(super) replan_after_turns: usize,
    /// `None`: local rules plan.
    pub(in crate::agent) model: Option<PlanningModel>,
    /// How much a prompt may have.
    pub(in crate::agent) context: ContextBudget,
    pub(super) flights: Flights<Turn>,
    breaker: Breaker,
    pub(super) metrics: Arc<Metrics>,
    main: Handle,
}

/// A plan that is to be made, and why.
pub(super) struct Due {
    pub(super) material: PlanningMaterial,
    pub(super) reason: Reason,
    pub(super) purpose: Purpose,
}

/// A plan and what it says of the learner.
pub(super) type Planned = (SessionFocus, Vec<Lesson>);

impl Planner {
    /// Call it on the main runtime: plans are made there. A practice tutor plans by local rules.
    #[must_use]
    pub fn new(
        config: PlannerConfig,
        context: ContextBudget,
        chain: &Chain,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let name = config.provider.as_deref();
        let chosen = chain.position(|provider| name.is_none_or(|name| name == provider.name()));
        let model = chosen
            .filter(|link| !chain.provider(*link).is_practice())
            .map(|link| PlanningModel {
                provider: Arc::clone(chain.provider(link)),
                places: Arc::clone(chain.places(link)),
                model: config.model,
                metrics: Arc::clone(&metrics),
            });
        Arc::new(Self {
            budget: config.budget,
            replan_after_turns: config.replan_after_turns,
            model,
            context,
            flights: Flights::default(),
            breaker: Breaker::default(),
            metrics,
            main: Handle::current(),
        })
    }

    /// No more plans are made in the background.
    pub fn close(&self) {
        self.flights.close();
    }

    /// What the session works on while this turn is answered. A new plan is made only when none fits and `may_plan`;
    /// dropping the future calls it off. `None`: there is no plan.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn plan_session_focus(
        self: &Arc<Self>,
        user: &UserRepository,
        turn: &Turn,
        may_plan: bool,
    ) -> Result<Option<TurnFocus>, RepositoryError> {
        let material = user.planning_material(turn.session_id, turn.user_message_id, MOST_MESSAGES);
        let material = material.await?;
        let stuck = signals::is_stuck(&material.messages);
        let (version, source) = match (decision::before_answer(&material), may_plan) {
            (Before::Reuse(version), _) => (version, FocusSource::Reused),
            (Before::Plan(reason), true) => {
                let due = Due {
                    material,
                    reason,
                    purpose: Purpose::Focus,
                };
                let version = self.plan_within_budget(user, due).await?;
                let source = version.source;
                (version, source)
            }
            (Before::Plan(_), false) => match material.focus {
                Some(version) => (version, FocusSource::Reused),
                None => return Ok(None),
            },
        };
        Ok(TurnFocus::of(&version, source, stuck))
    }

    async fn plan_within_budget(
        self: &Arc<Self>,
        user: &UserRepository,
        due: Due,
    ) -> Result<FocusVersion, RepositoryError> {
        let by_rules = |material: &PlanningMaterial, source| {
            let plan = (fallback::plan(material), Vec::new());
            new_focus(plan, newest_position(material), source)
        };
        let session_id = due.material.session.id;
        let Some(model) = &self.model else {
            let new = by_rules(&due.material, FocusSource::Planned);
            return user.store_focus(session_id, new).await;
        };
        let due = Arc::new(due);
        let flight = self.flights.instead(session_id);
        // An open breaker leaves the plan to the look behind the answer.
        if !self.breaker.is_open() {
            // A turn that is stopped needs no plan.
            let unless_dropped = flight.called_off().clone().drop_guard();
            let errand = Arc::clone(flight.errand());
            let task = self.plan_in_background(flight, user.clone(), Arc::clone(&due));
            let in_time = timeout(self.budget, task).await;
            // What comes after the budget is for the next message.
            unless_dropped.disarm();
            if let Ok(Ok(Some(version))) = in_time {
                return Ok(version);
            }
            errand.leave_alone();
            model.places.look_again();
        }
        let new = by_rules(&due.material, FocusSource::Fallback);
        user.store_focus(session_id, new).await
    }

    /// Asks the model and stores its plan; `None` when there is no good one, or when it was called off.
    fn plan_in_background(
        self: &Arc<Self>,
        flight: Flight<Turn>,
        user: UserRepository,
        due: Arc<Due>,
    ) -> JoinHandle<Option<FocusVersion>> {
        let planner = Arc::clone(self);
        self.main
            .spawn(async move { planner.plan(&user, &due, &flight).await })
    }

    pub(super) async fn plan(
        &self,
        user: &UserRepository,
        due: &Due,
        flight: &Flight<Turn>,
    ) -> Option<FocusVersion> {
        let Due { material, reason, .. } = due;
        let session_id = material.session.id;
        let ended = |outcome| self.metrics.plan(reason.word(), outcome);
        let asked = self.ask(user, due, flight).await;
        let Some((answer, in_time)) = asked else {
            ended(if flight.called_off().is_cancelled() {
                "called-off"
            } else {
                "unanswered"
            });
            return None;
        };
        let planned = draft::read(&answer, |label| prompt::message_of(material, label))
            .inspect_err(|flaw| {
                ended("refused");
                log::warn!("focus.refused session.id={session_id} flaw={flaw:?}");
            })
            .ok()?;
        ended(if in_time { "planned" } else { "late" });
        let new = new_focus(planned, newest_position(material), FocusSource::Planned);
        let stored = user.store_focus(session_id, new).await;
        stored
            .inspect_err(|error| log::warn!("focus.not_stored session.id={session_id} error={error}"))
            .ok()
    }

    /// The model's answer, and whether it came within the budget, of which the breaker is told.
    async fn ask(
        &self,
        user: &UserRepository,
        Due {
            material, purpose, ..
        }: &Due,
        flight: &Flight<Turn>,
    ) -> Option<(String, bool)> {
        let model = self.model.as_ref()?;
        let asking = Asking {
            user,
            purpose: *purpose,
            errand: flight.errand(),
        };
        // Who waits for a place has not been asked: the breaker hears of what comes after that.
        let place = model.place(&asking).await?;
        let answer = model.ask(prompt::request(material, model.model.clone()), asking, place);
        let mut answer = std::pin::pin!(answer);
        match timeout(self.budget, &mut answer).await {
            Ok(Some(answer)) => {
                self.breaker.in_time();
                Some((answer, true))
            }
            // Who calls a plan off says nothing of the planner.
            Ok(None) if flight.called_off().is_cancelled() => None,
            Ok(None) => {
                self.breaker.missed();
                None
            }
            Err(_elapsed) => {
                self.breaker.missed();
                Some((answer.await?, false))
            }
        }
    }
}

pub(super) fn new_focus((plan, lessons): Planned, position: i64, source: FocusSource) -> NewFocus {
    NewFocus {
        position,
        source,
        planned_at: position,
        plan: plan.to_json(),
        lessons,
    }
}

pub(super) fn newest_position(material: &PlanningMaterial) -> i64 {
    material.messages.first().map_or(0, |message| message.position)
}
