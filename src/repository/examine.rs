//! A look at a database file that changes nothing, for the command line: with or without a server on it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::connection::log_of;
use super::open::{self, OpenError};
use super::wal::LONG_LOG;

/// What was found. Reasons not to start are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examination {
    /// Whether there is a database; otherwise the first start makes one.
    pub exists: bool,
    /// Whether a running server has it.
    pub in_use: bool,
    /// Whether its schema is this program's; otherwise the next start migrates it.
    pub is_current: bool,
    /// Bytes of the write-ahead log, when it is so long that something must keep it from being moved.
    pub long_log: Option<u64>,
}

/// Checks the file as a start would, without writing. Blocks.
///
/// # Errors
/// `Gone`, `Damaged`, `Newer`, `OldSqlite`, `Open`.
pub fn examine(path: &Path) -> Result<Examination, OpenError> {
    let marker = beside(path, ".lock");
    if !path.exists() {
        let remembered = std::fs::metadata(&marker).is_ok_and(|marker| marker.len() > 0);
        if remembered {
            return Err(OpenError::Gone {
                database: path.to_owned(),
                marker,
            });
        }
        return Ok(Examination {
            exists: false,
            in_use: false,
            is_current: true,
            long_log: None,
        });
    }
    let mut connection = open_read_only(path)?;
    open::check_version(&mut connection, path)?;
    open::check(&mut connection, path)?;
    let is_current = open::check_schema(&mut connection, path)?;
    Ok(Examination {
        exists: true,
        in_use: is_locked(&marker),
        is_current,
        long_log: long_log(path),
    })
}

pub(super) fn open_read_only(path: &Path) -> Result<SqliteConnection, OpenError> {
    let failed = |reason: String| open::damaged_or_unopenable(path, &reason);
    let mut connection =
        SqliteConnection::establish(&read_only_uri(path)).map_err(|error| failed(error.to_string()))?;
    connection
        .batch_execute("PRAGMA busy_timeout = 5000;")
        .map_err(|error| failed(error.to_string()))?;
    Ok(connection)
}

/// A path as a URI (<https://sqlite.org/uri.html>).
fn read_only_uri(path: &Path) -> String {
    let escaped = path.to_string_lossy();
    let escaped = escaped
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    format!("file:{escaped}?mode=ro")
}

fn long_log(path: &Path) -> Option<u64> {
    let log = std::fs::metadata(log_of(path)).ok()?;
    Some(log.len()).filter(|length| *length > LONG_LOG)
}

/// Whether another process has locked it.
fn is_locked(marker: &Path) -> bool {
    let locked = File::open(marker).map(|file| file.try_lock_shared());
    matches!(locked, Ok(Err(TryLockError::WouldBlock)))
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    PathBuf::from(beside)
}
