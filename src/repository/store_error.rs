//! Where a group failed, and what that says of what is stored.

use super::error::RepositoryError;

/// Where a group failed.
#[derive(Debug)]
pub(super) enum StoreError {
    /// Before the commit: nothing is stored.
    Before(RepositoryError),
    /// In a job, before the commit: its place among them.
    InJob(usize, RepositoryError),
    /// In the commit: SQLite says that it is not stored.
    Commit(RepositoryError),
    /// Its batch is there: a commit that seemed to fail was stored.
    Present,
}

impl StoreError {
    /// Whether the group, or the one before it, may be stored although SQLite says that it is not.
    pub(super) fn may_be_stored(&self) -> bool {
        match self {
            Self::Commit(error) => !error.failure().is_before_commit_mark(),
            Self::Present => true,
            Self::Before(_) | Self::InJob(..) => false,
        }
    }

    /// Anything but a lock or a full disk may have spoilt the connection.
    pub(super) fn needs_new_connection(&self) -> bool {
        match self {
            Self::Before(error) | Self::InJob(_, error) | Self::Commit(error) => {
                !error.failure().spares_connection()
            }
            Self::Present => true,
        }
    }
}

impl<E: Into<RepositoryError>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Before(error.into())
    }
}
