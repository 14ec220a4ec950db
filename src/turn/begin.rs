//! How turns begin: a message, a further reply to one, or the rest of a cut reply is stored, and a task drives it.

use std::sync::Arc;
use std::time::Duration;

use super::calls::CallsBefore;
use super::live::{Interruption, LiveTurn};
use super::log::{Resumption, TurnLog};
use super::run::{self, Beginning};
use super::{MOST_LIVE, Started, TurnError, Turns};
use crate::limits::Seat;
use crate::repository::{Begun, BegunTurn, NewTurn, RepositoryError, Turn, UserRepository};

/// Longest wait for those who wait, in their turn, for turns that are being stored: as long as for the writer.
const BEGIN_PATIENCE: Duration = Duration::from_secs(5);

impl Turns {
    /// Stores what is to be answered and starts answering it. Goes on when the caller does not wait for it.
    ///
    /// # Errors
    /// `Draining`, `Overloaded`; of the repository `NotFound`, `TurnRunning`, `QueueFull`, `KeyReused`,
    /// `NotContinuable`, `NotStored`, `MaybeStored`.
    pub async fn start(self: &Arc<Self>, user: UserRepository, new: NewTurn) -> Result<Started, TurnError> {
        self.admit()?;
        // Whoever deletes the session, or ends the server, waits until the turn can be found.
        let entering = Arc::clone(&self.beginning).read_owned();
        let entering = tokio::time::timeout(BEGIN_PATIENCE, entering).await;
        let beginning = entering.map_err(|_elapsed| RepositoryError::NotStored)?;
        self.admit()?;
        let turns = Arc::clone(self);
        // Only what really begins needs a seat: a request that joins a turn has none to take.
        let seat = self.seats.take(user.owner());
        let allowance = self.allowance(&new, seat.is_some());
        let (begun, late) = user.begin_turn(new, allowance).split();
        // A caller that goes away, or is answered while it may yet be stored, must not leave a turn that is stored and
        // never driven.
        let task = self.main.spawn(async move {
            let _beginning = beginning;
            match begun.await? {
                Begun::New(begun) => Ok(turns.launch((user, seat), *begun)),
                Begun::Joined(turn_id) => {
                    let (turn, _) = user.turn(turn_id).await?;
                    Ok(Started {
                        turn_id,
                        session_id: turn.session_id,
                        joined: true,
                    })
                }
            }
        });
        tokio::select! {
            biased;
            started = task => started.unwrap_or_else(|error| {
                log::error!("turn.not_started error={error:?}");
                Err(RepositoryError::MaybeStored.into())
            }),
            () = late => Err(RepositoryError::MaybeStored.into()),
        }
    }

    fn admit(&self) -> Result<(), TurnError> {
        if self.is_draining() {
            return Err(TurnError::Draining);
        }
        if self.lock().all.len() >= MOST_LIVE {
            return Err(TurnError::Overloaded);
        }
        Ok(())
    }

    fn launch(self: &Arc<Self>, (user, seat): (UserRepository, Option<Seat>), begun: BegunTurn) -> Started {
        let BegunTurn {
            turn,
            kept,
            predecessors,
            stop_predecessors,
        } = begun;
        let attempt = turn.attempt;
        let started = Started {
            turn_id: turn.id,
            session_id: turn.session_id,
            joined: false,
        };
        let live = self.enter(turn, (user, seat), Resumption::default());
        run::begin_log(&live, &kept);
        self.spawn(
            live,
            Beginning {
                kept,
                attempt,
                before: CallsBefore::default(),
                predecessors,
                stop_predecessors,
                focus_told: false,
            },
        );
        started
    }

    /// From now on others find the turn.
    pub(super) fn enter(
        &self,
        turn: Turn,
        (user, seat): (UserRepository, Option<Seat>),
        from: Resumption,
    ) -> Arc<LiveTurn> {
        let writer = self.repository.writer().clone();
        let log = TurnLog::new(turn.id, writer, Arc::clone(&self.merging), from);
        let live = LiveTurn::new(turn, (user.patient(), seat), log);
        let mut entered = self.lock();
        entered.all.insert(live.turn.id, Arc::clone(&live));
        if entered.abandoned {
            live.interrupt(Interruption::Abandon);
        }
        drop(entered);
        self.metrics.turn_started();
        live
    }

    pub(super) fn spawn(self: &Arc<Self>, live: Arc<LiveTurn>, beginning: Beginning) {
        self.tasks
            .spawn_on(Arc::clone(self).run(live, Box::new(beginning)), &self.main);
    }
}
