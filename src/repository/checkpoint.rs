//! Moves the write-ahead log into the database file, on a thread and a connection of its own: the writer never
//! waits for it, except for a short last step when the log has grown long. Where somebody else's snapshot keeps the
//! log from being moved, it is synced where it is, and a log that grows for that reason is told.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel::sqlite::SqliteConnection;

use super::connection::Connector;
use super::wal::LogSize;
use super::writer::Writer;
use crate::config::Durability;
use crate::telemetry::Metrics;

const INTERVAL: Duration = Duration::from_millis(250);
/// Bytes written that are worth a checkpoint.
const WORTH_IT: u64 = 4 << 20;
/// What was written is moved, and synced, after so long: with `normal` durability a power cut takes no more.
const AT_LATEST: Duration = Duration::from_secs(1);
/// From so many pages on (16 MiB) the writer does the last step, so that the log starts again from its beginning.
const LONG: i32 = 4096;

#[derive(Debug, QueryableByName)]
pub(super) struct Progress {
    #[diesel(sql_type = Integer)]
    busy: i32,
    /// Pages in the log.
    #[diesel(sql_type = Integer)]
    log: i32,
    /// Those of them that are moved.
    #[diesel(sql_type = Integer)]
    checkpointed: i32,
}

impl Progress {
    /// Whether a checkpoint that empties the log has done so.
    pub(super) fn is_complete(&self) -> bool {
        self.busy == 0 && self.log == 0
    }

    /// Whether all of the log is moved, which syncs it first.
    fn has_moved_all(&self) -> bool {
        self.busy == 0 && self.log == self.checkpointed
    }
}

/// Stops the thread when dropped, soon after.
pub(super) struct Checkpointer {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Checkpointer {
    pub(super) fn start(
        connector: Connector,
        writer: Writer,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let mut upkeep = LogUpkeep {
            own: connector.file_id(),
            connector,
            writer,
            connection: None,
            size: LogSize::new(metrics),
            done: 0,
            last: Instant::now(),
            erased_at: None,
        };
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || upkeep.run(&stopped))?;
        Ok(Self { stop, thread })
    }

    /// Waits until it has stopped. Blocks, for as long as the disk does.
    pub(super) fn stop(self) {
        drop(self.stop);
        // A panic of the thread has been logged by the panic hook.
        let _ = self.thread.join();
    }
}

struct LogUpkeep {
    connector: Connector,
    own: Option<super::connection::FileId>,
    writer: Writer,
    connection: Option<SqliteConnection>,
    size: LogSize,
    /// What was written when it was all moved or synced last, and when that was.
    done: u64,
    last: Instant,
    erased_at: Option<Instant>,
}

impl LogUpkeep {
    fn run(&mut self, stopped: &Receiver<()>) {
        while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
            let written = self.writer.bytes_written();
            let waiting = written - self.done;
            let erase = self.writer.has_to_erase()
                && self.erased_at.is_none_or(|moment| moment.elapsed() >= AT_LATEST);
            if !erase && waiting < WORTH_IT && (waiting == 0 || self.last.elapsed() < AT_LATEST) {
                continue;
            }
            self.last = Instant::now();
            if self.connection.is_none() {
                self.connection = self.connector.open_for_upkeep().ok();
            }
            // Another file in its place is not ours to write to, least of all from the log of the old one. Asked after
            // the opening, so that it is this file that was opened.
            if self.connector.file_id() != self.own {
                return;
            }
            if self.look_after(erase) {
                self.done = written;
            }
        }
    }

    /// Moves what can be moved, and has the rest synced. Answers whether there is nothing more to do.
    fn look_after(&mut self, erase: bool) -> bool {
        let Some(connection) = &mut self.connection else {
            return false;
        };
        let moved = checkpoint(connection, "PASSIVE");
        if let Err(error) = &moved {
            log::warn!("storage.checkpoint_failed error={error:?}");
            self.connection = None;
        }
        let moved = moved.ok();
        if erase && moved.is_some() {
            self.erased_at = Some(Instant::now());
            self.writer.erase_now();
        } else if moved.as_ref().is_some_and(|moved| moved.log >= LONG) {
            self.writer.restart_wal();
        }
        let held = moved.as_ref().map_or(0, |moved| moved.log - moved.checkpointed);
        self.size.look(&self.connector, u32::try_from(held).unwrap_or(0));
        moved.is_some_and(|moved| moved.has_moved_all()) || self.sync()
    }

    /// A log that cannot be moved is not synced by SQLite with `normal` durability.
    fn sync(&self) -> bool {
        if self.connector.durability() != Durability::Normal {
            return true;
        }
        match self.connector.sync_log() {
            Ok(()) => true,
            Err(error) => {
                log::warn!("storage.log_not_synced error={error:?}");
                false
            }
        }
    }
}

/// Moves what it can.
pub(super) fn checkpoint(connection: &mut SqliteConnection, mode: &str) -> QueryResult<Progress> {
    diesel::sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result(connection)
}
