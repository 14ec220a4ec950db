//! For tests of the writer: a log whose steps are held, and a database file to write to.

use std::sync::{Arc, Mutex};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;

use super::connection::Connector;
use super::marker::AgeNote;
use super::source::{CommitSource, Segment};
use super::{commit_batch, open};
use crate::config::Durability;
use crate::ids::TurnId;

/// A log of events without content. Marks are numbers of events.
pub(super) struct ScriptedLog {
    id: TurnId,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Default)]
struct State {
    end: u64,
    taken: u64,
    segment_taken: u64,
    stored: u64,
    segmented: u64,
    ended: bool,
    /// So many events come when a segment was taken, before anything else happens.
    comes_after_segment: u64,
}

fn frames(first: u64, last: u64) -> Vec<u8> {
    let frames = (first..=last).map(|number| format!("id: {number}\nevent: e\ndata: {{}}\n\n"));
    frames.collect::<String>().into_bytes()
}

impl ScriptedLog {
    pub(super) fn new(events: u64) -> Arc<Self> {
        let state = State {
            end: events,
            ..State::default()
        };
        Arc::new(Self {
            id: TurnId::new(),
            state: Mutex::new(state),
        })
    }

    /// The last of its events is its end.
    pub(super) fn end(&self) {
        self.state.lock().unwrap().ended = true;
    }

    pub(super) fn comes_after_segment(&self, events: u64) {
        self.state.lock().unwrap().comes_after_segment = events;
    }

    /// How far it shows its events.
    pub(super) fn shown(&self) -> u64 {
        self.state.lock().unwrap().stored
    }

    fn take_up_to(&self, limit: impl FnOnce(&State) -> u64) -> Option<Segment> {
        let mut state = self.state.lock().unwrap();
        let (first, last) = (state.segment_taken + 1, limit(&state));
        if first > last {
            return None;
        }
        state.segment_taken = last;
        state.taken = state.taken.max(last);
        Some(Segment {
            first,
            last,
            frames: frames(first, last),
        })
    }
}

impl CommitSource for ScriptedLog {
    fn turn_id(&self) -> TurnId {
        self.id
    }

    fn take_into(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.state.lock().unwrap();
        if state.ended || state.taken == state.end {
            return false;
        }
        let (first, last) = (state.taken + 1, state.end);
        let frames = &frames(first, last);
        let part = commit_batch::TurnFrames {
            turn_id: self.id,
            first,
            last,
            frames,
        };
        commit_batch::push(batch, part);
        state.taken = last;
        true
    }

    fn take_segment(&self) -> Option<Segment> {
        let segment = self.take_up_to(|state| if state.ended { state.taken } else { state.end });
        let mut state = self.state.lock().unwrap();
        if segment.is_none() {
            state.end += std::mem::take(&mut state.comes_after_segment);
        }
        segment
    }

    fn take_last_segment(&self) -> Option<Segment> {
        self.take_up_to(|state| state.end)
    }

    fn wants_segment(&self) -> bool {
        false
    }

    fn set_stored(&self) {
        let mut state = self.state.lock().unwrap();
        (state.stored, state.segmented) = (state.taken, state.segment_taken);
    }

    fn undo(&self) {
        let mut state = self.state.lock().unwrap();
        (state.taken, state.segment_taken) = (state.stored, state.segmented);
    }
}

/// A database in a folder of its own.
pub(super) struct TestDatabase {
    folder: tempfile::TempDir,
    pub(super) connector: Connector,
    lock: super::marker::FileLock,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl TestDatabase {
    /// The database, and the writer's connection.
    pub(super) fn new() -> (Self, SqliteConnection) {
        let folder = tempfile::tempdir().unwrap();
        let connector = Connector::new(&folder.path().join("tutor.db"), Durability::Off);
        let opened = open::open(&connector).unwrap();
        let database = Self {
            folder,
            connector,
            lock: opened.lock,
        };
        let mut connection = opened.connection;
        connection.batch_execute("PRAGMA foreign_keys = OFF").unwrap();
        (database, connection)
    }

    pub(super) fn age_note(&mut self) -> AgeNote {
        self.lock.remember(&self.connector, 0).unwrap()
    }

    /// Somebody who looks into the file.
    pub(super) fn look(&self) -> Look {
        let path = self.folder.path().join("tutor.db");
        let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
        connection.batch_execute("PRAGMA foreign_keys = OFF").unwrap();
        Look(connection)
    }
}

/// A look into a database.
pub(super) struct Look(SqliteConnection);

impl Look {
    pub(super) fn run(&mut self, sql: &str) {
        self.0.batch_execute(sql).unwrap();
    }

    pub(super) fn number(&mut self, sql: &str) -> i64 {
        let row = diesel::sql_query(format!("SELECT ({sql}) AS number")).get_result::<Number>(&mut self.0);
        row.unwrap().number
    }

    /// The turn of a log.
    pub(super) fn add_turn(&mut self, log: &ScriptedLog) {
        self.run(&format!(
            "INSERT INTO turns (id, session_id, user_message_id, message_id, status, attempt, provider, model, \
             last_number, created_at, revision) VALUES ('{}', 's', 'u', 'm', 'streaming', 1, 'p', 'm', 0, 0, 0)",
            log.id
        ));
    }

    /// How many events of a log stand in segments, counted by the lengths of these.
    pub(super) fn in_segments(&mut self, log: &ScriptedLog) -> i64 {
        self.number(&format!(
            "SELECT coalesce(sum(last_number - first_number + 1), 0) FROM turn_events WHERE turn_id = '{}'",
            log.id
        ))
    }
}
