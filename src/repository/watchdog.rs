//! The thread that looks after the writer: whether it gets on ([`Pulse`]), and whose patience has ended meanwhile.
//! Counts only time in which it runs itself, so that a process that stood still has not hung.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::call::Impatient;
use super::pulse::Pulse;
use crate::telemetry::Metrics;

const TICK: Duration = Duration::from_millis(250);
/// How long a caller waits for a write before it is told that the database does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the thread shares with the writer and its callers.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) pulse: Pulse,
    /// Milliseconds that the thread has counted.
    clock: AtomicU64,
    /// Callers and when their patience ends, in that order.
    callers: Mutex<VecDeque<(Duration, Weak<dyn Impatient>)>>,
}

/// Ends the thread when dropped, soon after.
pub(super) struct Watchdog(#[expect(dead_code, reason = "dropping it is the sign")] Sender<()>);

impl Watch {
    /// From now on this caller waits.
    pub(super) fn add(&self, caller: Weak<dyn Impatient>) {
        let ends = self.now() + PATIENCE + TICK;
        let mut callers = self.lock();
        // Those who have their answer went before it: jobs are done in order.
        while callers
            .front()
            .is_some_and(|(_, caller)| caller.strong_count() == 0)
        {
            callers.pop_front();
        }
        callers.push_back((ends, caller));
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.clock.load(Ordering::Relaxed))
    }

    /// So much time has passed.
    fn advance(&self, step: Duration) -> Duration {
        let step = u64::try_from(step.as_millis()).unwrap_or(0);
        self.clock.fetch_add(step, Ordering::Relaxed);
        self.now()
    }

    fn give_up(&self, now: Duration) {
        loop {
            let mut callers = self.lock();
            let Some((_, caller)) = callers.pop_front_if(|(ends, _)| *ends <= now) else {
                return;
            };
            drop(callers);
            if let Some(caller) = caller.upgrade() {
                caller.give_up();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Duration, Weak<dyn Impatient>)>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watchdog {
    pub(super) fn start(watch: Arc<Watch>, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        std::thread::Builder::new()
            .name("watchdog".into())
            .spawn(move || run(&watch, &metrics, &stopped))?;
        Ok(Self(stop))
    }
}

fn run(watch: &Watch, metrics: &Metrics, stopped: &Receiver<()>) {
    let mut last = Instant::now();
    let mut at = Current::default();
    while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        // A step that is longer than that was no time of this process.
        let step = last.elapsed().min(2 * TICK);
        last = Instant::now();
        let now = watch.advance(step);
        let length = at.look(watch.pulse.at(), now);
        if let Some(at) = at.at {
            watch.pulse.judge(at, length);
        }
        watch.give_up(now);
        metrics.storage(watch.pulse.current().level(), length);
    }
}

/// What the writer is at, and since when.
#[derive(Default)]
struct Current {
    at: Option<u64>,
    since: Duration,
}

impl Current {
    /// For how long it has been at this.
    fn look(&mut self, at: Option<u64>, now: Duration) -> Duration {
        if at != self.at || at.is_none() {
            (self.at, self.since) = (at, now);
        }
        now.saturating_sub(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::RepositoryError;
    use crate::repository::call::{Call, Patience};

    #[test]
    fn time_counts_from_the_moment_at_which_one_thing_was_seen_first() {
        let mut current = Current::default();
        let mut look = |at, seconds| current.look(at, Duration::from_secs(seconds));
        assert_eq!(look(Some(1), 4), Duration::ZERO);
        assert_eq!(look(Some(1), 7), Duration::from_secs(3));
        assert_eq!(look(Some(3), 9), Duration::ZERO);
        assert_eq!(look(None, 20), Duration::ZERO);
        assert_eq!(look(None, 30), Duration::ZERO);
    }

    #[test]
    fn who_has_waited_long_enough_is_answered_and_nobody_else() {
        let watch = Watch::default();
        let wait = || {
            let (call, answer) = Call::<()>::new(Patience::Answer);
            let caller: Weak<dyn Impatient> = Arc::downgrade(&call) as _;
            watch.add(caller);
            (call, answer)
        };
        let (gone, _) = wait();
        drop(gone);
        let (_first, mut of_first) = wait();
        assert_eq!(watch.lock().len(), 1, "who has gone is forgotten");
        watch.advance(PATIENCE);
        let (_second, mut of_second) = wait();
        watch.give_up(watch.now());
        assert!(of_first.result.try_recv().is_err(), "not yet");
        watch.give_up(watch.advance(TICK));
        assert!(matches!(
            of_first.result.try_recv(),
            Ok(Err(RepositoryError::NotStored))
        ));
        assert!(of_second.result.try_recv().is_err());
    }
}
