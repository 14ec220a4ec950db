//! Opens the database file at start: one process at a time, a sound file, a schema that this binary knows.

use std::path::{Path, PathBuf};

use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::age;
use super::connection::Connector;
use super::marker::FileLock;

pub(super) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

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
    /// The file was replaced, and what stands in the old one's log would be written over it.
    #[error(
        "{0} is another file than before, and {0}-wal belongs to the old one: \
         move {0}-wal and {0}-shm away, or bring the old file back"
    )]
    ForeignLog(String),
    /// This program was built with an SQLite that can lose commits.
    #[error(
        "this program was built with SQLite {0}, which can lose commits in WAL mode: build with 3.51.3 or newer"
    )]
    OldSqlite(String),
    /// The server that has it runs another version of the program.
    #[error("the server that uses {0} has an older schema: use the program that it runs")]
    Older(PathBuf),
    /// SQLite cannot open it.
    #[error("cannot open {path}: {reason}")]
    Open {
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
}

/// A sound database of this program's schema.
pub(super) struct Opened {
    pub(super) lock: FileLock,
    /// The writer's connection.
    pub(super) connection: SqliteConnection,
    /// How old the database is.
    pub(super) age: i32,
    /// Whether readers may have seen what is not stored.
    pub(super) may_have_lost: bool,
}

/// Locks the file, checks it, migrates it.
///
/// # Errors
/// One `OpenError` for each reason not to start.
pub(super) fn open(connector: &Connector) -> Result<Opened, OpenError> {
    let path = connector.path();
    let lock = FileLock::take(path)?;
    if lock.finds_foreign_log(connector) {
        return Err(OpenError::ForeignLog(path.display().to_string()));
    }
    let opened = connector.open_for_upkeep();
    let mut connection = opened.map_err(|error| damaged_or_unopenable(path, &error.to_string()))?;
    check_version(&mut connection, path)?;
    check(&mut connection, path)?;
    migrate(&mut connection, path)?;
    let age = age::age(&mut connection);
    let age = age.map_err(|error| damaged_or_unopenable(path, &error.to_string()))?;
    let may_have_lost = lock.may_have_lost(connector, age);
    drop(connection);
    let writing = connector.open_for_writing();
    let connection = writing.map_err(|error| damaged_or_unopenable(path, &error.to_string()))?;
    Ok(Opened {
        lock,
        connection,
        age,
        may_have_lost,
    })
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Before 3.51.3 a reset of the write-ahead log could lose commits (<https://sqlite.org/wal.html#walresetbug>).
pub(super) fn check_version(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let row = diesel::sql_query("SELECT sqlite_version() AS version").get_result::<Version>(connection);
    let row = row.map_err(|error| damaged_or_unopenable(path, &error.to_string()))?;
    let mut parts = row.version.split('.').map(|part| part.parse().unwrap_or(0));
    let version: [u32; 3] = std::array::from_fn(|_| parts.next().unwrap_or(0));
    if version >= [3, 51, 3] {
        Ok(())
    } else {
        Err(OpenError::OldSqlite(row.version))
    }
}

#[derive(QueryableByName)]
struct QuickCheck {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

pub(super) fn check(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
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

pub(super) fn damaged_or_unopenable(path: &Path, reason: &str) -> OpenError {
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

/// Migrates the schema to this program's.
fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |reason: String| OpenError::Migration {
        path: path.to_owned(),
        reason,
    };
    check_schema(connection, path)?;
    connection
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| failed(error.to_string()))?;
    Ok(())
}

/// Whether the schema is this program's, and not an older one; `Newer` when it is newer.
pub(super) fn check_schema(connection: &mut SqliteConnection, path: &Path) -> Result<bool, OpenError> {
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
    let current = found == known;
    if let (Some(found), Some(known)) = (found, known)
        && found > known
    {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(current)
}
