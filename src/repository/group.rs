//! One group commit: jobs, segments and a batch of frames in one transaction. What fails for itself alone is taken
//! back alone, by a savepoint; what fails with the database waits for the next try.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;

use super::age::set_age;
use super::batch::Batch;
use super::error::RepositoryError;
use super::job::{Job, Retry};
use super::queue::Waiting;
use super::savepoint::{run_job, write_segments_apart};
use super::source::CommitSource;
use super::store_error::StoreError;
use super::turn_events;
use crate::fanout::Fanout;
use crate::ids::TurnId;

pub(super) struct Group {
    jobs: Vec<Box<dyn Job>>,
    /// A job that is left out, and why: when the others can be stored without it, it may be the one that fails.
    aside: Option<(usize, Box<dyn Job>, RepositoryError)>,
    logs: Vec<Arc<dyn CommitSource>>,
    aged: Vec<Arc<dyn CommitSource>>,
    delete_before: Option<i64>,
    /// The next age of the database.
    age: i32,
    /// Whether the database is to become older: now and then, and to show that it takes writes after it has failed.
    ages: bool,
    in_batch: Vec<usize>,
    segmented: Vec<Arc<dyn CommitSource>>,
    /// Turns whose segments could not be stored, for their own sake.
    refused: Vec<TurnId>,
    batch: Batch,
    segment_bytes: usize,
}

impl Group {
    pub(super) fn new(batch_id: i64, age: i32) -> Self {
        Self {
            age,
            jobs: Vec::new(),
            aside: None,
            logs: Vec::new(),
            aged: Vec::new(),
            delete_before: None,
            ages: false,
            in_batch: Vec::new(),
            segmented: Vec::new(),
            refused: Vec::new(),
            batch: Batch::new(batch_id),
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
        !self.has_work() && self.aged.is_empty() && self.delete_before.is_none() && !self.ages
    }

    /// Whether it has something that would be lost without it.
    pub(super) fn has_work(&self) -> bool {
        !self.jobs.is_empty() || !self.logs.is_empty() || self.aside.is_some()
    }

    /// About how many bytes the group writes: a page or two for each row that is not a batch.
    pub(super) fn bytes(&self) -> u64 {
        const ROW: usize = 8192;
        let rows = (1 + self.jobs.len() + self.segmented.len()) * ROW;
        (rows + self.batch.bytes() + self.segment_bytes) as u64
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

    /// Turns whose frames stay in their batches, because no segment of theirs can be stored.
    pub(super) fn refused(&self) -> &[TurnId] {
        &self.refused
    }

    /// The id of the next group's batch.
    pub(super) fn next_batch(&self) -> i64 {
        self.batch.next_id()
    }

    /// Stores everything as one transaction, or nothing.
    pub(super) fn store(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let begun = connection.batch_execute("BEGIN IMMEDIATE");
        let result = begun
            .map_err(StoreError::from)
            .and_then(|()| self.write(connection))
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

    fn write(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        self.write_jobs(connection)?;
        for log in &self.aged {
            let bytes = write_segments_apart(connection, log, &mut self.segmented)?;
            match bytes {
                Ok(bytes) => self.segment_bytes += bytes,
                Err(error) => {
                    log::error!(
                        "storage.segment_refused turn.id={} error={error:?}",
                        log.turn_id()
                    );
                    self.refused.push(log.turn_id());
                }
            }
        }
        self.write_batch(connection)?;
        if let Some(id) = self.delete_before.filter(|_| self.refused.is_empty()) {
            turn_events::delete_batches_before(connection, id)?;
        }
        if self.ages {
            // Writes a page, even when the callers whose work failed have gone.
            set_age(connection, self.age)?;
        }
        Ok(())
    }

    fn write_jobs(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        for (place, job) in self.jobs.iter_mut().enumerate() {
            if !job.begin() {
                continue;
            }
            connection.batch_execute("SAVEPOINT job")?;
            let segmented = self.segmented.len();
            match run_job(connection, job.as_mut(), &mut self.segmented) {
                Ok(bytes) => {
                    self.segment_bytes += bytes;
                    connection.batch_execute("RELEASE job")?;
                }
                Err(Retry::Undo) => {
                    connection.batch_execute("ROLLBACK TO job; RELEASE job")?;
                    // What was taken of the log that it would have ended is not stored.
                    self.segmented.drain(segmented..).for_each(|log| log.undo());
                }
                Err(Retry::Group(error)) => return Err(StoreError::InJob(place, error)),
            }
        }
        Ok(())
    }

    fn write_batch(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        for (index, log) in self.logs.iter().enumerate() {
            if log.wants_segment() {
                match write_segments_apart(connection, log, &mut self.segmented)? {
                    Ok(bytes) => {
                        self.segment_bytes += bytes;
                        continue;
                    }
                    // It is told when the log has aged.
                    Err(error) => log::debug!("storage.segment_refused error={error:?}"),
                }
            }
            if log.take_into(self.batch.frames()) {
                self.in_batch.push(index);
                self.batch.store_if_long(connection)?;
            }
        }
        self.batch.store(connection)
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
        self.jobs.iter_mut().for_each(|job| job.undo());
        self.in_batch.clear();
        self.segmented.clear();
        self.refused.clear();
        self.batch.clear();
        self.segment_bytes = 0;
        if let Some((place, job, _)) = self.aside.take() {
            self.jobs.insert(place.min(self.jobs.len()), job);
        }
    }

    /// Leaves a job out of the next try. Call it after `undo`.
    pub(super) fn set_aside(&mut self, place: usize, error: RepositoryError) {
        if place < self.jobs.len() {
            self.aside = Some((place, self.jobs.remove(place), error));
        }
    }

    /// The job that was left out of what is stored now.
    pub(super) fn take_aside(&mut self) -> Option<(Box<dyn Job>, RepositoryError)> {
        self.aside.take().map(|(_, job, error)| (job, error))
    }

    /// Lets go of work whose caller was told that it is not stored.
    pub(super) fn forget_withdrawn(&mut self) {
        self.jobs.retain(|job| !job.is_withdrawn());
    }
}

#[cfg(test)]
mod tests;
