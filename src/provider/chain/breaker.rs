//! Keeps calls away from a provider that fails again and again: closed (calls pass), open (none do), half open (one
//! call, the probe, finds out).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::BreakerSettings;

/// What a breaker lets through; for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything.
    Closed,
    /// One probe.
    HalfOpen,
    /// Nothing.
    Open,
}

impl BreakerState {
    /// How much it keeps away: 0 nothing, 1 all but a probe, 2 everything.
    #[must_use]
    pub fn level(self) -> i64 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

/// How soon after a refusal to ask again while a probe is under way.
const PROBE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Breaker {
    settings: BreakerSettings,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// A probe is under way; if nothing is heard of it until then, another may try.
    Probing {
        until: Instant,
    },
}

impl Breaker {
    pub(super) fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            state: Mutex::new(State::Closed { failures: 0 }),
        }
    }

    /// Asks to let a call through.
    ///
    /// # Errors
    /// How long to wait before asking again.
    pub(super) fn admit(&self) -> Result<(), Duration> {
        let now = Instant::now();
        let mut state = self.lock();
        match *state {
            State::Closed { .. } => Ok(()),
            State::Open { until } if now < until => Err(until - now),
            State::Probing { until } if now < until => Err(PROBE.min(until - now)),
            State::Open { .. } | State::Probing { .. } => {
                *state = State::Probing {
                    until: now + self.settings.open_for,
                };
                Ok(())
            }
        }
    }

    /// The provider has answered.
    pub(super) fn succeeded(&self) {
        *self.lock() = State::Closed { failures: 0 };
    }

    /// The provider has failed.
    pub(super) fn failed(&self) {
        let mut state = self.lock();
        let open = State::Open {
            until: Instant::now() + self.settings.open_for,
        };
        *state = match *state {
            State::Closed { failures } if failures + 1 < self.settings.failures => State::Closed {
                failures: failures + 1,
            },
            State::Closed { .. } | State::Probing { .. } => open,
            // A call from before it opened tells nothing new.
            still_open @ State::Open { .. } => still_open,
        };
    }

    /// A call has ended without telling how the provider does: a probe's place is free again.
    pub(super) fn told_nothing(&self) {
        let mut state = self.lock();
        if let State::Probing { .. } = *state {
            *state = State::Open {
                until: Instant::now(),
            };
        }
    }

    pub(super) fn state(&self) -> BreakerState {
        match *self.lock() {
            State::Closed { .. } => BreakerState::Closed,
            State::Probing { .. } => BreakerState::HalfOpen,
            State::Open { until } if until <= Instant::now() => BreakerState::HalfOpen,
            State::Open { .. } => BreakerState::Open,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> Breaker {
        let breaker = Breaker::new(BreakerSettings::default());
        (0..10).for_each(|_| breaker.failed());
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_only() {
        let breaker = Breaker::new(BreakerSettings::default());
        (0..9).for_each(|_| breaker.failed());
        breaker.succeeded();
        (0..9).for_each(|_| breaker.failed());
        assert_eq!((breaker.admit(), breaker.state()), (Ok(()), BreakerState::Closed));
        breaker.failed();
        assert_eq!(breaker.admit(), Err(Duration::from_secs(15)));
        assert_eq!(breaker.state(), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_passes_a_half_open_breaker_and_its_success_closes_it() {
        let breaker = opened();
        tokio::time::advance(Duration::from_secs(15)).await;
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert_eq!(breaker.admit(), Ok(()));
        assert!(breaker.admit().is_err(), "there is one probe");
        breaker.succeeded();
        assert_eq!((breaker.admit(), breaker.state()), (Ok(()), BreakerState::Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_fails_opens_it_again() {
        let breaker = opened();
        tokio::time::advance(Duration::from_secs(15)).await;
        assert_eq!(breaker.admit(), Ok(()));
        breaker.failed();
        assert_eq!(breaker.admit(), Err(Duration::from_secs(15)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_stopped_leaves_its_place_to_another() {
        let breaker = opened();
        tokio::time::advance(Duration::from_secs(15)).await;
        assert_eq!(breaker.admit(), Ok(()));
        breaker.told_nothing();
        assert_eq!(breaker.admit(), Ok(()));
    }
}
