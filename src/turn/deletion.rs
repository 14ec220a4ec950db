//! How sessions and accounts are deleted: running turns are stopped, rows go, and what they leave in the files is
//! overwritten soon after. Goes on when the caller does not wait for it.

use std::sync::Arc;

use super::live::{Interruption, LiveTurn};
use super::{STOP_PATIENCE, TurnError, Turns};
use crate::ids::SessionId;
use crate::repository::{RepositoryError, SessionView, UserRepository};

/// So many sessions of an account are looked up at once.
const PAGE: i64 = 100;

impl Turns {
    /// Deletes a session with all that is in it.
    ///
    /// # Errors
    /// `NotFound`, `ReadOnly`, `Unavailable`, `NotStored`, `MaybeStored`.
    pub async fn delete_session(
        self: &Arc<Self>,
        user: UserRepository,
        id: SessionId,
    ) -> Result<(), TurnError> {
        let turns = Arc::clone(self);
        let task = self
            .main
            .spawn(async move { turns.remove_session(&user, id).await });
        ended(task.await)
    }

    /// Deletes all that is a user's. Session by session, so that nobody else waits for the writer; a deletion that was
    /// cut can be repeated.
    ///
    /// # Errors
    /// `Unavailable`, `NotStored`, `MaybeStored`.
    pub async fn delete_account(self: &Arc<Self>, user: UserRepository) -> Result<(), TurnError> {
        let turns = Arc::clone(self);
        let task = self.main.spawn(async move { turns.remove_account(&user).await });
        ended(task.await)
    }

    async fn remove_account(&self, user: &UserRepository) -> Result<(), TurnError> {
        let _leaving = user.leave();
        let removed = self.remove_all_of(user).await;
        self.repository.writer().erase();
        removed
    }

    async fn remove_all_of(&self, user: &UserRepository) -> Result<(), TurnError> {
        // A session that began before the account was marked takes another round.
        while !user.delete_account().await? {
            for session in user.reading().sessions(SessionView::Own, None, PAGE).await?.0 {
                match self.remove_session(user, session.id).await {
                    // Somebody else deletes it, too.
                    Ok(()) | Err(TurnError::Repository(RepositoryError::NotFound)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Until every turn that is stored by now can be found.
    async fn all_entered(&self) {
        if tokio::time::timeout(STOP_PATIENCE, self.beginning.write())
            .await
            .is_err()
        {
            log::warn!("turn.begins_for_long");
        }
    }

    async fn remove_session(&self, user: &UserRepository, id: SessionId) -> Result<(), TurnError> {
        for turn in user.streaming_turns(id).await? {
            self.stop(user, turn.id).await?;
        }
        let deleted = user.delete_session(id).await;
        // What may be deleted, or soon will be, is followed up as well.
        if !matches!(deleted, Ok(()) | Err(RepositoryError::MaybeStored)) {
            return Ok(deleted?);
        }
        self.all_entered().await;
        // One that has begun in between has no rows any more, and its frames go with the batches.
        let late: Vec<_> = self
            .lock()
            .all
            .values()
            .filter(|live| live.turn.session_id == id)
            .cloned()
            .collect();
        for live in late {
            end_at_once(&live).await;
            self.forget(&live);
        }
        self.repository.writer().erase();
        Ok(deleted?)
    }
}

async fn end_at_once(live: &LiveTurn) {
    live.interrupt(Interruption::Stop);
    if tokio::time::timeout(STOP_PATIENCE, live.done()).await.is_err() {
        log::warn!("turn.not_stopped turn.id={}", live.turn.id);
    }
}

fn ended(result: Result<Result<(), TurnError>, tokio::task::JoinError>) -> Result<(), TurnError> {
    result.unwrap_or_else(|error| {
        log::error!("turn.not_deleted error={error:?}");
        Err(RepositoryError::MaybeStored.into())
    })
}
