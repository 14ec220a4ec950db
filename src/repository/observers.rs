//! Rows of `session_observers`: whom the owner of a session lets read it.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::now;
use super::readers::{self, SessionReader};
use super::sessions::Session;
use super::tokens::{self, ApiToken};
use crate::ids::SessionId;
use crate::schema::session_observers;

/// So many may observe one session.
const MOST: i64 = 100;

/// One who may read a session.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = session_observers)]
pub struct Observer {
    /// The session.
    pub session_id: SessionId,
    /// The user who may read it.
    pub observer: String,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
}

/// Adds one; who is there already stays.
pub(super) fn add(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    observer: &str,
) -> Result<(), RepositoryError> {
    let others = session_observers::table
        .filter(session_observers::session_id.eq(session_id))
        .filter(session_observers::observer.ne(observer));
    if others.count().get_result::<i64>(connection)? >= MOST {
        return Err(RepositoryError::TooManyObservers);
    }
    let row = Observer {
        session_id,
        observer: observer.to_owned(),
        created_at: now(),
    };
    diesel::insert_or_ignore_into(session_observers::table)
        .values(&row)
        .execute(connection)?;
    Ok(())
}

/// Whether `observer` is one.
pub(super) fn is_named(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    observer: &str,
) -> Result<bool, RepositoryError> {
    let row = session_observers::table.find((session_id, observer));
    Ok(diesel::select(diesel::dsl::exists(row)).get_result(connection)?)
}

/// Everybody who may read a session besides its owner, as far as it is known here.
#[derive(Clone, Debug)]
pub struct Watchers {
    /// Those whom the owner, or somebody for the owner, has named.
    pub named: Vec<Observer>,
    /// Tokens that are stored here and good now, and let their users read it.
    pub tokens: Vec<ApiToken>,
    /// Those who have read it by a claim of the identity provider.
    pub readers: Vec<SessionReader>,
}

pub(super) fn watchers(
    connection: &mut SqliteConnection,
    session: &Session,
) -> Result<Watchers, RepositoryError> {
    let now = now();
    let covers = |token: &ApiToken| {
        token.is_live(now) && token.owner != session.owner && token.observes().covers(&session.owner)
    };
    Ok(Watchers {
        named: list(connection, session.id)?,
        tokens: tokens::list(connection)?.into_iter().filter(covers).collect(),
        readers: readers::list(connection, session.id)?,
    })
}

/// Whether what the tutor said may be edited by the owner of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transcripts {
    /// While nobody is named who observes the session.
    OpenUntilObserved,
    /// Never.
    Locked,
}

impl Transcripts {
    /// Whether they are locked for good, by the operator's setting.
    #[must_use]
    pub fn new(locked: bool) -> Self {
        if locked {
            Self::Locked
        } else {
            Self::OpenUntilObserved
        }
    }

    pub(super) fn are_locked(
        self,
        connection: &mut SqliteConnection,
        session_id: SessionId,
    ) -> Result<bool, RepositoryError> {
        if self == Self::Locked {
            return Ok(true);
        }
        let named = session_observers::table.filter(session_observers::session_id.eq(session_id));
        Ok(diesel::select(diesel::dsl::exists(named)).get_result(connection)?)
    }
}

pub(super) fn remove(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    observer: &str,
) -> Result<(), RepositoryError> {
    diesel::delete(session_observers::table.find((session_id, observer))).execute(connection)?;
    Ok(())
}

fn list(connection: &mut SqliteConnection, session_id: SessionId) -> Result<Vec<Observer>, RepositoryError> {
    let rows = session_observers::table
        .filter(session_observers::session_id.eq(session_id))
        .order(session_observers::observer);
    Ok(rows.select(Observer::as_select()).load(connection)?)
}
