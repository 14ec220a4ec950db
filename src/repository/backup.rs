//! Copies of a database: made while a server writes, checked before they count, and put in its place while none does.
//! Every file is for this user of the machine alone.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::examine::{beside, examine, open_read_only};
use super::marker::FileLock;
use super::open::{self, OpenError};

/// Why there is no copy. The words are meant for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database, or the copy, cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is there.
    #[error("there is no database {0}")]
    Missing(PathBuf),
    /// A file is where one was to be made.
    #[error("{0} is there already: name a file that is not")]
    Exists(PathBuf),
    /// A database is where the copy was to be put.
    #[error("{0} is there already: --replace puts the copy in its place")]
    NotReplaced(PathBuf),
    /// It is some other program's.
    #[error("{0} is no database of tutorstream: nothing was changed")]
    Foreign(PathBuf),
    /// A file cannot be written, or not be put in its place.
    #[error("cannot write {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite cannot copy it.
    #[error("cannot copy {path}: {reason}")]
    Copy {
        /// What was to be copied.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
}

/// Writes the database as it is at one moment to a new file. A server may use it, and goes on writing. Blocks.
///
/// # Errors
/// One [`BackupError`] for each reason why there is no copy; then the file is not there.
pub fn back_up(database: &Path, copy: &Path) -> Result<(), BackupError> {
    if !examine(database)?.exists {
        return Err(BackupError::Missing(database.to_owned()));
    }
    if copy.exists() {
        return Err(BackupError::Exists(copy.to_owned()));
    }
    Part::copied(database, copy)?.put_in_place()
}

/// Puts a copy in the place of the database, which no server may be using. Turns that were running in the copy go on, with
/// later numbers, when the next server takes it up. Blocks.
///
/// # Errors
/// One [`BackupError`] for each reason why it is not restored; then the database is as it was.
pub fn restore(copy: &Path, database: &Path, replace: bool) -> Result<(), BackupError> {
    if !copy.exists() {
        return Err(BackupError::Missing(copy.to_owned()));
    }
    check(copy)?;
    let _lock = FileLock::lock(database)?;
    if database.exists() && !replace {
        return Err(BackupError::NotReplaced(database.to_owned()));
    }
    Part::copied(copy, database)?.put_in_place()?;
    // They belong to the one that was there. A crash before this leaves a server that refuses to mix the two.
    for suffix in ["-wal", "-shm"] {
        let path = beside(database, suffix);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(BackupError::File { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a file is a sound database of this program, or of an older one.
fn check(path: &Path) -> Result<(), BackupError> {
    let mut connection = open_read_only(path)?;
    open::check_version(&mut connection, path)?;
    check_whole(&mut connection, path)?;
    if !is_ours(&mut connection) {
        return Err(BackupError::Foreign(path.to_owned()));
    }
    open::check_schema(&mut connection, path)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Check {
    #[diesel(sql_type = diesel::sql_types::Text)]
    integrity_check: String,
}

/// Also looks at whether indexes have what their tables have, which a start does not wait for.
fn check_whole(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let found = diesel::sql_query("PRAGMA integrity_check(1)").get_result::<Check>(connection);
    match found {
        Ok(found) if found.integrity_check == "ok" => Ok(()),
        Ok(found) => Err(OpenError::Damaged {
            path: path.to_owned(),
            report: found.integrity_check,
        }),
        Err(error) => Err(open::damaged_or_unopenable(path, &error.to_string())),
    }
}

fn is_ours(connection: &mut SqliteConnection) -> bool {
    let tables = ["__diesel_schema_migrations", "sessions", "turn_events"];
    let mut counts = tables.map(|table| format!("SELECT 1 FROM {table} LIMIT 1"));
    counts
        .iter_mut()
        .all(|query| connection.batch_execute(query).is_ok())
}

/// A copy that is not in its place yet; removed when it does not come there.
struct Part {
    path: PathBuf,
    place: PathBuf,
}

impl Part {
    /// A sound copy of `source` beside `place`.
    fn copied(source: &Path, place: &Path) -> Result<Self, BackupError> {
        let part = Self {
            path: beside(place, ".part"),
            place: place.to_owned(),
        };
        // What a copy that was cut has left.
        let _ = std::fs::remove_file(&part.path);
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(&part.path);
        made.map_err(|source| part.failed(source))?;
        let failed = |reason: String| BackupError::Copy {
            path: source.to_owned(),
            reason,
        };
        let path = part
            .path
            .to_str()
            .ok_or_else(|| failed("the path is not UTF-8".to_owned()))?;
        let statement = format!("VACUUM INTO '{}'", path.replace('\'', "''"));
        let copied = open_read_only(source)?.batch_execute(&statement);
        copied.map_err(|error| failed(error.to_string()))?;
        check(&part.path)?;
        Ok(part)
    }

    /// In one step: whoever opens the place finds all of the copy, or what was there before.
    fn put_in_place(self) -> Result<(), BackupError> {
        let put = || {
            File::open(&self.path)?.sync_all()?;
            std::fs::rename(&self.path, &self.place)?;
            let folder = self
                .place
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        put().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> BackupError {
        BackupError::File {
            path: self.place.clone(),
            source,
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Not there any more when it is in its place.
        let _ = std::fs::remove_file(&self.path);
    }
}
