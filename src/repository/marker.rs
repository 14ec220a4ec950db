//! The file beside the database: it locks the database for one process, and remembers that a database was created
//! here, which file it was, how old it was and since when the machine has run.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::connection::Connector;
use super::examine::beside;
use super::open::OpenError;
use crate::config::Durability;

/// Linux gives each start of the machine another id.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Holds the database for this process, for as long as it lives.
#[derive(Debug)]
pub(super) struct FileLock {
    path: PathBuf,
    file: File,
    /// What the last process wrote.
    remembered: String,
    database_existed: bool,
}

impl FileLock {
    /// Locks the place of a database, whether there is one or not. Files that others may read become this user's alone.
    pub(super) fn lock(database: &Path) -> Result<Self, OpenError> {
        let path = beside(database, ".lock");
        let failed = failed_at(&path);
        if let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            // Conversations are for this user of the machine alone. A folder that is there stays as it is.
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(folder).map_err(&failed)?;
        }
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path);
        let mut file = opened.map_err(&failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::InUse(database.to_owned()),
            TryLockError::Error(source) => failed(source),
        })?;
        let mut remembered = String::new();
        file.read_to_string(&mut remembered).map_err(&failed)?;
        for suffix in ["", "-wal", "-shm", ".lock"] {
            tighten(&beside(database, suffix));
        }
        Ok(Self {
            path,
            file,
            remembered,
            database_existed: database.exists(),
        })
    }

    /// Locks the database and makes sure that it is there, or was never there.
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let lock = Self::lock(database)?;
        if !lock.remembered.is_empty() && !lock.database_existed {
            return Err(OpenError::Gone {
                database: database.to_owned(),
                marker: lock.path,
            });
        }
        if !lock.database_existed {
            // SQLite gives its other files the same mode.
            let mut options = OpenOptions::new();
            let created = options.write(true).create_new(true).mode(0o600).open(database);
            created.map_err(failed_at(database))?;
        }
        Ok(lock)
    }

    /// Whether readers may have seen what the database does not have: the machine has restarted since the last
    /// process and not every commit was synced, or this is another file than it was, or a copy of an earlier day.
    pub(super) fn may_have_lost(&self, connector: &Connector, age: i32) -> bool {
        if !self.database_existed {
            return false;
        }
        let mut lines = self.remembered.lines().skip(1);
        let (boot, file, durability) = (lines.next(), lines.next(), lines.next());
        let restarted = boot != Some(&boot_line());
        let synced = durability == Some(&durability_line(Durability::Full));
        let older = lines.nth(1).is_some_and(|known| age_line(age).as_str() < known);
        file != Some(&file_line(connector)) || restarted && !synced || older
    }

    /// Whether the write-ahead log beside the database belongs to another file that was here before: SQLite would
    /// write its pages over this one's.
    pub(super) fn finds_foreign_log(&self, connector: &Connector) -> bool {
        let mut lines = self.remembered.lines().skip(2);
        let (file, log) = (lines.next(), lines.nth(1));
        let replaced = self.database_existed && file.is_some_and(|file| file != file_line(connector));
        let has_content = connector.log_id().is_some_and(|(_, length)| length > 0);
        replaced && has_content && log == Some(&log_line(connector))
    }

    /// Writes down what the next process has to know; the database's age is kept up to date by the note that this
    /// answers. Call it when the write-ahead log is there.
    pub(super) fn remember(&mut self, connector: &Connector, age: i32) -> Result<AgeNote, OpenError> {
        let note = format!(
            "A tutorstream database was created beside this file.\n{}\n{}\n{}\n{}\n",
            boot_line(),
            file_line(connector),
            durability_line(connector.durability()),
            log_line(connector)
        );
        let written = (|| {
            self.file.rewind()?;
            self.file.set_len(0)?;
            self.file.write_all(note.as_bytes())?;
            let note = AgeNote {
                file: self.file.try_clone()?,
                place: note.len() as u64,
                age,
            };
            note.file.write_all_at(age_line(age).as_bytes(), note.place)?;
            self.file.sync_all()?;
            Ok(note)
        })();
        written.map_err(|source| OpenError::File {
            path: self.path.clone(),
            source,
        })
    }
}

/// The line of the marker that says how old the database is.
#[derive(Debug)]
pub(super) struct AgeNote {
    file: File,
    place: u64,
    age: i32,
}

impl AgeNote {
    /// The age that comes next.
    pub(super) fn next(&self) -> i32 {
        self.age.saturating_add(1)
    }

    /// Call it when the database has that age: never before, so that the note is never ahead of a sound file.
    pub(super) fn write(&mut self, age: i32) {
        self.age = age;
        let written = self.file.write_all_at(age_line(age).as_bytes(), self.place);
        if let Err(error) = written {
            log::warn!("storage.age_not_noted error={error:?}");
        }
    }
}

/// A copy has the mode that its maker gave it, which may let others of the machine read.
fn tighten(path: &Path) {
    let Ok(metadata) = std::fs::metadata(path) else {
        return;
    };
    let mode = metadata.permissions().mode();
    if mode & 0o077 == 0 {
        return;
    }
    let path_shown = path.display();
    match std::fs::set_permissions(path, Permissions::from_mode(mode & 0o700)) {
        Ok(()) => log::info!("storage.tightened path={path_shown}"),
        Err(error) => log::warn!("storage.open_to_others path={path_shown} error={error:?}"),
    }
}

/// Has the next start take this copy of a database for the file that was here, which nothing was lost of.
#[cfg(test)]
pub(crate) fn remember_copy(path: &Path, durability: Durability) {
    let mut lock = FileLock::take(path).unwrap();
    lock.remember(&Connector::new(path, durability), 0).unwrap();
}

fn failed_at(path: &Path) -> impl Fn(std::io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::File {
        path: path.clone(),
        source,
    }
}

fn boot_line() -> String {
    let id = std::fs::read_to_string(BOOT_ID).unwrap_or_default();
    format!("boot {}", id.trim())
}

fn file_line(connector: &Connector) -> String {
    format!("file {}", connector.file_id().unwrap_or_default())
}

fn log_line(connector: &Connector) -> String {
    let (id, _) = connector.log_id().unwrap_or_default();
    format!("log {id}")
}

/// As wide for each age, so that it can be overwritten and compared.
fn age_line(age: i32) -> String {
    format!("age {age:010}")
}

fn durability_line(durability: Durability) -> String {
    format!("durability {durability:?}").to_lowercase()
}
