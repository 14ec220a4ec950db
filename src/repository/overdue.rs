//! Reads that were given up because the disk hangs, until they come back: how many there are, and one line in the log
//! when reading fails first and when it works again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use bb8::RunError;

use crate::telemetry::Metrics;

const RUNNING: u8 = 0;
const GIVEN_UP: u8 = 1;
const BACK: u8 = 2;

pub(super) struct OverdueReads {
    count: AtomicUsize,
    told: AtomicBool,
    metrics: Arc<Metrics>,
}

/// One read.
pub(super) struct Read {
    state: AtomicU8,
    all: Arc<OverdueReads>,
}

impl OverdueReads {
    pub(super) fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            count: AtomicUsize::new(0),
            told: AtomicBool::new(false),
            metrics,
        })
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    pub(super) fn read(self: &Arc<Self>) -> Read {
        Read {
            state: AtomicU8::new(RUNNING),
            all: Arc::clone(self),
        }
    }
}

impl Read {
    /// Nobody waits for it any more.
    pub(super) fn give_up(&self) {
        let gives_up = self
            .state
            .compare_exchange(RUNNING, GIVEN_UP, Ordering::SeqCst, Ordering::SeqCst);
        if gives_up.is_err() {
            return;
        }
        self.all
            .metrics
            .reads_overdue(self.all.count.fetch_add(1, Ordering::SeqCst) + 1);
        if !self.all.told.swap(true, Ordering::SeqCst) {
            log::warn!("storage.reads_stalled");
        }
    }

    /// It did not begin.
    pub(super) fn no_connection(&self, error: &RunError<impl std::fmt::Debug>) {
        self.leave();
        if !self.all.told.swap(true, Ordering::SeqCst) {
            log::warn!("storage.no_connection error={error:?}");
        }
    }

    /// The database has answered.
    pub(super) fn came_back(&self) {
        self.leave();
        if self.all.told.load(Ordering::Relaxed)
            && self.all.count() == 0
            && self.all.told.swap(false, Ordering::SeqCst)
        {
            log::info!("storage.reads_recovered");
        }
    }

    fn leave(&self) {
        if self.state.swap(BACK, Ordering::SeqCst) == GIVEN_UP {
            self.all
                .metrics
                .reads_overdue(self.all.count.fetch_sub(1, Ordering::SeqCst) - 1);
        }
    }
}

/// A query that failed or panicked has come back as well.
impl Drop for Read {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_is_overdue_from_when_it_was_given_up_until_it_comes_back() {
        let all = OverdueReads::new(Arc::default());
        let (slow, quick, lost) = (all.read(), all.read(), all.read());
        quick.came_back();
        quick.give_up();
        assert_eq!(all.count(), 0, "it was back before");
        slow.give_up();
        lost.give_up();
        assert_eq!(all.count(), 2);
        drop(lost);
        assert_eq!(all.count(), 1);
        assert!(all.told.load(Ordering::SeqCst));
        slow.came_back();
        assert_eq!(all.count(), 0);
        assert!(!all.told.load(Ordering::SeqCst), "the end was told");
    }
}
