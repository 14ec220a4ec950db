//! Rows of `session_observers`: whom the owner of a session lets read it.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::now;
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

pub(super) fn remove(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    observer: &str,
) -> Result<(), RepositoryError> {
    diesel::delete(session_observers::table.find((session_id, observer))).execute(connection)?;
    Ok(())
}

pub(super) fn list(
    connection: &mut SqliteConnection,
    session_id: SessionId,
) -> Result<Vec<Observer>, RepositoryError> {
    let rows = session_observers::table
        .filter(session_observers::session_id.eq(session_id))
        .order(session_observers::observer);
    Ok(rows.select(Observer::as_select()).load(connection)?)
}
