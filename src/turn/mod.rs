//! Turns: starts them, finds them, stops them, takes them up after a crash. The only place that drives:
//! user message → focus → provider → log → end. Knows nothing of HTTP.

mod end;
pub mod event;
mod live;
mod log;
mod merging;
mod resume;
mod run;
mod subscription;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

pub use log::{Stored, TurnLog};
pub use merging::Merging;
pub use subscription::{Next, Subscription};

use self::live::{Interruption, LiveTurn};
use self::run::Beginning;
use crate::agent::Agent;
use crate::ids::{MessageId, SessionId, TurnId};
use crate::model::{BusyPolicy, Status};
use crate::provider::Provider;
use crate::repository::{
    Answering, Begun, BegunTurn, NewTurn, Repository, RepositoryError, StorageHealth, Turn, UserRepository,
};
use crate::telemetry::Metrics;

/// So many turns may run at once.
const MOST_LIVE: usize = 20_000;
/// A stop is answered when the turn's end is stored, or after so long with an error.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Why a turn does not begin, or cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The server is about to end.
    #[error("the server is draining")]
    Draining,
    /// So many turns run that no further one is begun.
    #[error("too many turns are running")]
    Overloaded,
    /// What the database says.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// A turn that a client can follow.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// The turn.
    pub turn_id: TurnId,
    /// Its session.
    pub session_id: SessionId,
    /// Whether the same request came before.
    pub joined: bool,
}

/// What turns are driven with.
pub struct Parts {
    /// The database.
    pub repository: Arc<Repository>,
    /// Who answers.
    pub provider: Arc<dyn Provider>,
    /// Who instructs.
    pub agent: Agent,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Deltas of a turn that arrive within this time become one event.
    pub merge_window: Duration,
}

/// All turns of this process.
pub struct Turns {
    repository: Arc<Repository>,
    provider: Arc<dyn Provider>,
    agent: Agent,
    metrics: Arc<Metrics>,
    merging: Arc<Merging>,
    main: Handle,
    tasks: TaskTracker,
    live: Mutex<HashMap<TurnId, Arc<LiveTurn>>>,
    draining: AtomicBool,
}

impl Turns {
    /// Call it on the main runtime: turns run there.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let turns = Arc::new(Self {
            repository: parts.repository,
            provider: parts.provider,
            agent: parts.agent,
            metrics: parts.metrics,
            merging: Arc::new(Merging::new(parts.merge_window)),
            main: Handle::current(),
            tasks: TaskTracker::new(),
            live: Mutex::default(),
            draining: AtomicBool::new(false),
        });
        turns.main.spawn(Arc::clone(&turns).watch_storage());
        turns
    }

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

    /// Ends a turn and answers when its end is stored. A turn that has ended stays as it is.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn stop(&self, user: &UserRepository, turn_id: TurnId) -> Result<(), TurnError> {
        let Some(live) = self
            .find_live(turn_id)
            .filter(|live| live.belongs_to(user.owner()))
        else {
            user.turn(turn_id).await?;
            return Ok(());
        };
        live.interrupt(Interruption::Stop);
        let stopped = tokio::time::timeout(STOP_PATIENCE, live.done()).await;
        stopped.map_err(|_elapsed| RepositoryError::Unavailable.into())
    }

    /// Follows a turn of the user from after event `number`. Answers the turn's last stored number as well.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn subscribe(
        &self,
        user: &UserRepository,
        turn_id: TurnId,
        number: u64,
    ) -> Result<(Subscription, Stored), TurnError> {
        // A turn that is stored and not yet, or no longer, here is so only for a moment.
        for _ in 0..100 {
            if let Some(live) = self.find_live(turn_id) {
                if !live.belongs_to(user.owner()) {
                    return Err(RepositoryError::NotFound.into());
                }
                let stored = *live.log.watch().borrow();
                return Ok((
                    self.subscription(turn_id, number, Some(Arc::clone(&live.log))),
                    stored,
                ));
            }
            let (turn, _) = user.turn(turn_id).await?;
            if turn.status != Status::Streaming {
                let number_stored = turn.last_number.cast_unsigned();
                let stored = Stored {
                    number: number_stored,
                    ended: true,
                    ..Stored::default()
                };
                return Ok((self.subscription(turn_id, number, None), stored));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(RepositoryError::Unavailable.into())
    }

    /// The stored text of a running turn's reply, and the number of the last event in it. `None` when it does not run.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn live_text(&self, turn_id: TurnId) -> Result<Option<(String, u64)>, RepositoryError> {
        let Some(live) = self.find_live(turn_id) else {
            return Ok(None);
        };
        let upto = live.log.watch().borrow().number;
        let mut subscription = self.subscription(turn_id, 0, Some(Arc::clone(&live.log)));
        let mut text = String::new();
        while subscription.number() < upto {
            let Next::Frames(frames) = subscription.next().await? else {
                break;
            };
            event::append_text(&frames, &mut text);
        }
        Ok(Some((text, subscription.number())))
    }

    /// Refuses new turns from now on and waits until the running ones have ended, but no longer than `patience`;
    /// the rest is left for the next process.
    pub async fn drain(&self, patience: Duration) {
        self.draining.store(true, Ordering::Relaxed);
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            self.lock()
                .values()
                .for_each(|live| live.interrupt(Interruption::Abandon));
            self.tasks.wait().await;
        }
    }

    /// Refuses new turns from now on.
    pub fn refuse(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether new turns are refused.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Who answers the next turn.
    #[must_use]
    pub fn answering(&self) -> Answering {
        Answering {
            provider: self.provider.name().to_owned(),
            model: self.provider.model().to_owned(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TurnId, Arc<LiveTurn>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find_live(&self, turn_id: TurnId) -> Option<Arc<LiveTurn>> {
        self.lock().get(&turn_id).cloned()
    }

    fn subscription(&self, turn_id: TurnId, number: u64, log: Option<Arc<TurnLog>>) -> Subscription {
        Subscription::new(Arc::clone(&self.repository), turn_id, number, log)
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
            ::log::error!("turn.not_started error={error:?}");
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

    fn enter(&self, turn: Turn, user: UserRepository, stored: Stored) -> Arc<LiveTurn> {
        let writer = self.repository.writer().clone();
        let log = TurnLog::resumed(turn.id, writer, Arc::clone(&self.merging), stored);
        let live = LiveTurn::new(turn, user, log);
        self.lock().insert(live.turn.id, Arc::clone(&live));
        self.metrics.turn_started();
        live
    }

    fn spawn(self: &Arc<Self>, live: Arc<LiveTurn>, beginning: Beginning) {
        self.tasks
            .spawn_on(Arc::clone(self).run(live, beginning), &self.main);
    }

    fn forget(&self, live: &LiveTurn) {
        self.lock().remove(&live.turn.id);
        live.set_done();
    }

    /// When nothing can be stored for long, the running turns end.
    async fn watch_storage(self: Arc<Self>) {
        let mut health = self.repository.writer().health();
        while health.changed().await.is_ok() {
            if *health.borrow_and_update() >= StorageHealth::Unavailable {
                let live = self.lock();
                live.values()
                    .for_each(|live| live.interrupt(Interruption::StorageUnavailable));
            }
        }
    }
}
