//! One group commit: jobs, segments and a batch of frames in one transaction.

use std::sync::Arc;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;

use super::age::set_age;
use super::error::RepositoryError;
use super::job::{Job, Retry};
use super::queue::Waiting;
use super::source::CommitSource;
use super::turn_events;
use crate::fanout::Fanout;
use crate::ids::TurnId;

/// Where a group failed.
#[derive(Debug)]
pub(super) enum StoreError {
    /// Before the commit: nothing is stored.
    Before(RepositoryError),
    /// In the commit: SQLite says that it is not stored.
    Commit(RepositoryError),
}

impl StoreError {
    /// A commit that ends in an I/O error (a failed fsync, say) may be on the disk or not.
    pub(super) fn may_be_stored(&self) -> bool {
        matches!(self, Self::Commit(error) if describes(error, "disk I/O error"))
    }

    /// Anything but a lock or a full disk may have spoilt the connection.
    pub(super) fn needs_new_connection(&self) -> bool {
        let (Self::Before(error) | Self::Commit(error)) = self;
        !describes(error, "locked") && !describes(error, "full")
    }
}

fn describes(error: &RepositoryError, words: &str) -> bool {
    matches!(error, RepositoryError::Database(error) if error.to_string().contains(words))
}

pub(super) struct Group {
    batch_id: i64,
    jobs: Vec<Box<dyn Job>>,
    logs: Vec<Arc<dyn CommitSource>>,
    aged: Vec<Arc<dyn CommitSource>>,
    delete_before: Option<i64>,
    /// The next age of the database.
    age: i32,
    /// Whether the database is to become older: now and then, and to show that it takes writes after it has failed.
    ages: bool,
    in_batch: Vec<usize>,
    segmented: Vec<Arc<dyn CommitSource>>,
    batch: Vec<u8>,
    segment_bytes: usize,
}

impl Group {
    pub(super) fn new(batch_id: i64, age: i32) -> Self {
        Self {
            batch_id,
            age,
            jobs: Vec::new(),
            logs: Vec::new(),
            aged: Vec::new(),
            delete_before: None,
            ages: false,
            in_batch: Vec::new(),
            segmented: Vec::new(),
            batch: Vec::new(),
            segment_bytes: 0,
        }
    }

    pub(super) fn absorb(&mut self, waiting: Waiting) {
        if self.jobs.is_empty() && self.logs.is_empty() {
            self.jobs = waiting.jobs;
            self.logs = waiting.ready;
        } else {
            self.jobs.extend(waiting.jobs);
            self.logs.extend(waiting.ready);
        }
    }

    pub(super) fn add_segment_of(&mut self, log: &Arc<dyn CommitSource>) {
        self.aged.push(Arc::clone(log));
    }

    pub(super) fn delete_batches_before(&mut self, id: i64) {
        self.delete_before = Some(id);
    }

    /// Has the database become one step older.
    pub(super) fn grow_older(&mut self) {
        self.ages = true;
    }

    /// The age that it gives to the database, if it does.
    pub(super) fn new_age(&self) -> Option<i32> {
        self.ages.then_some(self.age)
    }

    pub(super) fn is_empty(&self) -> bool {
        let nothing_new = self.jobs.is_empty() && self.logs.is_empty() && self.aged.is_empty();
        nothing_new && self.delete_before.is_none() && !self.ages
    }

    /// About how many bytes the group writes: a page or two for each row that is not a batch.
    pub(super) fn bytes(&self) -> u64 {
        const ROW: usize = 8192;
        let rows = (1 + self.jobs.len() + self.segmented.len()) * ROW;
        (rows + self.batch.len() + self.segment_bytes) as u64
    }

    /// How many logs had something to store.
    pub(super) fn logs(&self) -> usize {
        self.in_batch.len() + self.segmented.len()
    }

    pub(super) fn batched(&self) -> impl Iterator<Item = &Arc<dyn CommitSource>> {
        self.in_batch.iter().filter_map(|index| self.logs.get(*index))
    }

    pub(super) fn segmented(&self) -> impl Iterator<Item = TurnId> {
        self.segmented.iter().map(|log| log.turn_id())
    }

    /// Stores everything as one transaction, or nothing.
    pub(super) fn store(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let begun = connection
            .batch_execute("BEGIN IMMEDIATE")
            .map_err(RepositoryError::from);
        let result = begun
            .and_then(|()| self.write(connection))
            .map_err(StoreError::Before)
            .and_then(|()| {
                let committed = connection.batch_execute("COMMIT");
                committed.map_err(|error| StoreError::Commit(error.into()))
            });
        if result.is_err() {
            // After some errors SQLite has rolled back by itself and has nothing left to roll back.
            let _ = connection.batch_execute("ROLLBACK");
        }
        result
    }

    fn write(&mut self, connection: &mut SqliteConnection) -> Result<(), RepositoryError> {
        self.write_jobs(connection)?;
        for log in &self.aged {
            self.segment_bytes += write_segments(connection, log, &mut self.segmented)?;
        }
        self.write_batch(connection)?;
        if let Some(id) = self.delete_before {
            turn_events::delete_batches_before(connection, id)?;
        }
        if self.ages {
            // Writes a page, even when the callers whose work failed have gone.
            set_age(connection, self.age)?;
        }
        Ok(())
    }

    fn write_jobs(&mut self, connection: &mut SqliteConnection) -> Result<(), RepositoryError> {
        for job in &mut self.jobs {
            connection.batch_execute("SAVEPOINT job")?;
            if let Some(log) = job.ends() {
                self.segment_bytes += write_segments(connection, log, &mut self.segmented)?;
            }
            match job.run(connection) {
                Ok(()) => connection.batch_execute("RELEASE job")?,
                Err(Retry::Undo) => connection.batch_execute("ROLLBACK TO job; RELEASE job")?,
                Err(Retry::Group(error)) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_batch(&mut self, connection: &mut SqliteConnection) -> Result<(), RepositoryError> {
        for (index, log) in self.logs.iter().enumerate() {
            if log.wants_segment() {
                self.segment_bytes += write_segments(connection, log, &mut self.segmented)?;
            } else if log.take_into(&mut self.batch) {
                self.in_batch.push(index);
            }
        }
        if self.in_batch.is_empty() {
            return Ok(());
        }
        turn_events::insert_batch(connection, self.batch_id, &self.batch)
    }

    /// Shows what is stored, wakes who waits for it and answers the callers.
    pub(super) fn publish(self, fanout: &Fanout) {
        for log in self.batched() {
            log.set_stored();
        }
        for log in &self.segmented {
            log.set_stored();
        }
        for job in self.jobs {
            if let Some(session_id) = job.changed() {
                fanout.announce(session_id);
            }
            job.committed();
        }
    }

    /// Nothing was stored: everything waits for the next try.
    pub(super) fn undo(&mut self) {
        self.ages = true;
        self.logs.iter().chain(&self.segmented).for_each(|log| log.undo());
        self.in_batch.clear();
        self.segmented.clear();
        self.batch.clear();
    }

    /// Answers the callers whose patience has ended.
    pub(super) fn expire(&mut self, now: Instant) {
        for job in self
            .jobs
            .extract_if(.., |job| job.deadline().is_some_and(|deadline| deadline <= now))
        {
            job.expire();
        }
    }
}

/// Writes all frames of a log that stand in no segment, and answers how many bytes that were.
fn write_segments(
    connection: &mut SqliteConnection,
    log: &Arc<dyn CommitSource>,
    segmented: &mut Vec<Arc<dyn CommitSource>>,
) -> Result<usize, RepositoryError> {
    let mut bytes = 0;
    while let Some(segment) = log.take_segment() {
        if bytes == 0 {
            segmented.push(Arc::clone(log));
        }
        bytes += segment.frames.len();
        turn_events::insert_segment(connection, log.turn_id(), &segment)?;
    }
    Ok(bytes)
}
