//! What a session works on: the plan, and when it is made. Planning never fails a turn and never holds it up for longer
//! than the budget: when no model plans in time, local rules do.

mod breaker;
mod decision;
mod draft;
#[cfg(test)]
mod evaluation;
#[cfg(test)]
pub(in crate::agent) mod examples;
mod fallback;
mod flights;
mod phrases;
mod plan;
mod planner;
mod prompt;
mod review;
mod signals;

use schemars::JsonSchema;
use serde::Serialize;

pub use decision::REASONS;
pub use plan::SessionFocus;
pub use planner::Planner;

use crate::model::FocusSource;
use crate::repository::FocusVersion;

/// What a turn works on, as it is told to the learner's client and to the model.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TurnFocus {
    /// Counts the plans of the session, from 1.
    pub version: i64,
    /// The plan.
    #[serde(flatten)]
    pub plan: SessionFocus,
    /// Where it comes from.
    pub source: FocusSource,
    /// Whether the learner seems to be stuck with the message that is answered.
    #[serde(skip)]
    pub stuck: bool,
}

impl TurnFocus {
    /// `None` when the stored plan cannot be read.
    pub(crate) fn of(version: &FocusVersion, source: FocusSource, stuck: bool) -> Option<Self> {
        Some(Self {
            version: version.version,
            plan: SessionFocus::read(&version.plan)?,
            source,
            stuck,
        })
    }
}
