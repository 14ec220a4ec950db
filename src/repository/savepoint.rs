//! Parts of a group that fail for themselves alone: each is stored whole or not at all, and spares the others.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::job::{Job, Retry};
use super::source::{CommitSource, Segment};
use super::turn_events;

/// Runs a job after the rest of the log that it ends is written; answers how many bytes that were.
pub(super) fn run_job(
    connection: &mut SqliteConnection,
    job: &mut dyn Job,
    segmented: &mut Vec<Arc<dyn CommitSource>>,
) -> Result<usize, Retry> {
    let Some(log) = job.ends().cloned() else {
        return job.run(connection).map(|()| 0);
    };
    match write_segments(connection, (&log, segmented), || log.take_last_segment()) {
        Ok(bytes) => job.run(connection).map(|()| bytes),
        Err(error) if error.is_storage_failure() => Err(Retry::Group(error)),
        Err(error) => {
            job.refuse(error);
            Err(Retry::Undo)
        }
    }
}

/// Writes the segments of a log that goes on, all or none; the inner error is of this log alone.
pub(super) fn write_segments_apart(
    connection: &mut SqliteConnection,
    log: &Arc<dyn CommitSource>,
    segmented: &mut Vec<Arc<dyn CommitSource>>,
) -> Result<Result<usize, RepositoryError>, RepositoryError> {
    connection.batch_execute("SAVEPOINT log")?;
    let before = segmented.len();
    match write_segments(connection, (log, segmented), || log.take_segment()) {
        Ok(bytes) => {
            connection.batch_execute("RELEASE log")?;
            Ok(Ok(bytes))
        }
        Err(error) if error.is_storage_failure() => Err(error),
        Err(error) => {
            connection.batch_execute("ROLLBACK TO log; RELEASE log")?;
            segmented.drain(before..).for_each(|log| log.undo());
            Ok(Err(error))
        }
    }
}

/// Writes all frames of a log that stand in no segment, and answers how many bytes that were.
pub(super) fn write_segments(
    connection: &mut SqliteConnection,
    (log, segmented): (&Arc<dyn CommitSource>, &mut Vec<Arc<dyn CommitSource>>),
    take: impl Fn() -> Option<Segment>,
) -> Result<usize, RepositoryError> {
    let mut bytes = 0;
    while let Some(segment) = take() {
        if bytes == 0 {
            segmented.push(Arc::clone(log));
        }
        bytes += segment.frames.len();
        turn_events::insert_segment(connection, log.turn_id(), &segment)?;
    }
    Ok(bytes)
}
