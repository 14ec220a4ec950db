//! Rows of `session_summaries`: the older part of a session told in short, and how far it reaches.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use crate::ids::SessionId;
use crate::repository::error::RepositoryError;
use crate::repository::user::UserRepository;
use crate::repository::{now, sessions};
use crate::schema::session_summaries as summaries;

impl UserRepository {
    /// Stores the summary of the messages up to and with `position`, unless there is one that reaches further.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`, `Database`.
    pub async fn store_summary(
        &self,
        id: SessionId,
        position: i64,
        summary: String,
    ) -> Result<(), RepositoryError> {
        let scope = self.scope();
        let work = move |connection: &mut SqliteConnection| {
            sessions::own(connection, &scope, id)?;
            if find(connection, id)?.is_some_and(|(stored, _)| stored > position) {
                return Ok(());
            }
            let row = (
                summaries::position.eq(position),
                summaries::summary.eq(&summary),
                summaries::created_at.eq(now()),
            );
            diesel::insert_into(summaries::table)
                .values((summaries::session_id.eq(id), row))
                .on_conflict(summaries::session_id)
                .do_update()
                .set(row)
                .execute(connection)?;
            Ok(())
        };
        self.writer.run(work).await
    }
}

/// How far the summary of a session reaches, and what it says.
pub(super) fn find(
    connection: &mut SqliteConnection,
    id: SessionId,
) -> Result<Option<(i64, String)>, RepositoryError> {
    let row = summaries::table
        .find(id)
        .select((summaries::position, summaries::summary));
    Ok(row.get_result(connection).optional()?)
}

/// A message that the summary tells has changed: the summary is void.
pub(in crate::repository) fn forget(
    connection: &mut SqliteConnection,
    id: SessionId,
    position: i64,
) -> Result<(), RepositoryError> {
    let stale = summaries::table.filter(summaries::session_id.eq(id).and(summaries::position.ge(position)));
    diesel::delete(stale).execute(connection)?;
    Ok(())
}
