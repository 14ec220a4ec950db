//! How long text waits so that deltas of one turn become one event and one write: not at all while the service has
//! little to do, and up to the window that the settings allow when it has much.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Up to so many deltas per second nothing waits.
const LIGHT: u64 = 1_000;
/// From so many deltas per second on text waits for the whole window.
const BUSY: u64 = 5_000;
/// How often the rate is looked at.
const TICK: Duration = Duration::from_millis(100);
/// Text that waits is stored at one of these moments, so that logs are stored together.
const BEAT: Duration = Duration::from_millis(5);

/// Shared by all logs of a process.
#[derive(Debug)]
pub struct Merging {
    window: Duration,
    started: Instant,
    deltas: AtomicU64,
    /// Start of the current tick, nanoseconds after `started`.
    tick: AtomicU64,
    /// What is waited now, in nanoseconds.
    wait: AtomicU64,
}

impl Merging {
    /// Text waits no longer than `window`; zero: never.
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self {
            window,
            started: Instant::now(),
            deltas: AtomicU64::new(0),
            tick: AtomicU64::new(0),
            wait: AtomicU64::new(0),
        }
    }

    pub(super) fn count_delta(&self) {
        self.deltas.fetch_add(1, Ordering::Relaxed);
    }

    /// When text that has come now is to be stored. `None`: at once.
    pub(super) fn store_at(&self, now: Instant) -> Option<Instant> {
        let since = nanoseconds(now.saturating_duration_since(self.started));
        let begun = self.tick.load(Ordering::Relaxed);
        let length = since.saturating_sub(begun);
        let ticked = length >= nanoseconds(TICK)
            && self
                .tick
                .compare_exchange(begun, since, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if ticked {
            let rate = self
                .deltas
                .swap(0, Ordering::Relaxed)
                .saturating_mul(1_000_000_000)
                / length;
            self.wait.store(self.wait_at(rate), Ordering::Relaxed);
        }
        let wait = self.wait.load(Ordering::Relaxed);
        let beat = nanoseconds(BEAT);
        let due = (since + wait) / beat * beat;
        (due > since).then(|| self.started + Duration::from_nanos(due))
    }

    /// Grows with the rate, from nothing at `LIGHT` to the whole window at `BUSY`.
    fn wait_at(&self, rate: u64) -> u64 {
        let share = rate.saturating_sub(LIGHT).min(BUSY - LIGHT);
        nanoseconds(self.window) * share / (BUSY - LIGHT)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deltas that come evenly for two ticks; answers when the last one is to be stored.
    fn after(rate: u32, window: Duration) -> (Instant, Option<Instant>) {
        let merging = Merging::new(window);
        let step = Duration::from_secs(1) / rate;
        let mut now = merging.started;
        for _ in 0..=rate / 5 {
            now += step;
            merging.count_delta();
            merging.store_at(now);
        }
        (now, merging.store_at(now))
    }

    #[test]
    fn nothing_waits_at_low_load() {
        assert_eq!(after(500, Duration::from_millis(25)).1, None);
    }

    #[test]
    fn text_waits_for_the_window_at_high_load_and_never_longer() {
        let (now, due) = after(20_000, Duration::from_millis(25));
        let wait = due.map(|due| due - now);
        assert!(
            wait > Some(Duration::from_millis(19)) && wait <= Some(Duration::from_millis(25)),
            "{wait:?}"
        );
    }

    #[test]
    fn a_window_of_zero_turns_merging_off() {
        assert_eq!(after(20_000, Duration::ZERO).1, None);
    }
}
