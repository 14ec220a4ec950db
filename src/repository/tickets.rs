//! Rows of `stream_tickets`. A ticket itself is never here, only its SHA-256; taking one deletes it.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use crate::schema::stream_tickets;

/// So many tickets of one user may wait to be used.
const MOST: i64 = 200;

/// A ticket as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = stream_tickets)]
pub struct StreamTicket {
    /// SHA-256 of the ticket, in hexadecimal.
    pub hash: String,
    /// The user it stands for.
    pub owner: String,
    /// The one path it opens.
    pub path: String,
    /// As whom, in JSON.
    pub bearer: String,
    /// Milliseconds since the Unix epoch.
    pub expires_at: i64,
}

/// Stores a ticket, and forgets those of anybody that have expired by `now`.
pub(super) fn insert(
    connection: &mut SqliteConnection,
    ticket: &StreamTicket,
    now: i64,
) -> Result<(), RepositoryError> {
    diesel::delete(stream_tickets::table.filter(stream_tickets::expires_at.le(now))).execute(connection)?;
    let waiting = stream_tickets::table.filter(stream_tickets::owner.eq(&ticket.owner));
    if waiting.count().get_result::<i64>(connection)? >= MOST {
        return Err(RepositoryError::TooManyTickets);
    }
    diesel::insert_into(stream_tickets::table)
        .values(ticket)
        .execute(connection)?;
    Ok(())
}

/// Takes a ticket: whoever comes first has it, and nobody after. One that does not fit is used up as well.
pub(super) fn take(
    connection: &mut SqliteConnection,
    hash: &str,
    (path, now): (&str, i64),
) -> Result<Option<StreamTicket>, RepositoryError> {
    let taken = diesel::delete(stream_tickets::table.find(hash))
        .returning(StreamTicket::as_returning())
        .get_result(connection)
        .optional()?;
    Ok(taken.filter(|ticket| ticket.path == path && now < ticket.expires_at))
}
