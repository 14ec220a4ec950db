//! The one writer of the database: takes whatever waits, commits it as one transaction, and only then shows it.
//! Under load the group grows and the cost per delta falls.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::sqlite::SqliteConnection;
use tokio::sync::watch;

use super::checkpoint::checkpoint;
use super::connection::{Connector, FileId};
use super::erasure::Erasure;
use super::error::RepositoryError;
use super::group::Group;
use super::health::StorageHealth;
use super::marker::AgeNote;
use super::pace::Pace;
use super::queue::Queue;
use super::source::CommitSource;
use crate::fanout::Fanout;
use crate::ids::TurnId;
use crate::telemetry::Metrics;

/// After so long without a commit readers are told.
const DEGRADED_AFTER: Duration = Duration::from_secs(10);
/// After so long without a commit turns fail.
pub(super) const UNAVAILABLE_AFTER: Duration = Duration::from_secs(30);
/// Pause between two tries of a group.
const RETRY_PAUSE: Duration = Duration::from_millis(25);
/// How often old batches are deleted.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// A turn older than this gets a segment, so that its batches can go.
const OLDEST_BATCH: Duration = Duration::from_secs(60);

pub(super) struct WriterThread {
    connector: Connector,
    connection: SqliteConnection,
    health: watch::Sender<StorageHealth>,
    metrics: Arc<Metrics>,
    fanout: Arc<Fanout>,
    bytes_written: Arc<AtomicU64>,
    erasure: Arc<Erasure>,
    file_id: Option<FileId>,
    age_note: AgeNote,
    /// What was written when the database became older last.
    aged_at: u64,
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

impl WriterThread {
    pub(super) fn new(
        (connector, mut connection): (Connector, SqliteConnection),
        age_note: AgeNote,
        health: watch::Sender<StorageHealth>,
        (metrics, fanout): (Arc<Metrics>, Arc<Fanout>),
    ) -> Result<Self, RepositoryError> {
        let next_batch = super::turn_events::last_batch(&mut connection)? + 1;
        Ok(Self {
            file_id: connector.file_id(),
            connector,
            connection,
            health,
            metrics,
            fanout,
            bytes_written: Arc::default(),
            erasure: Arc::default(),
            age_note,
            aged_at: 0,
            held: HashMap::new(),
            next_batch,
            oldest_batch: 0,
            housekeeping_at: Instant::now() + HOUSEKEEPING,
        })
    }

    /// About how many bytes were written since the start.
    pub(super) fn bytes_written(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes_written)
    }

    /// What was deleted and has to leave the files.
    pub(super) fn erasure(&self) -> Arc<Erasure> {
        Arc::clone(&self.erasure)
    }

    pub(super) fn run(mut self, queue: &Queue, commit_window: Duration) {
        let mut pace = Pace::new(commit_window);
        while let Some(waiting) = queue.next(pace.earliest(), self.housekeeping_at) {
            let mut group = Group::new(self.next_batch, self.age_note.next());
            let restart_wal = waiting.restart_wal;
            let erase = waiting.erase.then(|| self.erasure.wanted());
            group.absorb(waiting);
            self.keep_house(&mut group);
            if erase.is_some() {
                self.drop_batches(&mut group);
            }
            if !group.is_empty() {
                let began = Instant::now();
                if !self.commit(&mut group, queue) {
                    return;
                }
                self.remember(&group);
                let written = group.bytes() + self.bytes_written.fetch_add(group.bytes(), Ordering::Relaxed);
                if let Some(age) = group.new_age() {
                    self.aged_at = written;
                    self.age_note.write(age);
                }
                self.metrics.committed(group.logs(), began.elapsed());
                pace.committed(began, group.logs());
                group.publish(&self.fanout);
            }
            if let Some(covered) = erase {
                self.empty_wal(covered);
            }
            if restart_wal && let Err(error) = checkpoint(&mut self.connection, "RESTART") {
                log::debug!("storage.wal_not_restarted error={error:?}");
            }
        }
    }

    /// Tries until the group is stored. False when only a restart can tell what is: nothing more is written then.
    fn commit(&mut self, group: &mut Group, queue: &Queue) -> bool {
        let mut failing_since = None;
        if self.is_lost() {
            return false;
        }
        while let Err(error) = group.store(&mut self.connection) {
            let since = *failing_since.get_or_insert_with(|| {
                log::warn!("storage.failing error={error:?}");
                Instant::now()
            });
            group.undo();
            self.recover(&error);
            if self.is_lost() {
                return false;
            }
            self.report(since.elapsed());
            group.expire(Instant::now());
            group.absorb(queue.after(RETRY_PAUSE));
        }
        if let Some(since) = failing_since {
            log::info!("storage.recovered duration_ms={}", since.elapsed().as_millis());
            self.set_health(StorageHealth::Ok);
        }
        true
    }

    fn is_lost(&self) -> bool {
        *self.health.borrow() == StorageHealth::Lost
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
        if self.bytes_written.load(Ordering::Relaxed) != self.aged_at {
            group.grow_older();
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

    /// Live turns get segments, so that no batch is needed any more: one may hold frames of a turn that was deleted.
    fn drop_batches(&mut self, group: &mut Group) {
        for held in self.held.values() {
            group.add_segment_of(&held.log);
        }
        self.oldest_batch = self.next_batch;
        group.delete_batches_before(self.next_batch);
    }

    /// A reader that is in the middle of something puts it off: the checkpointer asks again.
    fn empty_wal(&mut self, covered: u64) {
        match checkpoint(&mut self.connection, "TRUNCATE") {
            Ok(progress) if progress.is_complete() => self.erasure.complete(covered),
            Ok(_) => {}
            Err(error) => log::debug!("storage.not_erased error={error:?}"),
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
