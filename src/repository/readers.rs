//! Who reads sessions of others by a claim of the identity provider: rows of `session_readers`. A claim stands in a token
//! and nowhere here, so an owner learns of it by what was read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use tokio::runtime::Handle;

use super::error::RepositoryError;
use super::scope::Scope;
use super::{Writer, now};
use crate::ids::SessionId;
use crate::schema::session_readers;

/// The time of a further reading within so many milliseconds is not noted.
const PAUSE: i64 = 60_000;
/// So many readings are remembered to keep that pause; then all are forgotten, and noted once more.
const MOST_REMEMBERED: usize = 10_000;

/// One who has read a session by a claim.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = session_readers)]
pub struct SessionReader {
    /// The session.
    pub session_id: SessionId,
    /// The user who read it.
    pub reader: String,
    /// Milliseconds since the Unix epoch.
    pub first_read_at: i64,
    /// Milliseconds since the Unix epoch, to the minute.
    pub last_read_at: i64,
}

pub(super) fn list(
    connection: &mut SqliteConnection,
    session_id: SessionId,
) -> Result<Vec<SessionReader>, RepositoryError> {
    let rows = session_readers::table
        .filter(session_readers::session_id.eq(session_id))
        .order(session_readers::reader);
    Ok(rows.select(SessionReader::as_select()).load(connection)?)
}

/// The session may be gone by now.
fn note(connection: &mut SqliteConnection, reading: &SessionReader) -> Result<(), RepositoryError> {
    use crate::schema::sessions;
    let there = diesel::select(diesel::dsl::exists(sessions::table.find(reading.session_id)));
    if there.get_result(connection)? {
        diesel::insert_into(session_readers::table)
            .values(reading)
            .on_conflict((session_readers::session_id, session_readers::reader))
            .do_update()
            .set(session_readers::last_read_at.eq(reading.last_read_at))
            .execute(connection)?;
    }
    Ok(())
}

/// Notes who reads, beside the reading: it neither waits for that nor fails with it.
#[derive(Clone)]
pub(super) struct Sightings {
    writer: Writer,
    main: Handle,
    /// When each reader of each session was last noted.
    noted: Arc<Mutex<Moments>>,
}

/// Milliseconds since the Unix epoch, by session and reader.
type Moments = HashMap<(SessionId, Arc<str>), i64>;

impl Sightings {
    pub(super) fn new(writer: Writer, main: Handle) -> Self {
        Self {
            writer,
            main,
            noted: Arc::default(),
        }
    }

    /// A session of `owner` was read as `scope`.
    pub(super) fn saw(&self, scope: &Scope, id: SessionId, owner: &str) {
        if !scope.reads_by_claim(owner) || !self.is_due(id, scope) {
            return;
        }
        let (writer, moment) = (self.writer.clone(), now());
        let reading = SessionReader {
            session_id: id,
            reader: scope.subject.to_string(),
            first_read_at: moment,
            last_read_at: moment,
        };
        self.main.spawn(async move {
            if let Err(error) = writer.run(move |connection| note(connection, &reading)).await {
                log::warn!("storage.reader_not_noted session.id={id} error={error:?}");
            }
        });
    }

    fn is_due(&self, id: SessionId, scope: &Scope) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, now) = ((id, Arc::clone(&scope.subject)), now());
        if noted.get(&key).is_some_and(|last| (now - last).abs() < PAUSE) {
            return false;
        }
        if noted.len() >= MOST_REMEMBERED {
            noted.clear();
        }
        noted.insert(key, now);
        true
    }
}
