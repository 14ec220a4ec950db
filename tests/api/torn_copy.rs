//! What a power cut leaves of a database in WAL mode: the files of one moment, with whatever was not synced torn.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::campaign::Chance;
use crate::deadline::eventually;
use crate::server::{send, stands_still};

const WAL_HEADER: u64 = 32;
/// A page and its header.
const FRAME: u64 = 4096 + 24;
/// Where the `-shm` file says how many frames a checkpoint may have moved: those were synced before.
const FRAMES_IN_DATABASE: usize = 128;

/// Files that belong to `tutor.db`.
const FILES: [&str; 4] = ["tutor.db", "tutor.db-wal", "tutor.db-shm", "tutor.db.lock"];

/// A database as it was at one moment, in a folder of its own.
pub(crate) struct Copy {
    folder: TempDir,
}

impl Copy {
    /// Copies the files in `folder` while the process that writes them stands still.
    pub(crate) async fn take(folder: &Path, writer: Pid) -> Self {
        let copy = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        send(writer, Signal::STOP);
        eventually("every thread stands still", || stands_still(writer).then_some(())).await;
        copy.fill_from(folder);
        send(writer, Signal::CONT);
        copy
    }

    fn fill_from(&self, folder: &Path) {
        for name in FILES {
            let from = folder.join(name);
            if from.exists() {
                fs::copy(from, self.path().with_file_name(name)).expect("a copy");
            }
        }
    }

    /// A copy of the copy, torn as a power cut does it.
    pub(crate) fn torn(&self, chance: &mut Chance) -> Self {
        let copy = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        copy.fill_from(self.folder());
        copy.tear(chance);
        for (name, times) in [("tutor.db-shm", 2), ("tutor.db.lock", 4)] {
            let path = copy.path().with_file_name(name);
            if chance.one_in(times) && path.exists() {
                fs::remove_file(path).expect("a file can be removed");
            }
        }
        copy
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join(FILES[0])
    }

    /// From here on nothing was synced for certain.
    fn synced(&self) -> u64 {
        let shared = fs::read(self.path().with_file_name(FILES[2])).expect("a -shm file");
        let frames = shared[FRAMES_IN_DATABASE..].first_chunk().expect("a number");
        match u64::from(u32::from_ne_bytes(*frames)) {
            0 => 0,
            frames => WAL_HEADER + frames * FRAME,
        }
    }

    fn tear(&self, chance: &mut Chance) {
        let path = self.path().with_file_name(FILES[1]);
        let mut log = fs::read(&path).expect("a write-ahead log");
        let (synced, end) = (self.synced(), log.len() as u64);
        let open = end.saturating_sub(synced);
        // Near the end, where a cut is likely, or anywhere.
        let reach = if chance.one_in(2) {
            open.min(16 * FRAME)
        } else {
            open
        };
        let place = usize::try_from(end - reach + chance.below(reach)).expect("a place");
        let length = usize::try_from(1 + chance.below(3 * FRAME)).expect("a length");
        let lost = place..log.len().min(place + length);
        match chance.below(5) {
            0 | 1 => log.truncate(place),
            2 => log[place..].fill(0),
            // Later sectors reached the disk, earlier ones did not.
            3 => log[lost].fill(0),
            _ => log[lost]
                .iter_mut()
                .for_each(|byte| *byte = u8::try_from(chance.below(256)).unwrap_or_default()),
        }
        fs::write(&path, log).expect("a torn log");
    }
}
