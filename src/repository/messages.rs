//! Rows of `messages`.

use diesel::connection::DefaultLoadingMode;
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::observers::Transcripts;
use super::page::{Filled, fill, json_length};
use super::turns::TurnOutcome;
use super::{learning, now, sessions};
use crate::ids::{MessageId, SessionId};
use crate::model::{FinishReason, Role, Source, Status, Usage, UsageSource};
use crate::schema::messages;

/// One stored message.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = messages)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The conversation it belongs to.
    pub session_id: SessionId,
    /// Its place in the conversation.
    pub position: i64,
    /// Who wrote it.
    pub role: Role,
    /// The text; of a streaming message, what it had when its turn began.
    pub content: String,
    /// Where it stands.
    pub status: Status,
    /// Why the provider ended it.
    pub finish_reason: Option<FinishReason>,
    /// Tokens read.
    pub input_tokens: Option<i64>,
    /// Tokens written.
    pub output_tokens: Option<i64>,
    /// Who counted the tokens.
    pub usage_source: Option<UsageSource>,
    /// The message that this one answers.
    pub reply_to: Option<MessageId>,
    /// The client's name for it.
    pub client_message_id: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Milliseconds since the Unix epoch.
    pub updated_at: i64,
    /// The stable code of the error that ended it.
    pub error_code: Option<String>,
    /// The session's revision that it was added with.
    pub created_revision: i64,
    /// The session's revision of its last change.
    pub revision: i64,
    /// Where it comes from.
    pub source: Source,
    /// Whether its text was replaced after it was stored.
    pub edited: bool,
}

impl Message {
    /// A new message of a turn; `insert` gives it its place and revision.
    pub(super) fn new(session_id: SessionId, role: Role, content: String, status: Status) -> Self {
        let now = now();
        Self {
            id: MessageId::new(),
            session_id,
            position: 0,
            role,
            content,
            status,
            finish_reason: None,
            input_tokens: None,
            output_tokens: None,
            usage_source: None,
            reply_to: None,
            client_message_id: None,
            created_at: now,
            updated_at: now,
            error_code: None,
            created_revision: 0,
            revision: 0,
            source: match role {
                Role::User => Source::Learner,
                Role::Assistant => Source::Model,
            },
            edited: false,
        }
    }

    /// A reply, for tests of what is told of one.
    #[cfg(test)]
    pub(crate) fn of_reply(session_id: SessionId, content: &str, status: Status) -> Self {
        Self::new(session_id, Role::Assistant, content.to_owned(), status)
    }

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

/// Adds a message at the end of its session.
pub(super) fn insert(
    connection: &mut SqliteConnection,
    mut message: Message,
) -> Result<Message, RepositoryError> {
    let rows = messages::table.filter(messages::session_id.eq(message.session_id));
    let last = rows
        .select(max(messages::position))
        .get_result::<Option<i64>>(connection)?;
    message.position = last.unwrap_or(0) + 1;
    message.revision = sessions::touch(connection, message.session_id)?;
    message.created_revision = message.revision;
    diesel::insert_into(messages::table)
        .values(&message)
        .execute(connection)?;
    Ok(message)
}

pub(super) fn find(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    id: MessageId,
) -> Result<Message, RepositoryError> {
    let row = messages::table
        .filter(messages::id.eq(id).and(messages::session_id.eq(session_id)))
        .select(Message::as_select())
        .get_result(connection)
        .optional()?;
    row.ok_or(RepositoryError::NotFound)
}

/// The `limit` newest messages before place `before`, newest first.
pub(super) fn newest(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    before: i64,
    limit: i64,
) -> Result<Vec<Message>, RepositoryError> {
    let rows = messages::table
        .filter(
            messages::session_id
                .eq(session_id)
                .and(messages::position.lt(before)),
        )
        .order(messages::position.desc())
        .select(Message::as_select());
    // A bound LIMIT would have SQLite prepare the statement anew at every call.
    let limit = usize::try_from(limit).unwrap_or_default();
    let rows = rows.load_iter(connection)?.take(limit);
    Ok(rows.collect::<QueryResult<_>>()?)
}

/// Replaces the text of a message that is not streaming; one of the tutor's only while nobody relies on it.
pub(super) fn update_content(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    id: MessageId,
    (content, transcripts): (&str, Transcripts),
) -> Result<Message, RepositoryError> {
    let message = find(connection, session_id, id)?;
    if message.status == Status::Streaming {
        return Err(RepositoryError::MessageStreaming);
    }
    if message.role == Role::Assistant && transcripts.are_locked(connection, session_id)? {
        return Err(RepositoryError::TranscriptLocked);
    }
    learning::forget_summary(connection, session_id, message.position)?;
    let changes = (
        messages::content.eq(content),
        messages::edited.eq(true),
        messages::updated_at.eq(now()),
        messages::revision.eq(sessions::touch(connection, session_id)?),
    );
    diesel::update(messages::table.find(id))
        .set(changes)
        .execute(connection)?;
    find(connection, session_id, id)
}

/// Marks a reply as being written again, and answers the revision of that change.
pub(super) fn reopen(connection: &mut SqliteConnection, reply: &Message) -> Result<i64, RepositoryError> {
    let revision = sessions::touch(connection, reply.session_id)?;
    let changes = (
        messages::status.eq(Status::Streaming),
        messages::error_code.eq(None::<String>),
        messages::updated_at.eq(now()),
        messages::revision.eq(revision),
    );
    diesel::update(messages::table.find(reply.id))
        .set(changes)
        .execute(connection)?;
    Ok(revision)
}

/// Of the `limit` newest messages before place `before` those that fit into a page, newest first.
pub(super) fn newest_page(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    (before, limit): (i64, i64),
) -> Result<Filled<Message>, RepositoryError> {
    let rows = messages::table
        .filter(
            messages::session_id
                .eq(session_id)
                .and(messages::position.lt(before)),
        )
        .order(messages::position.desc())
        .limit(limit)
        .select(Message::as_select());
    let rows = rows.load_iter::<Message, DefaultLoadingMode>(connection)?;
    Ok(fill(rows, size_as_json)?)
}

/// About what a message takes in an answer.
fn size_as_json(message: &Message) -> usize {
    const FIELDS: usize = 640;
    FIELDS + json_length(&message.content)
}

/// At most `limit` messages that have changed since a revision, in the order of the conversation, and no more than fit into a page.
pub(super) fn changed_since(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    (revision, limit): (i64, i64),
) -> Result<Filled<Message>, RepositoryError> {
    let rows = messages::table
        .filter(
            messages::session_id
                .eq(session_id)
                .and(messages::revision.gt(revision)),
        )
        .order(messages::position)
        .limit(limit)
        .select(Message::as_select());
    let rows = rows.load_iter::<Message, DefaultLoadingMode>(connection)?;
    Ok(fill(rows, size_as_json)?)
}

/// Writes how the turn of this reply ended. Tokens of a reply that was gone on with add up.
pub(super) fn finalise(
    connection: &mut SqliteConnection,
    id: MessageId,
    outcome: &TurnOutcome,
    revision: i64,
) -> Result<(), RepositoryError> {
    let before = messages::table
        .find(id)
        .select(Message::as_select())
        .get_result(connection)?;
    let usage = before
        .usage()
        .map_or(outcome.usage, |usage| usage.plus(outcome.usage));
    diesel::update(messages::table.find(id))
        .set((
            messages::content.eq(outcome.text.as_str()),
            messages::status.eq(outcome.status),
            messages::finish_reason.eq(outcome.finish_reason),
            messages::input_tokens.eq(usage.input_tokens),
            messages::output_tokens.eq(usage.output_tokens),
            messages::usage_source.eq(usage.source),
            messages::error_code.eq(outcome.error_code),
            messages::updated_at.eq(now()),
            messages::revision.eq(revision),
        ))
        .execute(connection)?;
    Ok(())
}
