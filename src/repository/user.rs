//! What one user may do with the database. There is no other way to user data: every operation names the owner.

use std::collections::HashMap;
use std::sync::Arc;

use super::begin::{self, Begun, NewTurn};
use super::error::RepositoryError;
use super::messages::{self, Message};
use super::sessions::{self, Session, SessionCursor, SessionFields};
use super::turns::{self, Turn};
use super::usage::{self, Spending, UsageDay};
use super::{ReadPool, Writer};
use crate::ids::{MessageId, SessionId, TurnId};
use crate::model::{Role, Status};

/// The repository as one user sees it.
#[derive(Clone)]
pub struct UserRepository {
    pub(super) owner: Arc<str>,
    pub(super) pool: ReadPool,
    pub(super) writer: Writer,
}

/// A page of a session's messages.
#[derive(Clone, Debug)]
pub struct MessagePage {
    /// Oldest first.
    pub messages: Vec<Message>,
    /// The place before which the next page ends.
    pub next_cursor: Option<i64>,
    /// The turn that wrote each reply last.
    pub turns: HashMap<MessageId, TurnId>,
    /// The oldest turn that has not ended.
    pub active: Option<Turn>,
}

type Result<T> = std::result::Result<T, RepositoryError>;

/// Every operation can end in `NotFound` (which is also the answer for another user's things), `Unavailable` and
/// `Database`; the others are named.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them")]
impl UserRepository {
    /// Whose data this is.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// A new session.
    pub async fn create_session(&self, fields: SessionFields) -> Result<Session> {
        let owner = Arc::clone(&self.owner);
        self.writer
            .run(move |connection| sessions::insert(connection, &owner, &fields))
            .await
    }

    /// One session.
    pub async fn session(&self, id: SessionId) -> Result<Session> {
        let owner = Arc::clone(&self.owner);
        self.pool
            .read(move |connection| sessions::find(connection, &owner, id))
            .await
    }

    /// Sessions, the one that changed last first.
    pub async fn sessions(&self, after: Option<SessionCursor>, limit: i64) -> Result<Vec<Session>> {
        let owner = Arc::clone(&self.owner);
        self.pool
            .read(move |connection| sessions::list(connection, &owner, after, limit))
            .await
    }

    /// Changes what is named in `fields`.
    pub async fn update_session(&self, id: SessionId, fields: SessionFields) -> Result<Session> {
        let owner = Arc::clone(&self.owner);
        self.writer
            .run(move |connection| sessions::update(connection, &owner, id, &fields))
            .await
    }

    /// Deletes the session with all that is in it.
    pub async fn delete_session(&self, id: SessionId) -> Result<()> {
        let owner = Arc::clone(&self.owner);
        self.writer
            .run(move |connection| sessions::delete(connection, &owner, id))
            .await
    }

    /// Turns of the session that have not ended, oldest first.
    pub async fn streaming_turns(&self, id: SessionId) -> Result<Vec<Turn>> {
        let owner = Arc::clone(&self.owner);
        let query = move |connection: &mut _| {
            sessions::find(connection, &owner, id)?;
            turns::streaming(connection, id)
        };
        self.pool.read(query).await
    }

    /// The newest messages before place `before`.
    pub async fn messages(&self, id: SessionId, before: Option<i64>, limit: i64) -> Result<MessagePage> {
        let owner = Arc::clone(&self.owner);
        let query = move |connection: &mut _| {
            sessions::find(connection, &owner, id)?;
            let mut messages = messages::newest(connection, id, before.unwrap_or(i64::MAX), limit)?;
            let full = i64::try_from(messages.len()).is_ok_and(|length| length == limit);
            let next_cursor = messages
                .last()
                .map(|oldest| oldest.position)
                .filter(|place| full && *place > 1);
            messages.reverse();
            let turns = turns::newest_by_message(connection, id)?.into_iter().collect();
            let active = turns::streaming(connection, id)?.into_iter().next();
            Ok(MessagePage {
                messages,
                next_cursor,
                turns,
                active,
            })
        };
        self.pool.read(query).await
    }

    /// The newest messages up to and with `upto`, newest first: what a prompt is made of.
    pub async fn conversation(
        &self,
        id: SessionId,
        upto: MessageId,
        limit: i64,
    ) -> Result<(Session, Vec<Message>)> {
        let owner = Arc::clone(&self.owner);
        let query = move |connection: &mut _| {
            let session = sessions::find(connection, &owner, id)?;
            let last = messages::find(connection, id, upto)?;
            Ok((
                session,
                messages::newest(connection, id, last.position + 1, limit)?,
            ))
        };
        self.pool.read(query).await
    }

    /// Adds a finished message without starting a turn.
    pub async fn add_message(
        &self,
        id: SessionId,
        (role, content): (Role, String),
        client_message_id: Option<String>,
    ) -> Result<Message> {
        let owner = Arc::clone(&self.owner);
        let work = move |connection: &mut _| {
            sessions::find(connection, &owner, id)?;
            let mut message = Message::new(id, role, content.clone(), Status::Complete);
            message.client_message_id.clone_from(&client_message_id);
            messages::insert(connection, message)
        };
        self.writer.run(work).await
    }

    /// Replaces the text of a message; `MessageStreaming` while it is being written.
    pub async fn update_message(
        &self,
        id: SessionId,
        message_id: MessageId,
        content: String,
    ) -> Result<Message> {
        let owner = Arc::clone(&self.owner);
        let work = move |connection: &mut _| {
            sessions::find(connection, &owner, id)?;
            messages::update_content(connection, id, message_id, &content)
        };
        self.writer.run(work).await
    }

    /// One turn and the message it writes.
    pub async fn turn(&self, id: TurnId) -> Result<(Turn, Message)> {
        let owner = Arc::clone(&self.owner);
        let query = move |connection: &mut _| {
            let turn = turns::find(connection, &owner, id)?;
            let message = messages::find(connection, turn.session_id, turn.message_id)?;
            Ok((turn, message))
        };
        self.pool.read(query).await
    }

    /// Adds what a call to a provider has cost to the user's day.
    pub async fn record_usage(&self, spending: Spending) -> Result<()> {
        let owner = Arc::clone(&self.owner);
        self.writer
            .run(move |connection| usage::record(connection, &owner, &spending))
            .await
    }

    /// What was spent from `first_day` on (UTC, `YYYY-MM-DD`), oldest first.
    pub async fn usage_since(&self, first_day: String) -> Result<Vec<UsageDay>> {
        let owner = Arc::clone(&self.owner);
        self.pool
            .read(move |connection| usage::since(connection, &owner, &first_day))
            .await
    }

    /// Stores what a turn begins with; `TurnRunning`, `QueueFull`, `KeyReused`, `NotContinuable`.
    pub async fn begin_turn(&self, new: NewTurn) -> Result<Begun> {
        let owner = Arc::clone(&self.owner);
        self.writer
            .run(move |connection| begin::begin_turn(connection, &owner, &new))
            .await
    }
}
