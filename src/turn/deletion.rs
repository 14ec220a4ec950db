//! How sessions and accounts are deleted: running turns are stopped, rows go, and what they leave in the files is
//! overwritten soon after. Goes on when the caller does not wait for it.

use std::sync::Arc;
use std::time::Duration;

use super::live::{Interruption, LiveTurn};
use super::{STOP_PATIENCE, TurnError, Turns};
use crate::ids::SessionId;
use crate::repository::{RepositoryError, Scope, SessionView, UserRepository};

/// So often it is looked for accounts that the operator wants deleted.
const LOOK: Duration = Duration::from_secs(2);
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

    /// Begins what is done beside turns for as long as the server runs: the logs of turns that ended so long ago go, and so do
    /// accounts that the operator wants deleted. Call it once, on the main runtime.
    pub fn keep_up(self: &Arc<Self>, events_after: Option<Duration>) {
        if let Some(after) = events_after {
            self.main.spawn(Arc::clone(self).forget_old_logs(after));
        }
        self.main.spawn(Arc::clone(self).delete_for_operator());
    }

    async fn delete_for_operator(self: Arc<Self>) {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            // When it cannot be told, it is asked again.
            let users = self.repository.users_to_delete().await.unwrap_or_default();
            for name in users {
                let user = self.repository.for_user(Scope::of(&name));
                let deleted = async {
                    self.remove_account(&user).await?;
                    Ok::<_, TurnError>(self.repository.user_is_deleted(name).await?)
                };
                match deleted.await {
                    Ok(()) => log::info!("turn.account_deleted for=operator"),
                    Err(error) => log::warn!("turn.account_not_deleted for=operator error={error}"),
                }
            }
        }
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
