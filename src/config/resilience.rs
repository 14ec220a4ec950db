//! When a provider that fails is asked again, and when it is left alone.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

/// When and how often a provider is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrySettings {
    /// Most calls to one provider before the next one is asked.
    pub tries: u32,
    /// The longest first wait; it doubles with each further one.
    pub base: Duration,
    /// No wait of our own choice is longer.
    pub cap: Duration,
    /// No wait ends later than so long after the first call.
    pub patience: Duration,
    /// Most retries for a hundred calls, all turns together.
    pub percent: u32,
    /// So many retries in a minute are allowed in any case.
    pub floor: u32,
    /// Most attempts that go on after text was shown.
    pub further_attempts: u32,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            tries: 5,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            patience: Duration::from_secs(120),
            percent: 10,
            floor: 20,
            further_attempts: 2,
        }
    }
}

/// When a provider is left alone, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// So many failures in a row open the breaker.
    pub failures: u32,
    /// How long it stays open before a probe.
    pub open_for: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 10,
            open_for: Duration::from_secs(15),
        }
    }
}

/// The table `[retry]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryTable {
    tries: Option<NonZeroU32>,
    base_ms: Option<u64>,
    cap_ms: Option<u64>,
    patience_seconds: Option<u64>,
    percent: Option<u32>,
    floor: Option<u32>,
    further_attempts: Option<u32>,
}

impl From<RetryTable> for RetrySettings {
    fn from(table: RetryTable) -> Self {
        let default = Self::default();
        Self {
            tries: table.tries.map_or(default.tries, NonZeroU32::get),
            base: table.base_ms.map_or(default.base, Duration::from_millis),
            cap: table.cap_ms.map_or(default.cap, Duration::from_millis),
            patience: table
                .patience_seconds
                .map_or(default.patience, Duration::from_secs),
            percent: table.percent.unwrap_or(default.percent),
            floor: table.floor.unwrap_or(default.floor),
            further_attempts: table.further_attempts.unwrap_or(default.further_attempts),
        }
    }
}

/// The table `[breaker]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BreakerTable {
    failures: Option<NonZeroU32>,
    open_seconds: Option<u64>,
}

impl From<BreakerTable> for BreakerSettings {
    fn from(table: BreakerTable) -> Self {
        let default = Self::default();
        Self {
            failures: table.failures.map_or(default.failures, NonZeroU32::get),
            open_for: table.open_seconds.map_or(default.open_for, Duration::from_secs),
        }
    }
}
