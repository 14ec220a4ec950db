//! The way to the one writer of the database: jobs and logs are handed over here and stored by its thread. Whoever
//! waits for an answer gets one, also while the disk hangs and after the thread has ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use diesel::sqlite::SqliteConnection;
use tokio::sync::{oneshot, watch};

use super::call::{Answer, Impatient, Patience};
use super::connection::Connector;
use super::erasure::Erasure;
use super::error::RepositoryError;
use super::health::StorageHealth;
use super::job::{Changed, Work};
use super::marker::AgeNote;
use super::queue::Queue;
use super::source::CommitSource;
use super::watchdog::Watch;
use super::writer_thread::WriterThread;
use crate::fanout::Fanout;
use crate::telemetry::Metrics;

/// Hands work to the writer's thread. Every live turn has one, so it is one pointer.
#[derive(Clone)]
pub struct Writer(Arc<Shared>);

/// What all of them share.
struct Shared {
    queue: Queue,
    watch: Arc<Watch>,
    bytes_written: Arc<AtomicU64>,
    erasure: Arc<Erasure>,
}

/// What comes of work that is followed up: the sign comes after 5 s when it is still being written then, and the
/// result when it is known.
pub struct Pending<T>(Answer<T>);

impl<T> Pending<T> {
    /// The result, and the sign that it is late, which else never comes.
    pub fn split(
        self,
    ) -> (
        impl Future<Output = Result<T, RepositoryError>>,
        impl Future<Output = ()>,
    ) {
        let Answer { result, late } = self.0;
        let sign = async {
            if late.await.is_err() {
                std::future::pending().await
            }
        };
        (answer(result), sign)
    }
}

impl Writer {
    /// Starts the thread. The handle ends when `close` was called and everything is written.
    pub(super) fn start(
        (connector, connection): (Connector, SqliteConnection),
        age_note: AgeNote,
        commit_window: Duration,
        watch: &Arc<Watch>,
        told: (Arc<Metrics>, Arc<Fanout>),
    ) -> Result<(Self, std::thread::JoinHandle<()>), RepositoryError> {
        let thread = WriterThread::new((connector, connection), age_note, Arc::clone(watch), told)?;
        let shared = Arc::new(Shared {
            queue: Queue::default(),
            watch: Arc::clone(watch),
            bytes_written: thread.bytes_written(),
            erasure: thread.erasure(),
        });
        let of_thread = Arc::clone(&shared);
        let handle = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || thread.run(&of_thread.queue, commit_window))
            .map_err(|error| diesel::result::Error::QueryBuilderError(error.into()))?;
        Ok((Self(shared), handle))
    }

    /// Wakes the writer for what the main runtime has gathered. Spawn it there.
    pub(super) fn wake_when_gathered(&self) -> impl Future<Output = ()> + use<> {
        let shared = Arc::clone(&self.0);
        async move { shared.queue.wake_when_gathered().await }
    }

    /// Runs `work` in the next group and answers when it is committed; `NotStored` or `MaybeStored` after 5 s.
    ///
    /// # Errors
    /// Those of `work`, `NotStored`, `MaybeStored`.
    pub async fn run<T, F>(&self, mut work: F) -> Result<T, RepositoryError>
    where
        F: FnMut(&mut SqliteConnection) -> Result<T, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        self.change(move |connection| work(connection).map(Changed::none))
            .await
    }

    /// The same for work that changes a session: once it is committed, those who watch that session are woken.
    ///
    /// # Errors
    /// Those of `work`, `NotStored`, `MaybeStored`.
    pub(super) async fn change<T, F>(&self, work: F) -> Result<T, RepositoryError>
    where
        F: FnMut(&mut SqliteConnection) -> Result<Changed<T>, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        answer(self.push(work, Patience::Answer).result).await
    }

    /// The same for work that is followed up: what may be stored is waited for, however long that takes.
    pub(super) fn change_for_certain<T, F>(&self, work: F) -> Pending<T>
    where
        F: FnMut(&mut SqliteConnection) -> Result<Changed<T>, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        Pending(self.push(work, Patience::Sign))
    }

    fn push<T, F>(&self, work: F, patience: Patience) -> Answer<T>
    where
        F: FnMut(&mut SqliteConnection) -> Result<Changed<T>, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        let (job, answer) = Work::new(work, patience, None);
        // A job that is dropped is answered: not stored.
        if self.0.watch.pulse.current() == StorageHealth::Ok {
            let caller: Weak<dyn Impatient> = Arc::downgrade(job.call()) as _;
            self.0.watch.add(caller);
            self.0.queue.push_job(job);
        }
        answer
    }

    /// Runs `work` in the next group, however long that takes, and also when nobody waits for the answer.
    ///
    /// # Errors
    /// Those of `work`; `NotStored` or `MaybeStored` when the writer has ended.
    pub(super) fn run_at_last<T, F>(
        &self,
        mut work: F,
    ) -> impl Future<Output = Result<T, RepositoryError>> + use<T, F>
    where
        F: FnMut(&mut SqliteConnection) -> Result<T, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        let work = move |connection: &mut SqliteConnection| work(connection).map(Changed::none);
        let (job, comes) = Work::new(work, Patience::Sign, None);
        self.0.queue.push_job(job);
        answer(comes.result)
    }

    /// Runs `work` at last as well, in one transaction with the new frames of `log`. Nobody waits for the answer.
    pub(super) fn store_with<F>(&self, log: Arc<dyn CommitSource>, mut work: F)
    where
        F: FnMut(&mut SqliteConnection) -> Result<(), RepositoryError> + Send + 'static,
    {
        let work = move |connection: &mut SqliteConnection| work(connection).map(Changed::none);
        let (job, _) = Work::new(work, Patience::Sign, None);
        self.0.queue.push_job_with(job, log);
    }

    /// Ends a log: stores what is left of it and runs `work`, in one transaction. Waits as long as it takes.
    ///
    /// # Errors
    /// Those of `work`; `NotStored` or `MaybeStored` when the writer has ended.
    pub(super) async fn end<T, F>(&self, log: Arc<dyn CommitSource>, work: F) -> Result<T, RepositoryError>
    where
        F: FnMut(&mut SqliteConnection) -> Result<Changed<T>, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        let (job, comes) = Work::new(work, Patience::Sign, Some(log));
        self.0.queue.push_job(job);
        answer(comes.result).await
    }

    /// Stores a log's new frames with the next group.
    pub fn store_now(&self, log: Arc<dyn CommitSource>) {
        self.0.queue.push_ready(log);
    }

    /// Stores a log's new frames at `at`. Each call must name a later moment than the one before.
    pub fn store_at(&self, at: Instant, log: Arc<dyn CommitSource>) {
        self.0.queue.push_due(at, log);
    }

    /// Whether commits succeed, as it changes.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<StorageHealth> {
        self.0.watch.pulse.health()
    }

    /// About how many bytes were written since the start.
    pub(super) fn bytes_written(&self) -> u64 {
        self.0.bytes_written.load(Ordering::Relaxed)
    }

    /// Has the write-ahead log started again from its beginning, between two groups.
    pub(super) fn restart_wal(&self) {
        self.0.queue.push_restart_wal();
    }

    /// Has what was deleted disappear from the files, soon and off the path.
    pub fn erase(&self) {
        self.0.erasure.want();
    }

    /// Whether something that was deleted may be left in the files.
    pub(super) fn has_to_erase(&self) -> bool {
        self.0.erasure.is_wanted()
    }

    /// Has the writer erase between two groups.
    pub(super) fn erase_now(&self) {
        self.0.queue.push_erase();
    }

    pub(super) fn close(&self) {
        self.0.queue.close();
    }
}

async fn answer<T>(receiver: oneshot::Receiver<Result<T, RepositoryError>>) -> Result<T, RepositoryError> {
    // Not reached: a job that is dropped answers.
    receiver.await.unwrap_or(Err(RepositoryError::MaybeStored))
}
