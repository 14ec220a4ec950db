//! A unit of writing that shares the group's transaction, inside a savepoint of its own.

use std::sync::Arc;

use diesel::sqlite::SqliteConnection;

use super::call::{Answer, Call, Patience};
use super::error::RepositoryError;
use super::source::CommitSource;
use crate::ids::SessionId;

/// What the writer runs. It may run several times: until a commit succeeds, only the last run counts. When it is
/// dropped without an answer, the caller is told whether it may be stored.
pub(super) trait Job: Send {
    /// Whether it is still to be done: from now on it counts as being written.
    fn begin(&mut self) -> bool;
    fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), Retry>;
    /// What it needs failed before it could run: this is its answer.
    fn refuse(&mut self, error: RepositoryError);
    /// The log that this job ends: its remaining frames are stored in the same transaction.
    fn ends(&self) -> Option<&Arc<dyn CommitSource>>;
    /// The session that the last run has changed.
    fn changed(&self) -> Option<SessionId>;
    /// The transaction is not stored: it will run again.
    fn undo(&mut self);
    /// Whether the caller was told that it is not stored.
    fn is_withdrawn(&self) -> bool;
    /// The transaction is committed: answer.
    fn committed(self: Box<Self>);
}

/// The statement did not fail, the database did: the whole group must run again. `Undo`: only this job's
/// changes must go, its answer stands.
#[derive(Debug)]
pub(super) enum Retry {
    Group(RepositoryError),
    Undo,
}

/// What work answers, and the session that it has changed.
pub(super) struct Changed<T> {
    pub(super) value: T,
    pub(super) session: Option<SessionId>,
}

impl<T> Changed<T> {
    /// A change that those who watch the session are told of.
    pub(super) fn session(id: SessionId, value: T) -> Self {
        Self {
            value,
            session: Some(id),
        }
    }

    /// No session has changed.
    pub(super) fn none(value: T) -> Self {
        Self { value, session: None }
    }
}

pub(super) struct Work<T, F> {
    work: F,
    call: Arc<Call<T>>,
    result: Option<Result<Changed<T>, RepositoryError>>,
    ends: Option<Arc<dyn CommitSource>>,
}

impl<T, F> Work<T, F>
where
    F: FnMut(&mut SqliteConnection) -> Result<Changed<T>, RepositoryError> + Send + 'static,
    T: Send + 'static,
{
    pub(super) fn new(
        work: F,
        patience: Patience,
        ends: Option<Arc<dyn CommitSource>>,
    ) -> (Box<Self>, Answer<T>) {
        let (call, answer) = Call::new(patience);
        let job = Self {
            work,
            call,
            result: None,
            ends,
        };
        (Box::new(job), answer)
    }
}

impl<T, F> Work<T, F> {
    pub(super) fn call(&self) -> &Arc<Call<T>> {
        &self.call
    }
}

impl<T, F> Drop for Work<T, F> {
    fn drop(&mut self) {
        self.call.abandon();
    }
}

impl<T, F> Job for Work<T, F>
where
    F: FnMut(&mut SqliteConnection) -> Result<Changed<T>, RepositoryError> + Send + 'static,
    T: Send + 'static,
{
    fn begin(&mut self) -> bool {
        self.result = None;
        self.call.begin()
    }

    fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), Retry> {
        match (self.work)(connection) {
            Err(error) if error.is_storage_failure() => Err(Retry::Group(error)),
            Err(error) => {
                self.result = Some(Err(error));
                Err(Retry::Undo)
            }
            Ok(value) => {
                self.result = Some(Ok(value));
                Ok(())
            }
        }
    }

    fn refuse(&mut self, error: RepositoryError) {
        self.result = Some(Err(error));
    }

    fn ends(&self) -> Option<&Arc<dyn CommitSource>> {
        self.ends.as_ref()
    }

    fn changed(&self) -> Option<SessionId> {
        self.result.as_ref()?.as_ref().ok()?.session
    }

    fn undo(&mut self) {
        self.call.undo();
    }

    fn is_withdrawn(&self) -> bool {
        self.call.is_withdrawn()
    }

    fn committed(mut self: Box<Self>) {
        if let Some(result) = self.result.take() {
            self.call.answer(result.map(|changed| changed.value));
        }
    }
}
