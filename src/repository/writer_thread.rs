//! The one writer of the database: takes whatever waits, commits it as one transaction, and only then shows it.
//! Under load the group grows and the cost per delta falls.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::sqlite::SqliteConnection;

use super::checkpoint::checkpoint;
use super::connection::{Connector, FileId};
use super::erasure::Erasure;
use super::error::RepositoryError;
use super::group::Group;
use super::marker::AgeNote;
use super::pace::Pace;
use super::queue::Queue;
use super::source::CommitSource;
use super::store_error::StoreError;
use super::suspicion::Suspicion;
use super::watchdog::Watch;
use crate::fanout::Fanout;
use crate::ids::TurnId;
use crate::telemetry::Metrics;

/// Pause between two tries of a group.
const RETRY_PAUSE: Duration = Duration::from_millis(25);
/// How often old batches are deleted.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// A turn older than this gets a segment, so that its batches can go.
const OLDEST_BATCH: Duration = Duration::from_secs(60);

pub(super) struct WriterThread {
    connector: Connector,
    connection: SqliteConnection,
    watch: Arc<Watch>,
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
    suspicion: Suspicion,
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
        watch: Arc<Watch>,
        (metrics, fanout): (Arc<Metrics>, Arc<Fanout>),
    ) -> Result<Self, RepositoryError> {
        let next_batch = super::turn_events::last_batch(&mut connection)? + 1;
        Ok(Self {
            file_id: connector.file_id(),
            connector,
            connection,
            watch,
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
            suspicion: Suspicion::default(),
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
        let _leaving = Leaving {
            queue,
            watch: Arc::clone(&self.watch),
        };
        let mut pace = Pace::new(commit_window);
        while let Some(waiting) = queue.next(pace.earliest(), self.housekeeping_at) {
            self.watch.pulse.begin();
            let mut group = Group::new(self.next_batch, self.age_note.next());
            let restart_wal = waiting.restart_wal;
            let mut erase = waiting.erase.then(|| self.erasure.wanted());
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
                pace.committed(began, group.logs());
                self.metrics.committed(group.logs(), began.elapsed());
                erase = erase.filter(|_| group.refused().is_empty());
                self.try_aside(&mut group, queue);
                self.committed(group);
            }
            if let Some(covered) = erase {
                self.empty_wal(covered);
            }
            if restart_wal && let Err(error) = checkpoint(&mut self.connection, "RESTART") {
                log::debug!("storage.wal_not_restarted error={error:?}");
            }
            self.watch.pulse.rest();
        }
        self.leave_whole();
    }

    /// Connections that read may be open yet, so SQLite does not take this one for the last: after a clean end the file is
    /// whole without its log.
    fn leave_whole(&mut self) {
        if !self.watch.pulse.is_lost()
            && let Err(error) = checkpoint(&mut self.connection, "TRUNCATE")
        {
            log::debug!("storage.log_not_moved error={error:?}");
        }
    }

    /// What is stored is remembered, and then shown.
    fn committed(&mut self, group: Group) {
        self.remember(&group);
        let written = group.bytes() + self.bytes_written.fetch_add(group.bytes(), Ordering::Relaxed);
        if let Some(age) = group.new_age() {
            self.aged_at = written;
            self.age_note.write(age);
        }
        self.watch.pulse.beat();
        group.publish(&self.fanout);
    }

    /// Tries until the group is stored. False when nothing more is written: only a restart can tell what is stored, or
    /// the service ends and nothing is left that anybody waits for.
    fn commit(&mut self, group: &mut Group, queue: &Queue) -> bool {
        if self.watch.pulse.is_lost() {
            return false;
        }
        while let Err(error) = group.store(&mut self.connection) {
            self.watch.pulse.failed(&error);
            if error.may_be_stored() {
                self.watch.pulse.lose();
                return false;
            }
            group.undo();
            if error.needs_new_connection() {
                self.reconnect();
            }
            group.forget_withdrawn();
            if let StoreError::InJob(place, error) = error
                && self.suspicion.leaves_out(place, &error)
            {
                group.set_aside(place, error);
            }
            group.absorb(queue.after(RETRY_PAUSE));
            if !group.has_work() && queue.is_closed() || self.watch.pulse.is_lost() {
                return false;
            }
        }
        true
    }

    /// A job that was left out of what is stored now is tried again, or given up when that has come to pass too often.
    fn try_aside(&mut self, group: &mut Group, queue: &Queue) {
        match group.take_aside() {
            None => self.suspicion = Suspicion::default(),
            Some((mut job, error)) if self.suspicion.is_proven() => {
                log::error!("storage.job_refused error={error:?}");
                job.refuse(error);
                job.committed();
            }
            Some((job, _)) => queue.push_job(job),
        }
    }

    fn reconnect(&mut self) {
        match self.connector.open_for_writing() {
            Ok(connection) => self.connection = connection,
            Err(error) => log::debug!("storage.reopen_failed error={error:?}"),
        }
    }

    fn keep_house(&mut self, group: &mut Group) {
        let now = Instant::now();
        if now < self.housekeeping_at {
            return;
        }
        self.housekeeping_at = now + HOUSEKEEPING;
        if self.connector.file_id() != self.file_id {
            log::error!("storage.file_replaced path={}", self.connector.path().display());
            self.watch.pulse.lose();
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
        for turn in group.refused() {
            if let Some(held) = self.held.get_mut(turn) {
                // It is tried again when it has aged once more.
                held.since = Instant::now();
            }
        }
        self.next_batch = group.next_batch();
    }
}

/// However the writer ends, whoever waits for it is answered.
struct Leaving<'a> {
    queue: &'a Queue,
    watch: Arc<Watch>,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.watch.pulse.lose();
        }
        self.watch.pulse.end();
        self.queue.leave();
    }
}

#[cfg(test)]
mod tests;
