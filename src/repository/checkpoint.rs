//! Moves the write-ahead log into the database file, on a thread and a connection of its own: the writer never
//! waits for it, except for a short last step when the log has grown long.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel::sqlite::SqliteConnection;

use super::connection::Connector;
use super::writer::Writer;

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
}

impl Progress {
    /// Whether a checkpoint that empties the log has done so.
    pub(super) fn is_complete(&self) -> bool {
        self.busy == 0 && self.log == 0
    }
}

/// Stops the thread when dropped.
pub(super) struct Checkpointer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(connector: Connector, writer: Writer) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || run(&connector, &writer, &stopped))?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been logged by the panic hook.
            let _ = thread.join();
        }
    }
}

fn run(connector: &Connector, writer: &Writer, stopped: &Receiver<()>) {
    let own = connector.file_id();
    let mut connection = None;
    let (mut done, mut last) = (0, Instant::now());
    let mut erased_at = None::<Instant>;
    while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
        let written = writer.bytes_written();
        let waiting = written - done;
        let erase = writer.has_to_erase() && erased_at.is_none_or(|moment| moment.elapsed() >= AT_LATEST);
        if !erase && waiting < WORTH_IT && (waiting == 0 || last.elapsed() < AT_LATEST) {
            continue;
        }
        (done, last) = (written, Instant::now());
        if connection.is_none() {
            connection = connector.open_for_upkeep().ok();
        }
        // Another file in its place is not ours to write to, least of all from the log of the old one. Asked after
        // the opening, so that it is this file that was opened.
        if connector.file_id() != own {
            return;
        }
        match connection
            .as_mut()
            .map(|connection| checkpoint(connection, "PASSIVE"))
        {
            Some(Ok(_)) if erase => {
                erased_at = Some(Instant::now());
                writer.erase_now();
            }
            Some(Ok(progress)) if progress.log >= LONG => writer.restart_wal(),
            Some(Err(error)) => {
                log::warn!("storage.checkpoint_failed error={error:?}");
                connection = None;
            }
            _ => {}
        }
    }
}

/// Moves what it can.
pub(super) fn checkpoint(connection: &mut SqliteConnection, mode: &str) -> QueryResult<Progress> {
    diesel::sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result(connection)
}
