//! Opens connections to the database file, each set up the same way.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use crate::config::Durability;

/// How long a reader waits for a lock. In WAL mode readers wait only while the log is being recovered.
const READ_PATIENCE: Duration = Duration::from_secs(2);

/// A log that was longer than this (bytes) is cut when it starts again from its beginning.
const LONGEST_KEPT_LOG: u64 = 32 << 20;

/// Knows the file and how it is to be opened.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    path: PathBuf,
    durability: Durability,
}

impl Connector {
    pub(super) fn new(path: &Path, durability: Durability) -> Self {
        Self {
            path: path.to_owned(),
            durability,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn durability(&self) -> Durability {
        self.durability
    }

    /// For the writer: never waits for a lock, never checkpoints by itself. It needs few pages again and again; a large
    /// cache would fill with those of long texts, and keep them.
    pub(super) fn open_for_writing(&self) -> ConnectionResult<SqliteConnection> {
        let synchronous = match self.durability {
            Durability::Full => "FULL",
            Durability::Normal => "NORMAL",
            Durability::Off => "OFF",
        };
        self.open(&format!(
            "PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; \
             PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; \
             PRAGMA cache_size = -512; PRAGMA journal_size_limit = {LONGEST_KEPT_LOG};"
        ))
    }

    /// For readers: cannot write. What they read again is in the kernel's cache.
    pub(super) fn open_for_reading(&self) -> ConnectionResult<SqliteConnection> {
        let patience = READ_PATIENCE.as_millis();
        self.open(&format!(
            "PRAGMA busy_timeout = {patience}; PRAGMA query_only = ON; PRAGMA cache_size = -256;"
        ))
    }

    /// For the checkpointer, and for the first look at a file.
    pub(super) fn open_for_upkeep(&self) -> ConnectionResult<SqliteConnection> {
        self.open("PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 0;")
    }

    fn open(&self, pragmas: &str) -> ConnectionResult<SqliteConnection> {
        // SQLite would create a file that is gone, and a later start would find it empty.
        if !self.path.exists() {
            return Err(ConnectionError::BadConnection(
                "the database file is gone".to_owned(),
            ));
        }
        let mut connection = SqliteConnection::establish(&self.path.to_string_lossy())?;
        connection
            .batch_execute(pragmas)
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }

    /// The file's identity: it changes when somebody puts another file in its place.
    pub(super) fn file_id(&self) -> Option<FileId> {
        let metadata = std::fs::metadata(&self.path).ok()?;
        Some(FileId::of(&metadata))
    }

    /// The identity of the write-ahead log, and its length in bytes; `None` when there is none.
    pub(super) fn log_id(&self) -> Option<(FileId, u64)> {
        let metadata = std::fs::metadata(log_of(&self.path)).ok()?;
        Some((FileId::of(&metadata), metadata.len()))
    }

    /// Has the write-ahead log reach the disk. SQLite keeps its locks on the other files: closing one of those here
    /// would drop them, closing this one does not.
    pub(super) fn sync_log(&self) -> std::io::Result<()> {
        File::open(log_of(&self.path))?.sync_data()
    }
}

/// Where the write-ahead log of a database is.
pub(super) fn log_of(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}

/// Which file it is. A new file may be given the inode of one that was deleted, but not its time of birth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
    /// Nanoseconds since the Unix epoch; 0 where the file system does not know.
    born: u128,
}

impl FileId {
    fn of(metadata: &Metadata) -> Self {
        let born = metadata.created().ok();
        let born = born.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            born: born.map_or(0, |since| since.as_nanos()),
        }
    }
}

impl std::fmt::Display for FileId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}:{}", self.device, self.inode, self.born)
    }
}

#[cfg(test)]
mod tests {
    use super::FileId;

    #[test]
    fn a_new_file_is_another_one_also_when_it_is_given_an_old_inode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let make = || {
            std::fs::write(&path, "x").unwrap();
            let id = FileId::of(&std::fs::metadata(&path).unwrap());
            std::fs::remove_file(&path).unwrap();
            id
        };
        let ids: Vec<_> = std::iter::repeat_with(make).take(50).collect();
        let kept = FileId::of(&std::fs::metadata(folder.path()).unwrap());
        assert_eq!(kept, FileId::of(&std::fs::metadata(folder.path()).unwrap()));
        assert!(
            ids.windows(2).all(|pair| pair[0].born == 0 || pair[0] != pair[1]),
            "{ids:?}"
        );
    }
}
