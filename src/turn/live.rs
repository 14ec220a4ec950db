//! A turn that is running: what others may ask of it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_util::sync::CancellationToken;

use super::log::TurnLog;
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

/// A running turn.
pub(super) struct LiveTurn {
    pub(super) turn: Turn,
    pub(super) repository: UserRepository,
    pub(super) log: Arc<TurnLog>,
    /// One of those that the user may take at once.
    seat: Mutex<Option<Seat>>,
    /// What the session works on, once that is known.
    pub(super) focus: OnceLock<Arc<TurnFocus>>,
    reason: Mutex<Option<Interruption>>,
    interrupted: CancellationToken,
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
            reason: Mutex::default(),
            interrupted: CancellationToken::new(),
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
        self.reason
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(reason);
        self.interrupted.cancel();
    }

    /// Resolves when somebody wants the turn to end.
    pub(super) async fn interruption(&self) -> Interruption {
        self.interrupted.cancelled().await;
        self.reason
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .unwrap_or(Interruption::Abandon)
    }

    /// Resolves when the turn's end is stored, or the turn was abandoned.
    pub(super) async fn done(&self) {
        loop {
            let stored = self.log.stored();
            if stored.ended || stored.closed {
                return;
            }
            self.log.changed_since(stored.version).await;
        }
    }
}
