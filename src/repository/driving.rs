//! What is written of a turn while it is driven, and at its end.

use std::sync::Arc;

use super::Repository;
use super::attempts::{self, EndedCall};
use super::error::RepositoryError;
use super::job::Changed;
use super::source::CommitSource;
use super::turns::{self, Turn, TurnOutcome};
use crate::ids::TurnId;

impl Repository {
    /// Writes how a turn ended, with the rest of its log, once.
    ///
    /// # Errors
    /// `Database`; waits while the database is not available.
    pub async fn finalise(
        &self,
        log: Arc<dyn CommitSource>,
        (owner, turn): (&str, Turn),
        outcome: TurnOutcome,
    ) -> Result<bool, RepositoryError> {
        let owner = owner.to_owned();
        self.writer
            .end(log, move |connection| {
                let ended = turns::finalise(connection, &owner, &turn, &outcome)?;
                Ok(Changed::session(turn.session_id, ended))
            })
            .await
    }

    /// Puts a call that has ended on record, in one transaction with what the log tells of it. Nobody waits for it: it
    /// comes before whatever is written later.
    pub fn record_call(&self, log: Arc<dyn CommitSource>, owner: &str, call: EndedCall) {
        let owner = owner.to_owned();
        let record = move |connection: &mut _| attempts::record(connection, &owner, &call);
        self.writer.store_with(log, record);
    }

    /// Notes that a further call of a turn begins.
    ///
    /// # Errors
    /// `Database`; waits while the database is not available.
    pub async fn note_call(&self, id: TurnId, attempt: i32) -> Result<(), RepositoryError> {
        self.writer
            .run_at_last(move |connection| turns::note_call(connection, id, attempt))
            .await
    }

    /// Notes that a turn is taken up after a restart.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn mark_resumed(&self, id: TurnId) -> Result<(), RepositoryError> {
        self.writer
            .run(move |connection| turns::mark_resumed(connection, id))
            .await
    }
}
