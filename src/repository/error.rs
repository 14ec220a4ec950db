//! What can go wrong with the database, without a word of HTTP.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::storage::StorageBound;
use crate::ids::TurnId;

/// Why a repository operation gave no result.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// No such thing, or not the caller's.
    #[error("not found")]
    NotFound,
    /// The caller may read it and not change it.
    #[error("read only")]
    ReadOnly,
    /// As many observe the session as may.
    #[error("too many observers")]
    TooManyObservers,
    /// The user has as many unused tickets as one may have.
    #[error("too many tickets")]
    TooManyTickets,
    /// The session has a running turn.
    #[error("turn {0} is running")]
    TurnRunning(TurnId),
    /// Too many turns wait for the running one.
    #[error("too many turns are waiting in this session")]
    QueueFull,
    /// As many turns of the user run as may.
    #[error("as many turns of this user are running as may")]
    TooManyTurns,
    /// The user has spent all tokens of this day.
    #[error("the tokens of this day are spent")]
    TokensSpent,
    /// What is left of this day's tokens is held for calls under way.
    #[error("the rest of this day's tokens is held for calls under way")]
    TokensHeld,
    /// The user would store more than may be.
    #[error("the user stores as much as may be: {0:?}")]
    StorageFull(StorageBound),
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The message is being written.
    #[error("the message is streaming")]
    MessageStreaming,
    /// The reply has come to its end.
    #[error("the reply is complete")]
    NotContinuable,
    /// The database did not answer in time, or cannot take writes now.
    #[error("the database is not available")]
    Unavailable,
    /// The database refused a statement that should have worked.
    #[error("database error")]
    Database(#[from] DieselError),
}

impl RepositoryError {
    /// Whether the database itself is in trouble (locked, full, unreadable), rather than one statement.
    #[must_use]
    pub fn is_storage_failure(&self) -> bool {
        matches!(self, Self::Database(error) if is_storage_failure(error))
    }
}

/// Diesel reports every SQLite result code that is not a constraint as `Unknown`: busy, full, I/O error, read-only, corrupt.
pub(super) fn is_storage_failure(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(
            DatabaseErrorKind::Unknown | DatabaseErrorKind::ClosedConnection,
            _
        ) | DieselError::BrokenTransactionManager
    )
}
