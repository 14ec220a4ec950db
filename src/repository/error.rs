//! What can go wrong with the database, without a word of HTTP.

use diesel::result::Error as DieselError;

use super::failure::Failure;
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
    /// All that is the user's is being deleted.
    #[error("the account is being deleted")]
    AccountLeaving,
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
    /// Others rely on what the tutor said in this session.
    #[error("the transcript is locked")]
    TranscriptLocked,
    /// The reply has come to its end.
    #[error("the reply is complete")]
    NotContinuable,
    /// The database does not answer. This says nothing of what is stored.
    #[error("the database is not available")]
    Unavailable,
    /// The database takes no writes now: of what was to be written nothing is stored, and nothing will be.
    #[error("the database is not available: this is not stored")]
    NotStored,
    /// The database has not answered in time: what was to be written may be stored, or will be.
    #[error("the database has not answered in time: this may be stored")]
    MaybeStored,
    /// The database refused a statement that should have worked.
    #[error("database error")]
    Database(#[from] DieselError),
}

impl RepositoryError {
    /// Whether the database itself is in trouble (locked, full, unreadable), rather than one statement.
    #[must_use]
    pub fn is_storage_failure(&self) -> bool {
        self.failure().is_of_database()
    }

    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::Database(error) => Failure::of(error),
            _ => Failure::Statement,
        }
    }
}
