//! The one writer of the database: a thread that takes whatever waits, commits it as one transaction, and only
//! then shows it. Under load the group grows and the cost per delta falls.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::sqlite::SqliteConnection;
use tokio::sync::{oneshot, watch};

use super::checkpoint::checkpoint;
use super::connection::Connector;
use super::error::RepositoryError;
use super::group::Group;
use super::health::StorageHealth;
use super::job::Work;
use super::pace::Pace;
use super::queue::Queue;
use super::source::CommitSource;
use crate::ids::TurnId;
use crate::telemetry::Metrics;

/// How long a caller waits for a write before it is told that the database is not available.
const PATIENCE: Duration = Duration::from_secs(5);
/// After so long without a commit readers are told.
const DEGRADED_AFTER: Duration = Duration::from_secs(10);
/// After so long without a commit turns fail.
const UNAVAILABLE_AFTER: Duration = Duration::from_secs(30);
/// Pause between two tries of a group.
const RETRY_PAUSE: Duration = Duration::from_millis(25);
/// How often old batches are deleted.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// A turn older than this gets a segment, so that its batches can go.
const OLDEST_BATCH: Duration = Duration::from_secs(60);

/// Hands work to the writer's thread.
#[derive(Clone)]
pub struct Writer {
    queue: Arc<Queue>,
    health: watch::Receiver<StorageHealth>,
    bytes_written: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread. The handle ends when `close` was called and everything is written.
    pub(super) fn start(
        connector: Connector,
        connection: SqliteConnection,
        commit_window: Duration,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, std::thread::JoinHandle<()>), RepositoryError> {
        let queue = Arc::new(Queue::default());
        let (health, receiver) = watch::channel(StorageHealth::Ok);
        let thread = Thread::new(connector, connection, health, metrics)?;
        let bytes_written = Arc::clone(&thread.bytes_written);
        let worker_queue = Arc::clone(&queue);
        let handle = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || thread.run(&worker_queue, commit_window))
            .map_err(|error| diesel::result::Error::QueryBuilderError(error.into()))?;
        Ok((
            Self {
                queue,
                health: receiver,
                bytes_written,
            },
            handle,
        ))
    }

    /// Runs `work` in the next group and answers when it is committed; `Unavailable` after 5 s.
    ///
    /// # Errors
    /// Those of `work`, `Unavailable`.
    pub async fn run<T, F>(&self, work: F) -> Result<T, RepositoryError>
    where
        F: FnMut(&mut SqliteConnection) -> Result<T, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        if *self.health.borrow() != StorageHealth::Ok {
            return Err(RepositoryError::Unavailable);
        }
        let (job, receiver) = Work::new(work, Some(Instant::now() + PATIENCE), None);
        self.queue.push_job(job);
        answer(receiver).await
    }

    /// Ends a log: stores what is left of it and runs `work`, in one transaction. Waits as long as it takes.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn end<T, F>(&self, log: Arc<dyn CommitSource>, work: F) -> Result<T, RepositoryError>
    where
        F: FnMut(&mut SqliteConnection) -> Result<T, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        let (job, receiver) = Work::new(work, None, Some(log));
        self.queue.push_job(job);
        answer(receiver).await
    }

    /// Stores a log's new frames with the next group.
    pub fn store_now(&self, log: Arc<dyn CommitSource>) {
        self.queue.push_ready(log);
    }

    /// Stores a log's new frames at `at`. Each call must name a later moment than the one before.
    pub fn store_at(&self, at: Instant, log: Arc<dyn CommitSource>) {
        self.queue.push_due(at, log);
    }

    /// Whether commits succeed, as it changes.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<StorageHealth> {
        self.health.clone()
    }

    /// About how many bytes were written since the start.
    pub(super) fn bytes_written(&self) -> u64 {
        self.bytes_written.load(Ordering::Relaxed)
    }

    /// Has the write-ahead log started again from its beginning, between two groups.
    pub(super) fn restart_wal(&self) {
        self.queue.push_restart_wal();
    }

    pub(super) fn close(&self) {
        self.queue.close();
    }
}

async fn answer<T>(receiver: oneshot::Receiver<Result<T, RepositoryError>>) -> Result<T, RepositoryError> {
    receiver.await.unwrap_or(Err(RepositoryError::Unavailable))
}

struct Thread {
    connector: Connector,
    connection: SqliteConnection,
    health: watch::Sender<StorageHealth>,
    metrics: Arc<Metrics>,
    bytes_written: Arc<AtomicU64>,
    file_id: Option<(u64, u64)>,
    /// Logs with frames that stand only in batches, and since when.
    held: HashMap<TurnId, Held>,
    next_batch: i64,
    oldest_batch: i64,
    housekeeping_at: Instant,
}

struct Held {
    batch: i64,
    since: Instant,
    log: Arc<dyn CommitSource>,
}

impl Thread {
    fn new(
        connector: Connector,
        mut connection: SqliteConnection,
        health: watch::Sender<StorageHealth>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, RepositoryError> {
        let next_batch = super::turn_events::last_batch(&mut connection)? + 1;
        Ok(Self {
            file_id: connector.file_id(),
            connector,
            connection,
            health,
            metrics,
            bytes_written: Arc::default(),
            held: HashMap::new(),
            next_batch,
            oldest_batch: 0,
            housekeeping_at: Instant::now() + HOUSEKEEPING,
        })
    }

    fn run(mut self, queue: &Queue, commit_window: Duration) {
        let mut pace = Pace::new(commit_window);
        while let Some(waiting) = queue.next(pace.earliest(), self.housekeeping_at) {
            let mut group = Group::new(self.next_batch);
            let restart_wal = waiting.restart_wal;
            group.absorb(waiting);
            self.keep_house(&mut group);
            if !group.is_empty() {
                let began = Instant::now();
                self.commit(&mut group, queue);
                self.remember(&group);
                self.bytes_written.fetch_add(group.bytes(), Ordering::Relaxed);
                self.metrics.committed(group.logs(), began.elapsed());
                pace.committed(began, group.logs());
                group.publish();
            }
            if restart_wal && let Err(error) = checkpoint(&mut self.connection, "RESTART") {
                log::debug!("storage.wal_not_restarted error={error:?}");
            }
        }
    }

    /// Tries until the group is stored or nothing of it is left.
    fn commit(&mut self, group: &mut Group, queue: &Queue) {
        let mut failing_since = None;
        while let Err(error) = group.store(&mut self.connection) {
            let since = *failing_since.get_or_insert_with(|| {
                log::warn!("storage.failing error={error:?}");
                Instant::now()
            });
            group.undo();
            self.recover(&error);
            self.report(since.elapsed());
            group.expire(Instant::now());
            group.absorb(queue.after(RETRY_PAUSE));
        }
        if let Some(since) = failing_since {
            log::info!("storage.recovered duration_ms={}", since.elapsed().as_millis());
            self.set_health(StorageHealth::Ok);
        }
    }

    fn recover(&mut self, error: &super::group::StoreError) {
        if error.may_be_stored() {
            self.set_health(StorageHealth::Lost);
        }
        if error.needs_new_connection() {
            match self.connector.open_for_writing() {
                Ok(connection) => self.connection = connection,
                Err(error) => log::warn!("storage.reopen_failed error={error:?}"),
            }
        }
    }

    fn report(&self, failing_for: Duration) {
        if failing_for >= UNAVAILABLE_AFTER {
            self.set_health(StorageHealth::Unavailable);
        } else if failing_for >= DEGRADED_AFTER {
            self.set_health(StorageHealth::Degraded);
        }
    }

    fn set_health(&self, health: StorageHealth) {
        self.health.send_if_modified(|current| {
            let changed = *current != health && *current != StorageHealth::Lost;
            if changed {
                *current = health;
            }
            changed
        });
    }

    fn keep_house(&mut self, group: &mut Group) {
        let now = Instant::now();
        if now < self.housekeeping_at {
            return;
        }
        self.housekeeping_at = now + HOUSEKEEPING;
        if self.connector.file_id() != self.file_id {
            log::error!("storage.file_replaced path={}", self.connector.path().display());
            self.set_health(StorageHealth::Lost);
        }
        for held in self.held.values() {
            if now.duration_since(held.since) > OLDEST_BATCH {
                group.add_segment_of(&held.log);
            }
        }
        let oldest = self
            .held
            .values()
            .map(|held| held.batch)
            .min()
            .unwrap_or(self.next_batch);
        if oldest > self.oldest_batch {
            self.oldest_batch = oldest;
            group.delete_batches_before(oldest);
        }
    }

    fn remember(&mut self, group: &Group) {
        for turn in group.segmented() {
            self.held.remove(&turn);
        }
        for log in group.batched() {
            self.held.entry(log.turn_id()).or_insert_with(|| Held {
                batch: self.next_batch,
                since: Instant::now(),
                log: Arc::clone(log),
            });
        }
        if group.batched().next().is_some() {
            self.next_batch += 1;
        }
    }
}
