//! What witnesses in a process of their own write down, event by event, for a checker in another one: when it came, in
//! which turn, and its bytes.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::client::string;
use crate::sse::{self, Event};
use crate::witness::Seen;

/// A file that many witnesses write into.
#[derive(Clone)]
pub(crate) struct Record {
    file: Arc<File>,
    witnesses: Arc<AtomicU64>,
}

impl Record {
    pub(crate) fn at(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Self {
            file: Arc::new(file.expect("a record can be written")),
            witnesses: Arc::default(),
        }
    }

    /// A page for one more witness, who sits with this learner.
    pub(crate) fn page(&self, learner: usize) -> Page {
        Page {
            record: self.clone(),
            learner,
            witness: self.witnesses.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// Where one witness writes.
pub(crate) struct Page {
    record: Record,
    learner: usize,
    witness: u64,
}

impl Page {
    /// The witness watches from now on.
    pub(crate) fn open(&self, seen: &Seen) {
        self.line(seen, "");
    }

    /// Something has come.
    pub(crate) fn write(&self, seen: &Seen, event: &Event) {
        self.line(seen, &event.raw);
    }

    fn line(&self, seen: &Seen, bytes: &str) {
        let at = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_micros();
        let line = json!({
            "at": u64::try_from(at).unwrap_or_default(), "process": std::process::id(), "learner": self.learner,
            "witness": self.witness, "turn": seen.turn_id, "session": seen.session_id, "bytes": bytes,
        });
        // One write for a line, so that lines of different witnesses are never mixed.
        (&*self.record.file)
            .write_all(format!("{line}\n").as_bytes())
            .expect("a record can be written");
    }
}

/// A record that another process has written.
pub(crate) struct Written {
    path: PathBuf,
    process: u32,
}

impl Written {
    pub(crate) fn new(path: PathBuf, process: u32) -> Self {
        Self { path, process }
    }

    /// For each learner its turns, for each turn everybody who saw it.
    pub(crate) fn read(&self) -> BTreeMap<u64, Vec<Vec<Seen>>> {
        let mut witnesses = BTreeMap::<u64, (u64, Seen)>::new();
        let text = std::fs::read_to_string(&self.path).expect("a record");
        for line in text.lines() {
            let line = serde_json::from_str::<Value>(line).expect("JSON");
            assert_eq!(
                line["process"], self.process,
                "witnesses share no memory with the checker"
            );
            let number = |name: &str| line[name].as_u64().expect("a number");
            let (_, seen) = witnesses.entry(number("witness")).or_insert_with(|| {
                let ids = [string(&line["turn"]), string(&line["session"])];
                (number("learner"), Seen::of(ids.each_ref().map(String::as_str)))
            });
            assert_eq!(seen.turn_id, line["turn"], "a witness watches one turn");
            for event in sse::parse_log(string(&line["bytes"]).as_bytes()) {
                seen.add(event);
            }
        }
        let mut learners = BTreeMap::<u64, Vec<Vec<Seen>>>::new();
        for (learner, seen) in witnesses.into_values() {
            let turns = learners.entry(learner).or_default();
            match turns.iter_mut().find(|turn| turn[0].turn_id == seen.turn_id) {
                Some(turn) => turn.push(seen),
                None => turns.push(vec![seen]),
            }
        }
        learners
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(name) = self.path.file_name()
        {
            let kept = std::env::temp_dir().join(name);
            if std::fs::copy(&self.path, &kept).is_ok() {
                eprintln!("when everybody saw what: {}", kept.display());
            }
        }
    }
}
