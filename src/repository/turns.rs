//! Rows of `turns`: how a turn begins, is found and ends.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::helper_types::InnerJoinQuerySource;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::attempts::{self, EndedCall};
use super::error::RepositoryError;
use super::messages::Message;
use super::scope::{Scope, visible_rows};
use super::{messages as message_rows, now, sessions, token_reservations};
use crate::ids::{MessageId, SessionId, TurnId};
use crate::model::{FinishReason, Status, Usage, UsageSource};
use crate::schema::{sessions as sessions_table, turns};

/// One user message and what was done to answer it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = turns)]
pub struct Turn {
    /// Its id.
    pub id: TurnId,
    /// The conversation.
    pub session_id: SessionId,
    /// What is answered.
    pub user_message_id: MessageId,
    /// The reply that is written.
    pub message_id: MessageId,
    /// Where it stands.
    pub status: Status,
    /// The how-manieth try at this reply.
    pub attempt: i32,
    /// Who answers.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// Why the provider ended it.
    pub finish_reason: Option<FinishReason>,
    /// What ended it, if it failed.
    pub error_code: Option<String>,
    /// Tokens read.
    pub input_tokens: Option<i64>,
    /// Tokens written.
    pub output_tokens: Option<i64>,
    /// Who counted the tokens.
    pub usage_source: Option<UsageSource>,
    /// Number of the last event, once it has ended.
    pub last_number: i64,
    /// When it was taken up after a restart, milliseconds since the Unix epoch.
    pub resumed_at: Option<i64>,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Milliseconds since the Unix epoch.
    pub ended_at: Option<i64>,
    /// What the learner asked of the provider, JSON.
    pub parameters: Option<String>,
    /// The session's revision that it began with.
    pub revision: i64,
}

/// What a message tells of the turn that wrote it last.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = turns)]
pub struct Writing {
    /// The message.
    pub message_id: MessageId,
    /// The turn.
    pub id: TurnId,
    /// Number of its last event, once it has ended.
    pub last_number: i64,
}

impl Turn {
    /// Tokens, when they are known.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        Some(Usage {
            input_tokens: self.input_tokens?,
            output_tokens: self.output_tokens?,
            source: self.usage_source?,
        })
    }
}

/// How a turn ended.
#[derive(Clone, Debug)]
pub struct TurnOutcome {
    /// Never `Streaming`.
    pub status: Status,
    /// Why the provider ended it.
    pub finish_reason: Option<FinishReason>,
    /// The stable code of the error that ended it.
    pub error_code: Option<&'static str>,
    /// Tokens.
    pub usage: Usage,
    /// The reply's final text.
    pub text: Arc<String>,
    /// Number of the last call to a provider.
    pub attempt: Option<i32>,
    /// Who wrote the end of the reply, or else who was called last: provider and model.
    pub answered: Option<(String, String)>,
    /// The last call, unless it is on record.
    pub call: Option<EndedCall>,
    /// Number of the last event.
    pub last_number: u64,
}

type TurnsOfSessions = InnerJoinQuerySource<turns::table, sessions_table::table>;

/// The turn, if the caller may read its session; and whose it is.
pub(super) fn find(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: TurnId,
) -> Result<(Turn, String), RepositoryError> {
    let row = turns::table
        .inner_join(sessions_table::table)
        .filter(turns::id.eq(id))
        .filter(visible_rows!(scope, TurnsOfSessions))
        .select((Turn::as_select(), sessions_table::owner))
        .get_result(connection)
        .optional()?;
    row.ok_or(RepositoryError::NotFound)
}

/// The turn, if the caller may read its session.
pub(super) fn visible(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: TurnId,
) -> Result<Turn, RepositoryError> {
    Ok(find(connection, scope, id)?.0)
}

/// The turn, if the caller may change its session; `ReadOnly` if it may be read and no more.
pub(super) fn own(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: TurnId,
) -> Result<Turn, RepositoryError> {
    let (turn, owner) = find(connection, scope, id)?;
    if *owner == *scope.subject {
        Ok(turn)
    } else {
        Err(RepositoryError::ReadOnly)
    }
}

/// Turns of the session that have not ended, oldest first: by the revision that each began with, since clocks step
/// back. Those that are older than revisions all have the same one, and are in the order of their ids.
pub(super) fn streaming(
    connection: &mut SqliteConnection,
    session_id: SessionId,
) -> Result<Vec<Turn>, RepositoryError> {
    let rows = turns::table
        .filter(turns::session_id.eq(session_id).and(turns::ended_at.is_null()))
        .order((turns::revision, turns::id))
        .select(Turn::as_select());
    Ok(rows.load(connection)?)
}

/// The newest turn of each of these messages.
pub(super) fn newest_by_message(
    connection: &mut SqliteConnection,
    messages: &[Message],
) -> Result<HashMap<MessageId, Writing>, RepositoryError> {
    let ids = messages.iter().map(|message| message.id);
    let rows = turns::table
        .filter(turns::message_id.eq_any(ids))
        .order((turns::revision, turns::id))
        .select(Writing::as_select());
    let rows = rows.load(connection)?.into_iter();
    Ok(rows.map(|writing| (writing.message_id, writing)).collect())
}

/// Turns of the session that began after a revision, oldest first.
pub(super) fn begun_since(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    revision: i64,
) -> Result<Vec<TurnId>, RepositoryError> {
    let rows = turns::table
        .filter(turns::session_id.eq(session_id).and(turns::revision.gt(revision)))
        .order(turns::revision)
        .select(turns::id);
    Ok(rows.load(connection)?)
}

/// The newest turn that wrote this message.
pub(super) fn newest_of(
    connection: &mut SqliteConnection,
    message_id: MessageId,
) -> Result<Option<Turn>, RepositoryError> {
    let rows = turns::table
        .filter(turns::message_id.eq(message_id))
        .order((turns::revision.desc(), turns::id.desc()));
    Ok(rows.select(Turn::as_select()).get_result(connection).optional()?)
}

pub(super) fn insert(connection: &mut SqliteConnection, turn: &Turn) -> Result<(), RepositoryError> {
    diesel::insert_into(turns::table)
        .values(turn)
        .execute(connection)?;
    Ok(())
}

/// Every turn that has not ended; those of a session oldest first.
pub(super) fn left_over(connection: &mut SqliteConnection) -> Result<Vec<(Turn, String)>, RepositoryError> {
    let rows = turns::table
        .inner_join(sessions_table::table)
        .filter(turns::ended_at.is_null())
        .order((turns::revision, turns::id))
        .select((Turn::as_select(), sessions_table::owner));
    Ok(rows.load(connection)?)
}

/// Notes that a turn was taken up after a restart.
pub(super) fn mark_resumed(connection: &mut SqliteConnection, id: TurnId) -> Result<(), RepositoryError> {
    diesel::update(turns::table.find(id))
        .set(turns::resumed_at.eq(now()))
        .execute(connection)?;
    Ok(())
}

/// Notes that a further call to a provider begins: after a crash it is known to have been under way.
pub(super) fn note_call(
    connection: &mut SqliteConnection,
    id: TurnId,
    attempt: i32,
) -> Result<(), RepositoryError> {
    diesel::update(turns::table.find(id))
        .set(turns::attempt.eq(attempt))
        .execute(connection)?;
    Ok(())
}

/// Writes the terminal status of the turn, the final text of its message and the last call that it took, once: false
/// when the turn had ended before, or is gone.
pub(super) fn finalise(
    connection: &mut SqliteConnection,
    owner: &str,
    turn: &Turn,
    outcome: &TurnOutcome,
) -> Result<bool, RepositoryError> {
    token_reservations::release(connection, &turn.id.to_string())?;
    let ended = end(connection, turn, outcome)?;
    if !ended && exists(connection, turn.id)? {
        return Ok(false);
    }
    let touched = ended.then(|| sessions::touch(connection, turn.session_id));
    let revision = touched.transpose()?;
    // What was spent was spent, also when the session was deleted meanwhile.
    if let Some(call) = &outcome.call {
        attempts::record_last(connection, owner, call)?;
    }
    let Some(revision) = revision else {
        return Ok(false);
    };
    message_rows::finalise(connection, turn.message_id, outcome, revision)?;
    Ok(true)
}

/// Whether the turn is there: it goes with its session.
pub(super) fn exists(connection: &mut SqliteConnection, id: TurnId) -> Result<bool, RepositoryError> {
    Ok(turns::table.find(id).count().get_result::<i64>(connection)? > 0)
}

fn end(
    connection: &mut SqliteConnection,
    turn: &Turn,
    outcome: &TurnOutcome,
) -> Result<bool, RepositoryError> {
    let as_begun = (turn.provider.clone(), turn.model.clone());
    let (provider, model) = outcome.answered.as_ref().unwrap_or(&as_begun);
    let usage = outcome.usage;
    let live = turns::table.filter(turns::id.eq(turn.id).and(turns::status.eq(Status::Streaming)));
    let ended = diesel::update(live)
        .set((
            turns::status.eq(outcome.status),
            turns::attempt.eq(outcome.attempt.unwrap_or(turn.attempt)),
            turns::provider.eq(provider),
            turns::model.eq(model),
            turns::finish_reason.eq(outcome.finish_reason),
            turns::error_code.eq(outcome.error_code),
            turns::input_tokens.eq(usage.input_tokens),
            turns::output_tokens.eq(usage.output_tokens),
            turns::usage_source.eq(usage.source),
            turns::last_number.eq(outcome.last_number.cast_signed()),
            turns::ended_at.eq(now()),
        ))
        .execute(connection)?;
    Ok(ended > 0)
}
