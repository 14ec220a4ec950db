//! Whether the database takes writes, and answers reads.

use super::{Repository, RepositoryError, turn_events};

/// Whether commits succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StorageHealth {
    /// They do.
    Ok,
    /// None for 10 s: readers are told, writes are refused.
    Degraded,
    /// None for 30 s: turns fail with what was stored.
    Unavailable,
    /// The disk may have lost what was reported as written: only a restart can tell what is stored.
    Lost,
}

impl StorageHealth {
    /// For a metric.
    pub(super) fn level(self) -> i64 {
        match self {
            Self::Ok => 0,
            Self::Degraded => 1,
            Self::Unavailable => 2,
            Self::Lost => 3,
        }
    }
}

impl Repository {
    /// Whether a read works now.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn ping(&self) -> Result<(), RepositoryError> {
        self.pool
            .read(|connection| turn_events::last_batch(connection).map(drop))
            .await
    }
}
