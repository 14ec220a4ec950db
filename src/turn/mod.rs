//! Turns: starts them, finds them, stops them, takes them up after a crash. The only place that drives:
//! user message → focus → provider → log → end. Knows nothing of HTTP.

mod ageing;
mod allotment;
mod answering;
mod attempt;
mod begin;
mod buffer;
mod calls;
mod deletion;
mod end;
mod errors;
pub mod event;
#[cfg(test)]
pub(crate) mod faults;
mod focus;
mod follow;
mod joining;
mod live;
mod log;
mod merging;
mod passing;
mod place;
mod replay;
mod reply;
mod resume;
mod run;
mod subscription;
mod waiting;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::RwLock;
use tokio_util::task::TaskTracker;

pub use answering::WishError;
pub use end::outcomes;
pub use follow::Following;
pub use joining::{LiveText, TellRunning};
pub use log::{Resumption, Stored, TurnLog};
pub use merging::Merging;
pub use subscription::{Next, Subscription};

use self::live::{Done, Interruption, LiveTurn};
use crate::agent::Agent;
use crate::ids::{SessionId, TurnId};
use crate::limits::Seats;
use crate::provider::Chain;
use crate::repository::{Repository, RepositoryError, StorageHealth, UserRepository};
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
    pub chain: Arc<Chain>,
    /// Who instructs.
    pub agent: Agent,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Deltas of a turn that arrive within this time become one event.
    pub merge_window: Duration,
    /// How many turns of a user may run.
    pub seats: Seats,
    /// What a learner is told when nobody could answer, instead of the bundled words.
    pub fallback_message: Option<String>,
}

/// All turns of this process.
pub struct Turns {
    repository: Arc<Repository>,
    chain: Arc<Chain>,
    agent: Agent,
    metrics: Arc<Metrics>,
    fallback_message: Option<String>,
    merging: Arc<Merging>,
    seats: Seats,
    main: Handle,
    tasks: TaskTracker,
    live: Mutex<LiveTurns>,
    /// Shared by all who begin a turn, from before it is stored until others find it.
    beginning: Arc<RwLock<()>>,
    draining: AtomicBool,
}

/// The turns that run.
#[derive(Default)]
struct LiveTurns {
    all: HashMap<TurnId, Arc<LiveTurn>>,
    /// Whether those that have not ended are left for the next process, and those that are entered, too.
    abandoned: bool,
}

impl Turns {
    /// Call it on the main runtime: turns run there.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let turns = Arc::new(Self {
            repository: parts.repository,
            chain: parts.chain,
            fallback_message: parts.fallback_message,
            agent: parts.agent,
            metrics: parts.metrics,
            merging: Arc::new(Merging::new(parts.merge_window)),
            seats: parts.seats,
            main: Handle::current(),
            tasks: TaskTracker::new(),
            live: Mutex::default(),
            beginning: Arc::default(),
            draining: AtomicBool::new(false),
        });
        turns.main.spawn(Arc::clone(&turns).watch_storage());
        turns
    }

    /// Ends a turn and answers when its end is stored. A turn that has ended stays as it is.
    ///
    /// # Errors
    /// `NotFound`, `ReadOnly`, `Unavailable`, `MaybeStored`; `Draining` when the turn is left for the next process.
    pub async fn stop(&self, user: &UserRepository, turn_id: TurnId) -> Result<(), TurnError> {
        let Some(live) = self.find_running(user.reading(), turn_id).await? else {
            user.turn(turn_id).await?;
            return Ok(());
        };
        if !live.belongs_to(user.owner()) {
            return Err(RepositoryError::ReadOnly.into());
        }
        live.interrupt(Interruption::Stop);
        match tokio::time::timeout(STOP_PATIENCE, live.done()).await {
            Ok(Done::Ended) => Ok(()),
            // It goes on there: whoever wants it to end has to say so again.
            Ok(Done::Left) if self.is_draining() => Err(TurnError::Draining),
            Ok(Done::Left) | Err(_) => Err(RepositoryError::MaybeStored.into()),
        }
    }

    /// Refuses new turns from now on and waits until the running ones have ended, but no longer than `patience`;
    /// the rest is left for the next process.
    pub async fn drain(&self, patience: Duration) {
        self.draining.store(true, Ordering::Relaxed);
        if let Some(planner) = self.agent.planner() {
            planner.close();
        }
        self.tasks.close();
        let all = async {
            drop(self.beginning.write().await);
            self.tasks.wait().await;
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            self.abandon();
            self.tasks.wait().await;
        }
    }

    fn abandon(&self) {
        let mut live = self.lock();
        live.abandoned = true;
        live.all
            .values()
            .for_each(|live| live.interrupt(Interruption::Abandon));
    }

    /// Whether new turns are refused.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// How many turns have not ended, those included that wait for their predecessors.
    #[must_use]
    pub fn running(&self) -> usize {
        self.lock().all.len()
    }

    /// Whether a message alone fits into the model's window.
    #[must_use]
    pub fn can_read(&self, message: &str) -> bool {
        self.agent.can_read(message)
    }

    fn lock(&self) -> MutexGuard<'_, LiveTurns> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find_live(&self, turn_id: TurnId) -> Option<Arc<LiveTurn>> {
        self.lock().all.get(&turn_id).cloned()
    }

    fn forget(&self, live: &LiveTurn) {
        self.lock().all.remove(&live.turn.id);
    }

    /// When nothing can be stored for long, the running turns end.
    async fn watch_storage(self: Arc<Self>) {
        let mut health = self.repository.writer().health();
        while health.changed().await.is_ok() {
            let reason = match *health.borrow_and_update() {
                StorageHealth::Ok | StorageHealth::Degraded => continue,
                StorageHealth::Unavailable => Interruption::StorageUnavailable,
                StorageHealth::Lost => Interruption::Abandon,
            };
            self.lock().all.values().for_each(|live| live.interrupt(reason));
        }
    }
}
