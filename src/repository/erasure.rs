//! What was deleted leaves the files: pages are overwritten as rows go (`secure_delete`), batches that hold the frames of
//! several turns go at once, and the write-ahead log is emptied. Asked for by whoever deletes, done by the writer
//! between two groups, soon after.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is asked for and what is done.
#[derive(Debug, Default)]
pub(super) struct Erasure {
    wanted: AtomicU64,
    done: AtomicU64,
}

impl Erasure {
    /// Something was deleted, and is committed.
    pub(super) fn want(&self) {
        self.wanted.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted() != self.done.load(Ordering::SeqCst)
    }

    /// What an erasure that begins now covers.
    pub(super) fn wanted(&self) -> u64 {
        self.wanted.load(Ordering::SeqCst)
    }

    /// Everything that was asked for up to `covered` is gone.
    pub(super) fn complete(&self, covered: u64) {
        self.done.fetch_max(covered, Ordering::SeqCst);
        log::info!("storage.erased");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_during_an_erasure_takes_another_one() {
        let erasure = Erasure::default();
        assert!(!erasure.is_wanted());
        erasure.want();
        let covered = erasure.wanted();
        erasure.want();
        erasure.complete(covered);
        assert!(erasure.is_wanted());
        erasure.complete(erasure.wanted());
        assert!(!erasure.is_wanted());
    }
}
