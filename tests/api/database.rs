//! A look into the database file beside the running server, and a hand on its lock.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use tutorstream::repository::commit_batch;

use crate::sse::{self, Event};

/// A row of `turns`, as far as promises are made about it.
#[derive(Clone, Debug, QueryableByName)]
pub(crate) struct TurnRow {
    #[diesel(sql_type = Text)]
    pub(crate) id: String,
    #[diesel(sql_type = Text)]
    pub(crate) message_id: String,
    #[diesel(sql_type = Text)]
    pub(crate) status: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) error_code: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub(crate) last_number: i64,
    /// 0 while its log is there.
    #[diesel(sql_type = BigInt)]
    pub(crate) log_state: i64,
}

/// A row of `messages`, as far as promises are made about it.
#[derive(Clone, Debug, QueryableByName)]
pub(crate) struct MessageRow {
    #[diesel(sql_type = Text)]
    pub(crate) id: String,
    #[diesel(sql_type = Text)]
    pub(crate) role: String,
    #[diesel(sql_type = Text)]
    pub(crate) content: String,
    #[diesel(sql_type = Text)]
    pub(crate) status: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct SegmentRow {
    #[diesel(sql_type = Binary)]
    frames: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    last_number: i64,
}

#[derive(QueryableByName)]
struct BatchRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Binary)]
    frames: Vec<u8>,
}

/// A connection that only reads.
pub(crate) struct Database(SqliteConnection);

impl Database {
    pub(crate) fn open(path: &Path) -> Self {
        Self(connect(
            path,
            "PRAGMA busy_timeout = 10000; PRAGMA query_only = ON;",
        ))
    }

    /// The number that `sql` selects as `number`.
    pub(crate) fn number(&mut self, sql: &str) -> i64 {
        self.rows::<Number>(sql).pop().expect("one row").number
    }

    /// The words that `sql` selects as `word`.
    pub(crate) fn words(&mut self, sql: &str) -> Vec<String> {
        self.rows::<Word>(sql).into_iter().map(|row| row.word).collect()
    }

    /// How many rows a table has.
    pub(crate) fn count(&mut self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) AS number FROM {table}"))
    }

    /// What SQLite says of the file; `ok` when it is sound.
    pub(crate) fn integrity(&mut self) -> String {
        self.rows::<Word>("SELECT integrity_check AS word FROM pragma_integrity_check")
            .into_iter()
            .map(|row| row.word)
            .collect()
    }

    /// All turns, those of a session oldest first.
    pub(crate) fn turns(&mut self) -> Vec<TurnRow> {
        self.rows("SELECT * FROM turns ORDER BY session_id, revision, id")
    }

    pub(crate) fn turn(&mut self, id: &str) -> TurnRow {
        let rows = self.rows(&format!("SELECT * FROM turns WHERE id = '{id}'"));
        rows.into_iter().next().unwrap_or_else(|| panic!("no turn {id}"))
    }

    /// All messages, in the order of the conversation.
    pub(crate) fn messages(&mut self) -> Vec<MessageRow> {
        self.rows("SELECT * FROM messages ORDER BY session_id, position")
    }

    pub(crate) fn message(&mut self, id: &str) -> MessageRow {
        let rows = self.rows(&format!("SELECT * FROM messages WHERE id = '{id}'"));
        rows.into_iter()
            .next()
            .unwrap_or_else(|| panic!("no message {id}"))
    }

    /// The stored log of a turn: its segments, and what stands only in batches while it is live.
    pub(crate) fn log(&mut self, turn_id: &str) -> Vec<Event> {
        let turn = turn_id.parse().expect("a turn id");
        let sql = format!("SELECT * FROM turn_events WHERE turn_id = '{turn}' ORDER BY first_number");
        let (segments, batches) = self.snapshot(|database| {
            let batches = database.rows::<BatchRow>("SELECT * FROM commit_batches ORDER BY id");
            (database.rows::<SegmentRow>(&sql), batches)
        });
        let mut last = segments
            .last()
            .map_or(0, |segment| segment.last_number.cast_unsigned());
        let mut log = segments
            .into_iter()
            .flat_map(|segment| segment.frames)
            .collect::<Vec<_>>();
        for batch in &batches {
            for part in commit_batch::read(&batch.frames).filter(|part| part.turn_id == turn) {
                if part.first > last {
                    log.extend_from_slice(part.frames);
                    last = part.last;
                }
            }
        }
        sse::parse_log(&log)
    }

    /// Both queries of `read` see the same moment.
    fn snapshot<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        self.0.batch_execute("BEGIN").expect("a read transaction");
        let result = read(self);
        self.0.batch_execute("COMMIT").expect("a read transaction ends");
        result
    }

    fn rows<T>(&mut self, sql: &str) -> Vec<T>
    where
        T: QueryableByName<diesel::sqlite::Sqlite> + 'static,
    {
        diesel::sql_query(sql)
            .load(&mut self.0)
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }
}

/// Keeps everybody else from writing, until dropped.
pub(crate) struct WriteLock(SqliteConnection);

impl WriteLock {
    pub(crate) fn take(path: &Path) -> Self {
        Self(connect(path, "PRAGMA busy_timeout = 10000; BEGIN EXCLUSIVE;"))
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        self.0
            .batch_execute("ROLLBACK")
            .expect("a lock can be given back");
    }
}

/// Looks at one moment of the database, until dropped: what is written meanwhile stays in the write-ahead log.
pub(crate) struct ReadTransaction(#[expect(dead_code, reason = "it is open")] SqliteConnection);

impl ReadTransaction {
    pub(crate) fn begin(path: &Path) -> Self {
        Self(connect(path, "BEGIN; SELECT count(*) FROM sessions;"))
    }
}

/// Runs statements on a database that no server has open.
pub(crate) fn change(path: &Path, sql: &str) {
    connect(path, sql);
}

/// Takes back what the log of a live turn has after event `last`, as a crash before its commit would have, or a
/// power cut after an unsynced one. No server may have the database open.
pub(crate) fn take_back(path: &Path, turn_id: &str, last: u64) {
    let turn = turn_id.parse().expect("a turn id");
    let mut database = Database(connect(path, ""));
    for batch in database.rows::<BatchRow>("SELECT * FROM commit_batches") {
        let mut kept = Vec::new();
        for part in commit_batch::read(&batch.frames) {
            let mut part = part;
            if part.turn_id == turn && part.last > last {
                part.frames = &part.frames[..bytes_up_to(part.frames, last)];
                part.last = last;
            }
            if !part.frames.is_empty() {
                commit_batch::push(&mut kept, part);
            }
        }
        diesel::sql_query("UPDATE commit_batches SET frames = ? WHERE id = ?")
            .bind::<Binary, _>(kept)
            .bind::<BigInt, _>(batch.id)
            .execute(&mut database.0)
            .expect("a batch can be changed");
    }
    let log = database.log(turn_id);
    assert_eq!(log.last().and_then(|event| event.id), Some(last));
}

/// How long the frames up to event `last` are.
fn bytes_up_to(frames: &[u8], last: u64) -> usize {
    let events = sse::parse_log(frames).into_iter();
    events
        .take_while(|event| event.id <= Some(last))
        .map(|event| event.raw.len())
        .sum()
}

fn connect(path: &Path, sql: &str) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).expect("a database");
    connection
        .batch_execute(sql)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection
}
