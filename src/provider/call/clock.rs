//! When the provider of a reply was last heard of, and how long it may be silent now.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Timeouts;
use crate::provider::TimeLimit;

/// How long the usage and `[DONE]` may come after the finish reason.
const GRACE: Duration = Duration::from_secs(2);
/// A timer that fires so much too late says that the process stood still.
const STANDSTILL: Duration = Duration::from_millis(500);

/// When what happened last.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) started: Instant,
    /// Since when this process waits for the first delta.
    waiting: Instant,
    pub(super) received: Instant,
    pub(super) alive: Instant,
    pub(super) progress: Instant,
    /// Since when nothing but the usage may still come.
    pub(super) firm: Option<Instant>,
}

impl Clock {
    pub(super) fn new(started: Instant) -> Self {
        Self {
            started,
            waiting: started,
            received: started,
            alive: started,
            progress: started,
            firm: None,
        }
    }

    /// When silence has lasted too long; `has_begun` once anything was written.
    pub(super) fn deadline(&self, limits: Timeouts, has_begun: bool) -> Instant {
        let silence = if let Some(firm) = self.firm {
            firm + GRACE.min(limits.idle)
        } else if has_begun {
            // Life without progress lasts no longer than the wait for the first delta.
            (self.alive + limits.idle).min(self.progress + limits.idle.max(limits.first_delta))
        } else {
            self.waiting + limits.first_delta
        };
        silence.min(self.started + limits.total)
    }

    /// Which limit the deadline is of.
    pub(super) fn limit(&self, limits: Timeouts, has_begun: bool) -> TimeLimit {
        if self.deadline(limits, has_begun) == self.started + limits.total {
            TimeLimit::Total
        } else if has_begun {
            TimeLimit::Idle
        } else {
            TimeLimit::FirstDelta
        }
    }

    /// What came while the process stood still was not read yet, and nobody was silent.
    pub(super) fn excuse_standstill(&mut self, due: Instant) {
        let now = Instant::now();
        if now > due + STANDSTILL {
            (self.waiting, self.alive, self.progress) = (now, now, now);
            self.firm = self.firm.map(|_| now);
        }
    }
}
