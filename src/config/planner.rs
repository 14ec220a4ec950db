//! Who plans sessions, and how long an answer waits for its plan.

use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize;

use super::{ConfigError, ProviderSettings};

/// Whether sessions are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Planning {
    /// They are.
    On,
    /// There is no session focus.
    Off,
}

/// The table `[planner]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannerTable {
    enabled: Option<bool>,
    provider: Option<String>,
    model: Option<String>,
    budget_ms: Option<u64>,
    replan_after_turns: Option<usize>,
}

/// How sessions are planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannerConfig {
    /// Name of the provider that plans; `None`: the first one.
    pub provider: Option<String>,
    /// Another model than the provider's own.
    pub model: Option<String>,
    /// How long an answer waits for its plan.
    pub budget: Duration,
    /// After so many messages of the learner a plan is made anew.
    pub replan_after_turns: usize,
}

/// The variable wins over the table. `None`: nobody plans.
pub(super) fn settings(
    planning: Option<Planning>,
    table: Option<PlannerTable>,
    providers: &[ProviderSettings],
) -> Result<Option<PlannerConfig>, ConfigError> {
    let table = table.unwrap_or_default();
    let is_on = planning.map(|planning| planning == Planning::On);
    if !is_on.or(table.enabled).unwrap_or(true) {
        return Ok(None);
    }
    let is_unknown = |name: &&String| !providers.iter().any(|provider| provider.name == **name);
    if let Some(unknown) = table.provider.as_ref().filter(is_unknown) {
        return Err(ConfigError::Planner(unknown.clone()));
    }
    Ok(Some(PlannerConfig {
        provider: table.provider,
        model: table.model,
        budget: Duration::from_millis(table.budget_ms.unwrap_or(4_000)),
        replan_after_turns: table.replan_after_turns.unwrap_or(6).max(1),
    }))
}
