//! Places that users take and give back: each has so many at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of all users.
#[derive(Clone)]
pub struct Seats {
    most: usize,
    taken: Arc<Mutex<HashMap<Arc<str>, usize>>>,
}

/// A place that is taken; given back when dropped.
pub struct Seat {
    seats: Seats,
    /// `None` where nothing is counted.
    owner: Option<Arc<str>>,
}

impl Seats {
    /// Each user may take `most`; without limit nothing is counted.
    #[must_use]
    pub fn new(most: Option<usize>) -> Self {
        Self {
            most: most.unwrap_or(usize::MAX),
            taken: Arc::default(),
        }
    }

    /// A place for this user, if there is one.
    #[must_use]
    pub fn take(&self, owner: &str) -> Option<Seat> {
        if self.most == usize::MAX {
            return Some(self.seat(None));
        }
        let mut taken = self.lock();
        if taken.get(owner).is_some_and(|taken| *taken >= self.most) {
            return None;
        }
        let owner: Arc<str> = owner.into();
        *taken.entry(Arc::clone(&owner)).or_default() += 1;
        drop(taken);
        Some(self.seat(Some(owner)))
    }

    fn seat(&self, owner: Option<Arc<str>>) -> Seat {
        Seat {
            seats: self.clone(),
            owner,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Whether anything is counted.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.owner.is_some()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(owner) = &self.owner else { return };
        let mut taken = self.seats.lock();
        if let Some(count) = taken.get_mut(owner) {
            *count -= 1;
            if *count == 0 {
                taken.remove(owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_places_of_its_own_and_gets_them_back() {
        let seats = Seats::new(Some(2));
        let (first, second) = (seats.take("a"), seats.take("a"));
        assert!(first.is_some() && second.is_some());
        assert!(seats.take("a").is_none());
        let other = seats.take("b");
        assert!(other.is_some());
        drop(first);
        assert!(seats.take("a").is_some());
        drop((second, other));
        assert!(seats.lock().is_empty(), "nothing is kept of who has gone");
    }

    #[test]
    fn without_limit_there_is_always_a_place() {
        let seats = Seats::new(None);
        let taken: Vec<_> = (0..100).map(|_| seats.take("a")).collect();
        assert!(taken.iter().all(Option::is_some));
    }
}
