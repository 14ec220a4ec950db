//! One plan at a time for each session: who plans now, and how that is called off.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::ids::SessionId;

/// The plans that are being made.
#[derive(Default)]
pub(super) struct Flights {
    running: Table,
    closed: CancellationToken,
    last: AtomicU64,
}

type Table = Arc<Mutex<HashMap<SessionId, (u64, CancellationToken)>>>;

/// A plan that is being made; others may begin one when this is dropped.
pub(super) struct Flight {
    session_id: SessionId,
    number: u64,
    called_off: CancellationToken,
    table: Table,
}

impl Flights {
    /// Calls off what is being planned for this session, and plans instead.
    pub(super) fn instead(&self, session_id: SessionId) -> Flight {
        let flight = self.flight(session_id);
        let entry = (flight.number, flight.called_off.clone());
        if let Some((_, called_off)) = lock(&self.running).insert(session_id, entry) {
            called_off.cancel();
        }
        flight
    }

    /// `None` while something is being planned for this session.
    pub(super) fn unless_running(&self, session_id: SessionId) -> Option<Flight> {
        let mut running = lock(&self.running);
        let Entry::Vacant(entry) = running.entry(session_id) else {
            return None;
        };
        let flight = self.flight(session_id);
        entry.insert((flight.number, flight.called_off.clone()));
        // The table is let go of before the flight could be dropped.
        drop(running);
        Some(flight)
    }

    /// Calls off everything, also what begins later.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    fn flight(&self, session_id: SessionId) -> Flight {
        Flight {
            session_id,
            number: self.last.fetch_add(1, Ordering::Relaxed),
            called_off: self.closed.child_token(),
            table: Arc::clone(&self.running),
        }
    }
}

impl Flight {
    /// Cancelled when the plan is no longer wanted.
    pub(super) fn called_off(&self) -> &CancellationToken {
        &self.called_off
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Entry::Occupied(entry) = lock(&self.table).entry(self.session_id)
            && entry.get().0 == self.number
        {
            entry.remove();
        }
    }
}

fn lock(table: &Table) -> MutexGuard<'_, HashMap<SessionId, (u64, CancellationToken)>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_one_plan_at_a_time() {
        let (flights, session, other) = (Flights::default(), SessionId::new(), SessionId::new());
        let first = flights.unless_running(session).unwrap();
        assert!(flights.unless_running(session).is_none());
        assert!(flights.unless_running(other).is_some());

        let second = flights.instead(session);
        assert!(first.called_off().is_cancelled() && !second.called_off().is_cancelled());
        drop(first);
        assert!(
            flights.unless_running(session).is_none(),
            "the second one goes on"
        );
        drop(second);
        assert!(flights.unless_running(session).is_some());
    }

    #[test]
    fn closing_calls_off_everything() {
        let flights = Flights::default();
        let before = flights.instead(SessionId::new());
        flights.close();
        assert!(before.called_off().is_cancelled());
        assert!(flights.instead(SessionId::new()).called_off().is_cancelled());
        assert!(lock(&flights.running).len() <= 1);
    }
}
