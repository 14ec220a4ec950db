//! Whether the writer gets on: it says when it begins something and when it is through, and a thread of its own looks
//! whether it stays at one thing for too long. So a disk that hangs is noticed as one that fails is, although the
//! writer itself can say nothing while it waits for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::health::StorageHealth;
use super::store_error::StoreError;

/// After so long without an end of what the writer is at, the operator is told.
const STALLED_AFTER: Duration = Duration::from_secs(5);
/// After so long readers are told, and writes are refused.
const DEGRADED_AFTER: Duration = Duration::from_secs(10);
/// After so long turns fail.
pub(super) const UNAVAILABLE_AFTER: Duration = Duration::from_secs(30);

pub(super) struct Pulse {
    /// Another number for each thing that the writer is at; odd while it is at something.
    at: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
    health: watch::Sender<StorageHealth>,
}

/// What the operator was told, and has to be told the end of.
struct Trouble {
    since: Instant,
    /// Whether the error was told, too.
    has_error: bool,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            at: AtomicU64::new(0),
            trouble: Mutex::default(),
            health: watch::Sender::new(StorageHealth::Ok),
        }
    }
}

impl Pulse {
    /// Commits succeed, or not, as it changes. Never closed while this lives.
    pub(super) fn health(&self) -> watch::Receiver<StorageHealth> {
        self.health.subscribe()
    }

    pub(super) fn current(&self) -> StorageHealth {
        *self.health.borrow()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.current() == StorageHealth::Lost
    }

    /// The writer begins something.
    pub(super) fn begin(&self) {
        self.at.fetch_or(1, Ordering::SeqCst);
    }

    /// It has stored something, and is at the next thing.
    pub(super) fn beat(&self) {
        self.at.fetch_add(2, Ordering::SeqCst);
        if let Some(trouble) = self.lock().take() {
            let duration = trouble.since.elapsed().as_millis();
            log::info!("storage.recovered duration_ms={duration}");
        }
        if self.current() != StorageHealth::Ok {
            self.set_health(StorageHealth::Ok, || true);
        }
    }

    /// It is through with everything.
    pub(super) fn rest(&self) {
        self.beat();
        self.at.fetch_and(!1, Ordering::SeqCst);
    }

    /// It has ended, and says nothing of what it was at.
    pub(super) fn end(&self) {
        self.at.fetch_and(!1, Ordering::SeqCst);
    }

    /// It could not store something, and will try again.
    pub(super) fn failed(&self, error: &StoreError) {
        let mut trouble = self.lock();
        if trouble.as_ref().is_some_and(|trouble| trouble.has_error) {
            return;
        }
        log::warn!("storage.failing error={error:?}");
        let since = trouble.take().map(|trouble| trouble.since);
        *trouble = Some(Trouble {
            since: since.unwrap_or_else(Instant::now),
            has_error: true,
        });
    }

    /// Only a restart can tell what is stored.
    pub(super) fn lose(&self) {
        self.set_health(StorageHealth::Lost, || true);
    }

    /// What the writer is at; `None` when it rests.
    pub(super) fn at(&self) -> Option<u64> {
        Some(self.at.load(Ordering::SeqCst)).filter(|at| at % 2 == 1)
    }

    /// The writer has been at this for so long.
    pub(super) fn judge(&self, at: u64, length: Duration) {
        // Asked again whenever something is to be said: it may have come to its end just now.
        let still = || self.at() == Some(at);
        if length >= STALLED_AFTER {
            let mut trouble = self.lock();
            if trouble.is_none() && still() {
                log::warn!("storage.stalled for_ms={}", length.as_millis());
                *trouble = Some(Trouble {
                    since: Instant::now().checked_sub(length).unwrap_or_else(Instant::now),
                    has_error: false,
                });
            }
        }
        if length >= UNAVAILABLE_AFTER {
            self.set_health(StorageHealth::Unavailable, still);
        } else if length >= DEGRADED_AFTER {
            self.set_health(StorageHealth::Degraded, still);
        }
    }

    fn set_health(&self, health: StorageHealth, still: impl FnOnce() -> bool) {
        self.health.send_if_modified(|current| {
            let changes = *current != health && *current != StorageHealth::Lost && still();
            if changes {
                *current = health;
            }
            changes
        });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_falls_while_the_writer_stays_at_one_thing_and_comes_back_with_its_end() {
        let pulse = Pulse::default();
        assert_eq!(pulse.at(), None);
        pulse.begin();
        let at = pulse.at().unwrap();
        for (seconds, health) in [
            (9, StorageHealth::Ok),
            (10, StorageHealth::Degraded),
            (29, StorageHealth::Degraded),
            (30, StorageHealth::Unavailable),
        ] {
            pulse.judge(at, Duration::from_secs(seconds));
            assert_eq!(pulse.current(), health, "after {seconds} s");
        }
        pulse.beat();
        assert_eq!(pulse.current(), StorageHealth::Ok);
        assert_ne!(pulse.at(), Some(at), "it is at another thing");
        assert!(pulse.at().is_some());
        pulse.judge(at, UNAVAILABLE_AFTER);
        assert_eq!(pulse.current(), StorageHealth::Ok, "that has come to its end");
        pulse.rest();
        assert_eq!(pulse.at(), None);
    }

    #[test]
    fn what_is_lost_stays_lost() {
        let pulse = Pulse::default();
        pulse.begin();
        pulse.lose();
        pulse.judge(pulse.at().unwrap(), UNAVAILABLE_AFTER);
        pulse.rest();
        assert!(pulse.is_lost());
    }

    #[test]
    fn trouble_is_told_once_and_its_end_too() {
        let pulse = Pulse::default();
        pulse.begin();
        let at = pulse.at().unwrap();
        pulse.judge(at, STALLED_AFTER);
        let since = pulse.lock().as_ref().map(|trouble| trouble.since).unwrap();
        pulse.judge(at, DEGRADED_AFTER);
        assert_eq!(pulse.lock().as_ref().map(|trouble| trouble.since), Some(since));
        pulse.beat();
        assert!(pulse.lock().is_none());
    }
}
