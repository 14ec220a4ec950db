//! How turns begin: a message, a further reply to one, or the rest of a cut reply is stored, and a task drives it.

use std::sync::Arc;

use super::live::LiveTurn;
use super::log::{Stored, TurnLog};
use super::run::{self, Beginning};
use super::{MOST_LIVE, Started, TurnError, Turns};
use crate::ids::{MessageId, SessionId, TurnId};
use crate::model::BusyPolicy;
use crate::repository::{Begun, BegunTurn, NewTurn, RepositoryError, Turn, UserRepository};

impl Turns {
    /// Stores a learner's message and starts answering it. Goes on when the caller does not wait for it.
    ///
    /// # Errors
    /// `Draining`, `Overloaded`; of the repository `NotFound`, `TurnRunning`, `QueueFull`, `KeyReused`, `Unavailable`.
    pub async fn start(self: &Arc<Self>, user: UserRepository, new: NewTurn) -> Result<Started, TurnError> {
        self.admit()?;
        let turns = Arc::clone(self);
        self.detached(async move {
            let stop_predecessors = new.on_busy == BusyPolicy::Interrupt;
            match user.begin_turn(new).await? {
                Begun::New(begun) => Ok(turns.launch(user, *begun, stop_predecessors)),
                Begun::Joined(turn_id) => {
                    let (turn, _) = user.turn(turn_id).await?;
                    Ok(Started {
                        turn_id,
                        session_id: turn.session_id,
                        joined: true,
                    })
                }
            }
        })
        .await
    }

    /// Starts a further reply to a message.
    ///
    /// # Errors
    /// As [`Self::start`], and `NotContinuable`.
    pub async fn regenerate(
        self: &Arc<Self>,
        user: UserRepository,
        message: (SessionId, MessageId),
    ) -> Result<Started, TurnError> {
        self.admit()?;
        let turns = Arc::clone(self);
        self.detached(async move {
            let begun = user.begin_regeneration(message, turns.answering()).await?;
            Ok(turns.launch(user, begun, false))
        })
        .await
    }

    /// Starts a turn that goes on with a cut reply.
    ///
    /// # Errors
    /// As [`Self::start`], and `NotContinuable`.
    pub async fn continue_reply(
        self: &Arc<Self>,
        user: UserRepository,
        turn_id: TurnId,
    ) -> Result<Started, TurnError> {
        self.admit()?;
        let turns = Arc::clone(self);
        self.detached(async move {
            let begun = user.begin_continuation(turn_id, turns.answering()).await?;
            Ok(turns.launch(user, begun, false))
        })
        .await
    }

    fn admit(&self) -> Result<(), TurnError> {
        if self.is_draining() {
            return Err(TurnError::Draining);
        }
        if self.lock().len() >= MOST_LIVE {
            return Err(TurnError::Overloaded);
        }
        Ok(())
    }

    /// Runs `work` to its end on the main runtime, whether or not the caller waits for it.
    async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, TurnError>> + Send + 'static,
    ) -> Result<T, TurnError> {
        let task = self.main.spawn(work);
        task.await.unwrap_or_else(|error| {
            log::error!("turn.not_started error={error:?}");
            Err(RepositoryError::Unavailable.into())
        })
    }

    fn launch(self: &Arc<Self>, user: UserRepository, begun: BegunTurn, stop_predecessors: bool) -> Started {
        let BegunTurn {
            turn,
            kept,
            predecessors,
        } = begun;
        let started = Started {
            turn_id: turn.id,
            session_id: turn.session_id,
            joined: false,
        };
        let live = self.enter(turn, user, Stored::default());
        run::begin_log(&live, &kept);
        self.spawn(
            live,
            Beginning {
                kept,
                predecessors,
                stop_predecessors,
            },
        );
        started
    }

    pub(super) fn enter(&self, turn: Turn, user: UserRepository, stored: Stored) -> Arc<LiveTurn> {
        let writer = self.repository.writer().clone();
        let log = TurnLog::new(turn.id, writer, Arc::clone(&self.merging), stored);
        let live = LiveTurn::new(turn, user, log);
        self.lock().insert(live.turn.id, Arc::clone(&live));
        self.metrics.turn_started();
        live
    }

    pub(super) fn spawn(self: &Arc<Self>, live: Arc<LiveTurn>, beginning: Beginning) {
        self.tasks
            .spawn_on(Arc::clone(self).run(live, beginning), &self.main);
    }
}
