//! Opens the database file at start: one process at a time, a sound file, a schema that this binary knows.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::Connector;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Why the service does not start on this database. The words are meant for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or the files beside the database cannot be made.
    #[error("cannot use {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process has it.
    #[error("{0} is in use by another process: one database file serves one process")]
    InUse(PathBuf),
    /// It was here, and is gone.
    #[error("{database} is gone although it was created here: restore it, or delete {marker} to start empty")]
    Gone {
        /// The database file.
        database: PathBuf,
        /// The file that remembers it.
        marker: PathBuf,
    },
    /// `PRAGMA quick_check` found damage.
    #[error("{path} is damaged ({report}): restore a backup; nothing was changed")]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        report: String,
    },
    /// A newer tutorstream has written it.
    #[error("{path} has schema {found}, newer than this program's {known}: run the newer program")]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The newest migration in the file.
        found: String,
        /// The newest migration in the binary.
        known: String,
    },
    /// A migration failed; it was rolled back.
    #[error("cannot migrate {path}: {reason}")]
    Migration {
        /// The database file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// SQLite cannot open it.
    #[error("cannot open {path}: {reason}")]
    Open {
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
}

/// Holds the database file for this process, for as long as it lives.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

/// Locks the file, checks it, migrates it.
///
/// # Errors
/// One `OpenError` for each reason not to start.
pub(super) fn open(connector: &Connector) -> Result<(FileLock, SqliteConnection), OpenError> {
    let path = connector.path();
    let lock = lock(path)?;
    let opened = connector.open_for_upkeep();
    let mut connection = opened.map_err(|error| damaged_or_unopenable(path, &error.to_string()))?;
    check(&mut connection, path)?;
    migrate(&mut connection, path)?;
    drop(connection);
    let writing = connector.open_for_writing();
    let connection = writing.map_err(|error| damaged_or_unopenable(path, &error.to_string()))?;
    Ok((lock, connection))
}

/// The marker beside the database is the lock and the memory that a database was created here.
fn lock(path: &Path) -> Result<FileLock, OpenError> {
    let file_error = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::File { path, source }
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(file_error(folder))?;
    }
    let mut marker = path.as_os_str().to_owned();
    marker.push(".lock");
    let marker = PathBuf::from(marker);
    let remembered = std::fs::metadata(&marker).is_ok_and(|metadata| metadata.len() > 0);
    let opened = OpenOptions::new().create(true).append(true).open(&marker);
    let mut file = opened.map_err(file_error(&marker))?;
    file.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => OpenError::InUse(path.to_owned()),
        std::fs::TryLockError::Error(source) => file_error(&marker)(source),
    })?;
    if remembered && !path.exists() {
        return Err(OpenError::Gone {
            database: path.to_owned(),
            marker,
        });
    }
    if !remembered {
        File::create_new(path)
            .map(drop)
            .or_else(already_there)
            .map_err(file_error(path))?;
        let note = file.write_all(b"A tutorstream database was created beside this file.\n");
        note.map_err(file_error(&marker))?;
    }
    Ok(FileLock { _file: file })
}

fn already_there(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        Ok(())
    } else {
        Err(error)
    }
}

#[derive(QueryableByName)]
struct QuickCheck {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

fn check(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let rows = diesel::sql_query("PRAGMA quick_check(1)").load::<QuickCheck>(connection);
    let report = match rows {
        Ok(rows) => rows
            .into_iter()
            .map(|row| row.quick_check)
            .collect::<Vec<_>>()
            .join("; "),
        Err(error) => return Err(damaged_or_unopenable(path, &error.to_string())),
    };
    if report == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged {
            path: path.to_owned(),
            report,
        })
    }
}

fn damaged_or_unopenable(path: &Path, reason: &str) -> OpenError {
    let path = path.to_owned();
    if reason.contains("malformed") || reason.contains("not a database") {
        OpenError::Damaged {
            path,
            report: reason.to_owned(),
        }
    } else {
        OpenError::Open {
            path,
            reason: reason.to_owned(),
        }
    }
}

fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |reason: String| OpenError::Migration {
        path: path.to_owned(),
        reason,
    };
    let known =
        MigrationSource::<Sqlite>::migrations(&MIGRATIONS).map_err(|error| failed(error.to_string()))?;
    let known = known
        .iter()
        .map(|migration| migration.name().version().to_string())
        .max();
    let applied = connection
        .applied_migrations()
        .map_err(|error| failed(error.to_string()))?;
    let found = applied.iter().map(ToString::to_string).max();
    if let (Some(found), Some(known)) = (found, known)
        && found > known
    {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    connection
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| failed(error.to_string()))?;
    Ok(())
}
