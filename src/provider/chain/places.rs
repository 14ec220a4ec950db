//! The places at one provider: how many calls may run at a time. Here, and nowhere else, calls are counted: those of
//! turns, plans and summaries alike. Who has no place waits in the order of coming, answers before what nobody waits
//! for; and what nobody waits for is called off when an answer has no place. Never sends anything.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// A call that is no answer: a plan or a summary. It is called off for answers, unless one of them waits for it.
#[derive(Debug)]
pub struct Errand {
    called_off: CancellationToken,
    awaited: AtomicBool,
}

impl Errand {
    /// A call that ends when `called_off` is cancelled; `awaited` while an answer waits for it.
    #[must_use]
    pub fn new(called_off: CancellationToken, awaited: bool) -> Arc<Self> {
        Arc::new(Self {
            called_off,
            awaited: AtomicBool::new(awaited),
        })
    }

    /// Cancelled when the call is no longer wanted.
    #[must_use]
    pub fn called_off(&self) -> &CancellationToken {
        &self.called_off
    }

    /// No answer waits for it any more.
    pub fn leave_alone(&self) {
        self.awaited.store(false, Ordering::SeqCst);
    }

    fn yields(&self) -> bool {
        !self.awaited.load(Ordering::SeqCst)
    }
}

/// The places at one provider.
#[derive(Debug)]
pub struct Places {
    most: usize,
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the next who comes.
    next: u64,
    /// Who has a place: calls that are no answers are known by name.
    taken: usize,
    errands: Vec<(u64, Arc<Errand>)>,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    errand: Option<Arc<Errand>>,
    given: oneshot::Sender<Place>,
}

impl Waiter {
    fn is_answer(&self) -> bool {
        self.errand.as_ref().is_none_or(|errand| !errand.yields())
    }
}

/// The right to one call; free again when dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    number: u64,
}

/// What becomes of a wish for a place.
#[derive(Debug)]
pub enum Claim {
    /// There is one.
    Given(Place),
    /// All are taken.
    Waiting(Waiting),
}

/// Who waits for a place; dropped, it waits no more.
#[derive(Debug)]
pub struct Waiting {
    places: Arc<Places>,
    number: u64,
    given: oneshot::Receiver<Place>,
}

impl Places {
    /// Room for `most` calls at a time; nobody waits longer than `patience`.
    #[must_use]
    pub fn new(most: Option<usize>, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            most: most.unwrap_or(usize::MAX),
            patience,
            state: Mutex::default(),
        })
    }

    /// The longest wait for a place.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Asks for a place: for an answer, or for an errand.
    #[must_use]
    pub fn claim(self: &Arc<Self>, errand: Option<&Arc<Errand>>) -> Claim {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        if state.taken < self.most {
            state.taken += 1;
            state
                .errands
                .extend(errand.map(|errand| (number, Arc::clone(errand))));
            return Claim::Given(self.place(number));
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push_back(Waiter {
            number,
            errand: errand.cloned(),
            given: sender,
        });
        state.call_off();
        Claim::Waiting(Waiting {
            places: Arc::clone(self),
            number,
            given: receiver,
        })
    }

    /// An errand has been left alone: perhaps an answer has waited for just that.
    pub fn look_again(&self) {
        self.lock().call_off();
    }

    fn place(self: &Arc<Self>, number: u64) -> Place {
        Place {
            places: Arc::clone(self),
            number,
        }
    }

    fn release(self: &Arc<Self>, number: u64) {
        let mut state = self.lock();
        state.errands.retain(|(holder, _)| *holder != number);
        let Some(next) = state.next_waiter() else {
            state.taken -= 1;
            return;
        };
        let Waiter {
            number,
            errand,
            given,
        } = next;
        state.errands.extend(errand.map(|errand| (number, errand)));
        drop(state);
        // Who has gone meanwhile gives it back at once.
        drop(given.send(self.place(number)));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The first answer that waits, or else the first errand.
    fn next_waiter(&mut self) -> Option<Waiter> {
        let first = self.waiting.iter().position(Waiter::is_answer).unwrap_or(0);
        self.waiting.remove(first)
    }

    /// Calls off as many errands as answers wait, the youngest first: the least is lost with them.
    fn call_off(&mut self) {
        let answers = self.waiting.iter().filter(|waiter| waiter.is_answer()).count();
        let yielding = self.errands.iter().rev().filter(|(_, errand)| errand.yields());
        yielding
            .take(answers)
            .for_each(|(_, errand)| errand.called_off.cancel());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.release(self.number);
    }
}

impl Waiting {
    /// How many get a place before, and this one: 1 is the next.
    #[must_use]
    pub fn position(&self) -> usize {
        let state = self.places.lock();
        let before = state
            .waiting
            .iter()
            .take_while(|waiter| waiter.number < self.number);
        1 + before.filter(|waiter| waiter.is_answer()).count()
    }

    /// The place, as soon as there is one. Cancel safe.
    pub async fn place(&mut self) -> Place {
        match (&mut self.given).await {
            Ok(place) => place,
            // Whoever waits is in the list until it is given a place.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.places.lock();
        state.waiting.retain(|waiter| waiter.number != self.number);
    }
}

#[cfg(test)]
mod tests;
