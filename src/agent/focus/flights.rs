//! One plan at a time for each session: who plans now, how that is called off, and what is left to them meanwhile.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::ids::SessionId;
use crate::provider::Errand;

/// The plans that are being made. `T` is what can be left to whoever plans.
pub(super) struct Flights<T> {
    running: Table<T>,
    closed: CancellationToken,
    last: AtomicU64,
}

type Table<T> = Arc<Mutex<HashMap<SessionId, Running<T>>>>;

struct Running<T> {
    number: u64,
    called_off: CancellationToken,
    /// The newest thing that was left.
    left: Option<T>,
}

/// A plan that is being made; others may begin one when this is dropped.
pub(super) struct Flight<T> {
    session_id: SessionId,
    number: u64,
    errand: Arc<Errand>,
    table: Table<T>,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self {
            running: Table::default(),
            closed: CancellationToken::new(),
            last: AtomicU64::new(0),
        }
    }
}

impl<T: Clone> Flights<T> {
    /// Calls off what is being planned for this session, and plans instead: an answer waits for it.
    pub(super) fn instead(&self, session_id: SessionId) -> Flight<T> {
        let flight = self.flight(session_id, true);
        if let Some(running) = lock(&self.running).insert(session_id, flight.running()) {
            running.called_off.cancel();
        }
        flight
    }

    /// `None` while something is being planned for this session: `work` is then left to whoever does that, in the
    /// place of what was left before.
    pub(super) fn begin_or_leave(&self, session_id: SessionId, work: &T) -> Option<Flight<T>> {
        let mut running = lock(&self.running);
        match running.entry(session_id) {
            Entry::Occupied(mut entry) => {
                entry.get_mut().left = Some(work.clone());
                None
            }
            Entry::Vacant(entry) => {
                let flight = self.flight(session_id, false);
                entry.insert(flight.running());
                // The table is let go of before the flight could be dropped.
                drop(running);
                Some(flight)
            }
        }
    }

    /// Calls off everything, also what begins later.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    fn flight(&self, session_id: SessionId, awaited: bool) -> Flight<T> {
        Flight {
            session_id,
            number: self.last.fetch_add(1, Ordering::Relaxed),
            errand: Errand::new(self.closed.child_token(), awaited),
            table: Arc::clone(&self.running),
        }
    }
}

impl<T> Flight<T> {
    /// Cancelled when the plan is no longer wanted.
    pub(super) fn called_off(&self) -> &CancellationToken {
        self.errand.called_off()
    }

    /// What the calls for this plan are to those who wait for a place.
    pub(super) fn errand(&self) -> &Arc<Errand> {
        &self.errand
    }

    /// What was left meanwhile. With `None` it is over: what comes now begins a flight of its own.
    pub(super) fn next(&self) -> Option<T> {
        let mut table = lock(&self.table);
        let running = table.get_mut(&self.session_id)?;
        if running.number != self.number {
            return None;
        }
        let left = running.left.take();
        if left.is_none() {
            table.remove(&self.session_id);
        }
        left
    }

    fn running(&self) -> Running<T> {
        Running {
            number: self.number,
            called_off: self.called_off().clone(),
            left: None,
        }
    }
}

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        if let Entry::Occupied(entry) = lock(&self.table).entry(self.session_id)
            && entry.get().number == self.number
        {
            entry.remove();
        }
    }
}

fn lock<T>(table: &Table<T>) -> MutexGuard<'_, HashMap<SessionId, Running<T>>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_one_plan_at_a_time() {
        let (flights, session, other) = (Flights::default(), SessionId::new(), SessionId::new());
        let first = flights.begin_or_leave(session, &1).unwrap();
        assert!(flights.begin_or_leave(session, &2).is_none());
        assert!(flights.begin_or_leave(other, &3).is_some());

        let second = flights.instead(session);
        assert!(first.called_off().is_cancelled() && !second.called_off().is_cancelled());
        assert_eq!(first.next(), None, "who was called off does nothing more");
        drop(first);
        assert!(
            flights.begin_or_leave(session, &4).is_none(),
            "the second one goes on"
        );
        drop(second);
        assert!(flights.begin_or_leave(session, &5).is_some());
    }

    #[test]
    fn the_newest_of_what_is_left_is_taken_up_and_then_the_place_is_free() {
        let (flights, session) = (Flights::default(), SessionId::new());
        let flight = flights.begin_or_leave(session, &1).unwrap();
        for work in [2, 3] {
            assert!(flights.begin_or_leave(session, &work).is_none());
        }
        assert_eq!(flight.next(), Some(3));
        assert!(flights.begin_or_leave(session, &4).is_none());
        assert_eq!((flight.next(), flight.next()), (Some(4), None));
        let other = flights.begin_or_leave(session, &5).unwrap();
        drop(flight);
        assert!(
            flights.begin_or_leave(session, &6).is_none(),
            "the other one goes on"
        );
        drop(other);
    }

    #[test]
    fn closing_calls_off_everything() {
        let flights = Flights::<()>::default();
        let before = flights.instead(SessionId::new());
        flights.close();
        assert!(before.called_off().is_cancelled());
        assert!(flights.instead(SessionId::new()).called_off().is_cancelled());
        assert!(lock(&flights.running).len() <= 1);
    }
}
