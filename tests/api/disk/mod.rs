//! The disk of a service, held: calls that do not come back until they are let go. A library between the program and
//! the system, built here with `cc`.

mod hanging;
mod log;

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::deadline::eventually;
use crate::setup::Setup;

/// What hangs.
#[derive(Clone, Copy)]
pub(crate) enum Hangs {
    Sync,
    Write,
    Read,
}

impl Hangs {
    fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Write => "write",
            Self::Read => "read",
        }
    }
}

/// A disk that can be held.
pub(crate) struct Disk(TempDir);

/// Nothing of the kind comes back until this is dropped.
pub(crate) struct Held(PathBuf);

impl Disk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/disk/hold.c");
        let built = Command::new("cc")
            .args(["-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-o"])
            .arg(folder.path().join("hold.so"))
            .arg(source)
            .arg("-ldl")
            .output()
            .expect("cc is there: install Debian's package gcc");
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A service on this disk. Requests are not counted: counting writes.
    pub(crate) fn setup(&self) -> Setup {
        Setup::new()
            .limit("requests_per_second", 0)
            .limit("requests_per_minute", 0)
            .variable("LD_PRELOAD", &self.file("hold.so").to_string_lossy())
            .variable("DISK_FOLDER", &self.0.path().to_string_lossy())
    }

    /// From now on it hangs.
    pub(crate) fn hold(&self, what: Hangs) -> Held {
        // What waited before tells nothing of what waits now; there may be none.
        let _ = std::fs::remove_file(self.file(&format!("held-{}", what.name())));
        let path = self.file(&format!("hold-{}", what.name()));
        std::fs::write(&path, "").expect("a file");
        Held(path)
    }

    /// Waits until something hangs.
    pub(crate) async fn hangs(&self, what: Hangs) {
        let path = self.file(&format!("held-{}", what.name()));
        eventually("something waits for the disk", || path.exists().then_some(())).await;
    }

    /// How often the write-ahead log was synced.
    pub(crate) fn log_syncs(&self) -> u64 {
        std::fs::metadata(self.file("log-syncs")).map_or(0, |file| file.len())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).expect("it was held");
    }
}
