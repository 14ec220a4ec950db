//! The database file and the room for it.

use std::path::{Path, PathBuf};

use super::Finding;
use crate::repository::{Examination, OpenError, examine as examine_file};

const SUBJECT: &str = "database";
/// With less room than this a service does not get far.
const LEAST_FREE: u64 = 256 * 1024 * 1024;

/// What is to be said of the file, and of its disk.
pub(super) async fn examine(path: PathBuf) -> Vec<Finding> {
    let looked = tokio::task::spawn_blocking(move || {
        let mut findings = of_file(&path);
        findings.push(of_disk(&path));
        findings
    })
    .await;
    looked.unwrap_or_else(|error| {
        vec![Finding::problem(
            SUBJECT,
            format!("it cannot be looked at: {error}"),
            "This is a fault of the program: please report it.",
        )]
    })
}

fn of_file(path: &Path) -> Vec<Finding> {
    let shown = path.display();
    match examine_file(path) {
        Ok(Examination { exists: false, .. }) => vec![Finding::well(
            SUBJECT,
            format!("{shown} is not there yet; the first start makes it"),
        )],
        Ok(Examination {
            in_use,
            is_current,
            long_log,
            ..
        }) => {
            let schema = if is_current {
                "its schema is current"
            } else {
                "the next start migrates it"
            };
            let used = if in_use {
                "a server uses it now"
            } else {
                "no server uses it now"
            };
            let sound = Finding::well(SUBJECT, format!("{shown} is sound, {schema}, {used}"));
            std::iter::once(sound).chain(long_log.map(of_long_log)).collect()
        }
        Err(error) => vec![Finding::problem(SUBJECT, error.to_string(), advice(&error))],
    }
}

fn of_long_log(bytes: u64) -> Finding {
    Finding::problem(
        "write-ahead log",
        format!("it has grown to {} MiB", bytes >> 20),
        "Another program holds a snapshot of the database: end the backup, dump or open transaction that has run for \
         long. If there is none, a restart of the service makes the log short.",
    )
}

fn advice(error: &OpenError) -> &'static str {
    match error {
        OpenError::Gone { .. } => {
            "Bring the file back from a backup, or delete the .lock file beside it to start empty."
        }
        OpenError::Damaged { .. } => "Stop the service, keep a copy of the file, and restore a backup.",
        OpenError::Newer { .. } => "Use the newer program again, or restore a backup from before it.",
        OpenError::OldSqlite(_) => "Build with the SQLite that comes with the program.",
        _ => {
            "Check that the path in database_url is right, and that this user may read and write the file and its folder."
        }
    }
}

/// The nearest folder that exists: the rest is made at the first start.
fn of_disk(path: &Path) -> Finding {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir());
    let folder = folder.unwrap_or(Path::new("."));
    let subject = "disk";
    match free_bytes(folder) {
        Ok(free) if free >= LEAST_FREE => {
            Finding::well(subject, format!("{} MiB are free for the database", free >> 20))
        }
        Ok(free) => Finding::problem(
            subject,
            format!("only {} MiB are free for the database", free >> 20),
            "Make room, or move the database to another disk (database_url): a full disk stops all writing.",
        ),
        Err(error) => Finding::problem(
            subject,
            format!("the room for the database cannot be seen: {error}"),
            "Check that the folder in database_url is right and may be read.",
        ),
    }
}

fn free_bytes(folder: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
