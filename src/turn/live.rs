//! A turn that is running: what others may ask of it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::task::AtomicWaker;

use super::log::TurnLog;
use super::waiting::look_or_be_woken;
use crate::agent::TurnFocus;
use crate::limits::Seat;
use crate::repository::{Turn, UserRepository};

/// Why a running turn is to end before its reply does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    /// The learner asked for it.
    Stop,
    /// The server ends: the next one takes the turn up.
    Abandon,
    /// What the provider writes cannot be stored.
    StorageUnavailable,
}

/// What has become of a running turn.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Its end is stored.
    Ended,
    /// It is left as it is stored, for the next process.
    Left,
}

/// A running turn.
pub(super) struct LiveTurn {
    pub(super) turn: Turn,
    pub(super) repository: UserRepository,
    pub(super) log: Arc<TurnLog>,
    /// One of those that the user may take at once.
    seat: Mutex<Option<Seat>>,
    /// What the session works on, once that is known.
    pub(super) focus: OnceLock<Arc<TurnFocus>>,
    interruption: OnceLock<Interruption>,
    /// Wakes the turn's task, which alone waits for an interruption.
    driver: AtomicWaker,
}

impl LiveTurn {
    pub(super) fn new(
        turn: Turn,
        (repository, seat): (UserRepository, Option<Seat>),
        log: Arc<TurnLog>,
    ) -> Arc<Self> {
        Arc::new(Self {
            turn,
            repository,
            log,
            seat: Mutex::new(seat),
            focus: OnceLock::new(),
            interruption: OnceLock::new(),
            driver: AtomicWaker::new(),
        })
    }

    pub(super) fn belongs_to(&self, owner: &str) -> bool {
        self.repository.owner() == owner
    }

    /// From now on another turn may run instead: before the end is shown, so that whoever has seen it may go on.
    pub(super) fn give_seat_back(&self) {
        drop(self.seat.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// The first reason counts.
    pub(super) fn interrupt(&self, reason: Interruption) {
        self.interruption.get_or_init(|| reason);
        self.driver.wake();
    }

    /// Resolves when somebody wants the turn to end. Cancel safe; only the turn's task may wait for it.
    pub(super) fn interruption(&self) -> impl Future<Output = Interruption> {
        poll_fn(|context| look_or_be_woken(&self.driver, context, || self.interruption.get().copied()))
    }

    /// Resolves when nothing more comes of the turn in this process.
    pub(super) async fn done(&self) -> Done {
        loop {
            let stored = self.log.stored();
            if stored.ended {
                return Done::Ended;
            }
            if stored.closed {
                return Done::Left;
            }
            self.log.changed_since(stored.version).await;
        }
    }
}
