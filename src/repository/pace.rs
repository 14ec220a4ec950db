//! How soon one group commit may follow another: at once while there is little to store, after the window that the
//! settings name when there is much, so that commits per second are bounded.

use std::time::{Duration, Instant};

/// From so many stored logs per second on the window is kept.
const BUSY: u32 = 2_000;
/// How often the rate is looked at.
const TICK: Duration = Duration::from_millis(100);

pub(super) struct Pace {
    window: Duration,
    last_commit: Instant,
    tick: Instant,
    logs: u32,
    busy: bool,
}

impl Pace {
    pub(super) fn new(window: Duration) -> Self {
        let now = Instant::now();
        Self {
            window,
            last_commit: now,
            tick: now,
            logs: 0,
            busy: false,
        }
    }

    /// Before this moment no group begins.
    pub(super) fn earliest(&self) -> Instant {
        if self.busy {
            self.last_commit + self.window
        } else {
            self.last_commit
        }
    }

    /// A group that began at `began` stored so many logs.
    pub(super) fn committed(&mut self, began: Instant, logs: usize) {
        self.last_commit = began;
        self.logs += u32::try_from(logs).unwrap_or(u32::MAX / 2);
        let length = began.duration_since(self.tick);
        if length >= TICK {
            self.busy = f64::from(self.logs) / length.as_secs_f64() >= f64::from(BUSY);
            (self.tick, self.logs) = (began, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_kept_only_under_load() {
        let window = Duration::from_millis(2);
        for (logs, waits) in [(1, Duration::ZERO), (100, window)] {
            let mut pace = Pace::new(window);
            let mut now = pace.last_commit;
            for _ in 0..30 {
                now += Duration::from_millis(10);
                pace.committed(now, logs);
            }
            assert_eq!(pace.earliest(), now + waits);
        }
    }
}
