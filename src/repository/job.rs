//! A unit of writing that shares the group's transaction, inside a savepoint of its own.

use std::sync::Arc;
use std::time::Instant;

use diesel::sqlite::SqliteConnection;
use tokio::sync::oneshot;

use super::error::RepositoryError;
use super::source::CommitSource;
use crate::ids::SessionId;

/// What the writer runs. It may run several times: until a commit succeeds, only the last run counts.
pub(super) trait Job: Send {
    fn run(&mut self, connection: &mut SqliteConnection) -> Result<(), Retry>;
    /// After this moment the caller has gone: answer instead of running.
    fn deadline(&self) -> Option<Instant>;
    /// The log that this job ends: its remaining frames are stored in the same transaction.
    fn ends(&self) -> Option<&Arc<dyn CommitSource>>;
    /// The session that the last run has changed.
    fn changed(&self) -> Option<SessionId>;
    /// The transaction is committed: answer.
    fn committed(self: Box<Self>);
    /// The deadline has passed: answer `Unavailable`.
    fn expire(self: Box<Self>);
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
    reply: oneshot::Sender<Result<T, RepositoryError>>,
    result: Option<Result<Changed<T>, RepositoryError>>,
    deadline: Option<Instant>,
    ends: Option<Arc<dyn CommitSource>>,
}

impl<T, F> Work<T, F>
where
    F: FnMut(&mut SqliteConnection) -> Result<Changed<T>, RepositoryError> + Send + 'static,
    T: Send + 'static,
{
    pub(super) fn new(
        work: F,
        deadline: Option<Instant>,
        ends: Option<Arc<dyn CommitSource>>,
    ) -> (Box<Self>, oneshot::Receiver<Result<T, RepositoryError>>) {
        let (reply, receiver) = oneshot::channel();
        (
            Box::new(Self {
                work,
                reply,
                result: None,
                deadline,
                ends,
            }),
            receiver,
        )
    }
}

impl<T, F> Job for Work<T, F>
where
    F: FnMut(&mut SqliteConnection) -> Result<Changed<T>, RepositoryError> + Send + 'static,
    T: Send + 'static,
{
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

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn ends(&self) -> Option<&Arc<dyn CommitSource>> {
        self.ends.as_ref()
    }

    fn changed(&self) -> Option<SessionId> {
        self.result.as_ref()?.as_ref().ok()?.session
    }

    fn committed(self: Box<Self>) {
        let result = self.result.unwrap_or(Err(RepositoryError::Unavailable));
        // A caller that has gone needs no answer.
        let _ = self.reply.send(result.map(|changed| changed.value));
    }

    fn expire(self: Box<Self>) {
        let _ = self.reply.send(Err(RepositoryError::Unavailable));
    }
}
