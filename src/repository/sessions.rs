//! Rows of `sessions`. Every statement names the owner.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::now;
use super::page::{fill, json_length};
use super::scope::{Scope, visible_rows};
use crate::ids::SessionId;
use crate::schema::sessions;

/// A durable conversation.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The subject of the token that created it.
    pub owner: String,
    /// A line for lists.
    pub title: String,
    /// What is being learnt.
    pub subject: Option<String>,
    /// JSON as the learner's application wrote it.
    pub learner_profile: Option<String>,
    /// Grows by one with every change of a row in the session, which keeps it.
    pub revision: i64,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Milliseconds since the Unix epoch.
    pub updated_at: i64,
    /// The revision of the last change of what a caller may set.
    pub fields_revision: i64,
    /// The rows do not tell what changed after an earlier revision.
    pub resumable_from: i64,
}

/// What a caller may set of a session. `None` leaves a field as it is.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = sessions)]
pub struct SessionFields {
    /// A line for lists.
    pub title: Option<String>,
    /// What is being learnt.
    pub subject: Option<String>,
    /// JSON.
    pub learner_profile: Option<String>,
}

/// Where a list of sessions goes on: after this time and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCursor {
    /// Milliseconds since the Unix epoch.
    pub updated_at: i64,
    /// Decides between sessions of one millisecond.
    pub id: SessionId,
}

/// Which sessions a list is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SessionView {
    /// The caller's own.
    #[default]
    Own,
    /// Those of others that the caller may read.
    Observed,
}

/// About what a session takes in an answer beside its title and its profile.
const FIELDS: usize = 1_024;
const DEFAULT_TITLE: &str = "New session";

pub(super) fn insert(
    connection: &mut SqliteConnection,
    owner: &str,
    fields: &SessionFields,
) -> Result<Session, RepositoryError> {
    let now = now();
    let session = Session {
        id: SessionId::new(),
        owner: owner.to_owned(),
        title: fields.title.clone().unwrap_or_else(|| DEFAULT_TITLE.to_owned()),
        subject: fields.subject.clone(),
        learner_profile: fields.learner_profile.clone(),
        revision: 1,
        created_at: now,
        updated_at: now,
        fields_revision: 1,
        resumable_from: 1,
    };
    diesel::insert_into(sessions::table)
        .values(&session)
        .execute(connection)?;
    Ok(session)
}

/// The session, if the caller may read it.
pub(super) fn visible(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: SessionId,
) -> Result<Session, RepositoryError> {
    let found = sessions::table
        .filter(sessions::id.eq(id))
        .filter(visible_rows!(scope, sessions::table))
        .select(Session::as_select())
        .get_result(connection)
        .optional()?;
    found.ok_or(RepositoryError::NotFound)
}

/// The session, if the caller may change it; `ReadOnly` if it may be read and no more.
pub(super) fn own(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: SessionId,
) -> Result<Session, RepositoryError> {
    let session = visible(connection, scope, id)?;
    if *session.owner == *scope.subject {
        Ok(session)
    } else {
        Err(RepositoryError::ReadOnly)
    }
}

/// The caller's own sessions, or those of others that it may read.
pub(super) fn list(
    connection: &mut SqliteConnection,
    scope: &Scope,
    view: SessionView,
    (after, limit): (Option<SessionCursor>, i64),
) -> Result<(Vec<Session>, bool), RepositoryError> {
    let mut query = sessions::table
        .order((sessions::updated_at.desc(), sessions::id.desc()))
        .limit(limit)
        .select(Session::as_select())
        .into_boxed();
    let own = sessions::owner.eq(scope.subject.to_string());
    query = match view {
        SessionView::Own => query.filter(own),
        SessionView::Observed => query
            .filter(diesel::dsl::not(own))
            .filter(visible_rows!(scope, sessions::table)),
    };
    if let Some(SessionCursor { updated_at, id }) = after {
        let same_moment = sessions::updated_at.eq(updated_at).and(sessions::id.lt(id));
        query = query.filter(sessions::updated_at.lt(updated_at).or(same_moment));
    }
    let rows = query.load_iter::<Session, DefaultLoadingMode>(connection)?;
    let page = fill(rows, |session| {
        // A learner profile is JSON already.
        let profile = session.learner_profile.as_ref().map_or(0, String::len);
        FIELDS + json_length(&session.title) + profile
    })?;
    let full = i64::try_from(page.rows.len()).is_ok_and(|length| length == limit);
    Ok((page.rows, page.cut || full))
}

pub(super) fn update(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: SessionId,
    fields: &SessionFields,
) -> Result<Session, RepositoryError> {
    own(connection, scope, id)?;
    let SessionFields {
        title,
        subject,
        learner_profile,
    } = fields;
    if title.is_some() || subject.is_some() || learner_profile.is_some() {
        diesel::update(sessions::table.find(id))
            .set(fields)
            .execute(connection)?;
    }
    let revision = touch(connection, id)?;
    diesel::update(sessions::table.find(id))
        .set(sessions::fields_revision.eq(revision))
        .execute(connection)?;
    own(connection, scope, id)
}

/// Gives a change of a row in the session its revision, which that row has to keep.
pub(super) fn touch(connection: &mut SqliteConnection, id: SessionId) -> Result<i64, RepositoryError> {
    let changes = (
        sessions::revision.eq(sessions::revision + 1),
        sessions::updated_at.eq(now()),
    );
    let touched = diesel::update(sessions::table.find(id)).set(changes);
    Ok(touched.returning(sessions::revision).get_result(connection)?)
}

/// Revisions that readers have seen may be lost: none of them is given again, and nobody resumes from one.
pub(super) fn leave_out_revisions(
    connection: &mut SqliteConnection,
    length: u64,
) -> Result<(), RepositoryError> {
    let length = length.cast_signed();
    let changes = (
        sessions::revision.eq(sessions::revision + length),
        sessions::resumable_from.eq(sessions::revision + length),
    );
    diesel::update(sessions::table).set(changes).execute(connection)?;
    Ok(())
}

/// Messages, turns, logs and keys go with it.
pub(super) fn delete(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: SessionId,
) -> Result<(), RepositoryError> {
    own(connection, scope, id)?;
    diesel::delete(sessions::table.find(id)).execute(connection)?;
    Ok(())
}

/// The title of a session that begins with `message`: its first words on one line.
pub(super) fn title_of(message: &str) -> String {
    const LONGEST: usize = 60;
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((end, _)) => {
            let cut = line[..end]
                .rfind(' ')
                .filter(|cut| *cut > LONGEST / 2)
                .unwrap_or(end);
            format!("{}…", &line[..cut])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::title_of;

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(title_of("  Why is\nthe sky\tblue? "), "Why is the sky blue?");
        let long = title_of(&"photosynthesis and respiration ".repeat(9));
        assert!(long.chars().count() <= 61 && long.ends_with('…'), "{long}");
        assert_eq!(title_of(&"é".repeat(80)).chars().count(), 61);
    }
}
