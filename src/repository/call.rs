//! The answer that a caller of the writer waits for. What it is told when its patience ends depends on where its work
//! is: what still waits is taken back and certainly not stored, what is being written may be.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::error::RepositoryError;

/// The result of work, and a sign that it is late.
pub(super) struct Answer<T> {
    /// Comes when it is known.
    pub(super) result: oneshot::Receiver<Result<T, RepositoryError>>,
    /// Comes when the caller's patience ends while the work is being written; dropped when it never does.
    pub(super) late: oneshot::Receiver<()>,
}

/// What a caller is told when its patience ends while its work is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// The answer: `MaybeStored`.
    Answer,
    /// That it is late. The answer follows when it is known.
    Sign,
}

/// The writer's end of it.
pub(super) struct Call<T> {
    patience: Patience,
    state: Mutex<State<T>>,
}

struct State<T> {
    place: Place,
    result: Option<oneshot::Sender<Result<T, RepositoryError>>>,
    late: Option<oneshot::Sender<()>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing of it is written.
    Waiting,
    /// It is part of a transaction.
    Writing,
    /// It must not be written any more.
    Withdrawn,
}

/// A caller whose patience can end.
pub(super) trait Impatient: Send + Sync {
    /// It has.
    fn give_up(&self);
}

impl<T> Call<T> {
    pub(super) fn new(patience: Patience) -> (Arc<Self>, Answer<T>) {
        let ((result, result_comes), (late, late_comes)) = (oneshot::channel(), oneshot::channel());
        let state = State {
            place: Place::Waiting,
            result: Some(result),
            late: Some(late),
        };
        let call = Arc::new(Self {
            patience,
            state: Mutex::new(state),
        });
        let answer = Answer {
            result: result_comes,
            late: late_comes,
        };
        (call, answer)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the work is to be done: from now on it is part of a transaction.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.lock();
        if state.place != Place::Withdrawn {
            state.place = Place::Writing;
        }
        state.place == Place::Writing
    }

    /// The transaction is not stored.
    pub(super) fn undo(&self) {
        let mut state = self.lock();
        if state.place == Place::Writing {
            state.place = Place::Waiting;
        }
    }

    pub(super) fn is_withdrawn(&self) -> bool {
        self.lock().place == Place::Withdrawn
    }

    /// The result is known. A caller that has gone needs no answer.
    pub(super) fn answer(&self, result: Result<T, RepositoryError>) {
        if let Some(reply) = self.lock().result.take() {
            let _ = reply.send(result);
        }
    }

    /// Nothing more will be done.
    pub(super) fn abandon(&self) {
        let place = self.lock().place;
        self.answer(Err(match place {
            Place::Writing => RepositoryError::MaybeStored,
            Place::Waiting | Place::Withdrawn => RepositoryError::NotStored,
        }));
    }
}

impl<T: Send> Impatient for Call<T> {
    fn give_up(&self) {
        let mut state = self.lock();
        match (state.place, self.patience) {
            (Place::Writing, Patience::Answer) => {
                drop(state);
                self.answer(Err(RepositoryError::MaybeStored));
            }
            (Place::Writing, Patience::Sign) => {
                if let Some(late) = state.late.take() {
                    let _ = late.send(());
                }
            }
            (Place::Waiting | Place::Withdrawn, _) => {
                state.place = Place::Withdrawn;
                drop(state);
                self.answer(Err(RepositoryError::NotStored));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    #[test]
    fn what_waits_is_taken_back_and_what_is_being_written_may_be_stored() {
        let (call, mut answer) = Call::<()>::new(Patience::Answer);
        call.give_up();
        assert!(matches!(
            answer.result.try_recv(),
            Ok(Err(RepositoryError::NotStored))
        ));
        assert!(!call.begin(), "the caller was told that it is not stored");

        let (call, mut answer) = Call::<()>::new(Patience::Answer);
        assert!(call.begin());
        call.give_up();
        assert!(matches!(
            answer.result.try_recv(),
            Ok(Err(RepositoryError::MaybeStored))
        ));
        assert!(call.begin(), "it may as well be tried again");

        let (call, mut answer) = Call::<()>::new(Patience::Answer);
        assert!(call.begin());
        call.undo();
        call.give_up();
        assert!(matches!(
            answer.result.try_recv(),
            Ok(Err(RepositoryError::NotStored))
        ));
        assert!(call.is_withdrawn());
    }

    #[test]
    fn who_wants_to_know_gets_a_sign_and_later_the_answer() {
        let (call, mut answer) = Call::new(Patience::Sign);
        assert!(call.begin());
        call.give_up();
        assert_eq!(answer.late.try_recv(), Ok(()));
        assert!(matches!(answer.result.try_recv(), Err(TryRecvError::Empty)));
        call.answer(Ok(7));
        assert!(matches!(answer.result.try_recv(), Ok(Ok(7))));
    }

    #[test]
    fn when_nothing_more_is_done_everybody_is_answered() {
        for (begins, expected) in [(false, "not stored"), (true, "may be stored")] {
            let (call, mut answer) = Call::<()>::new(Patience::Sign);
            if begins {
                assert!(call.begin());
            }
            call.abandon();
            let told = answer.result.try_recv().unwrap().unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }
}
