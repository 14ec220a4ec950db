//! What a session feed is told: the rows that have changed since a revision, or the session as it is. Read in one
//! transaction, so that they belong together.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::messages::{self, Message};
use super::scope::Scope;
use super::sessions::{self, Session};
use super::turns::{self, Turn, Writing};
use crate::ids::{MessageId, SessionId, TurnId};

/// A snapshot has so many messages, if they fit into a page, and more changes than that are a snapshot.
const MOST_MESSAGES: i64 = 50;

/// A session's rows at one revision.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The session.
    pub session: Session,
    /// The revision that the messages have changed since. `None`: they are the newest, whether changed or not.
    pub since: Option<i64>,
    /// In the order of the conversation.
    pub messages: Vec<Message>,
    /// The place before which older ones are, when these are the newest and there are older ones.
    pub next_cursor: Option<i64>,
    /// The turn that wrote each of these messages last.
    pub writings: HashMap<MessageId, Writing>,
    /// Turns that have not ended, oldest first.
    pub streaming: Vec<Turn>,
    /// Turns that began after `since`, oldest first, whether they have ended or not.
    pub begun: Vec<TurnId>,
}

/// The changes since a revision; the newest messages when there is no such revision to go on from.
pub(super) fn read(
    connection: &mut SqliteConnection,
    scope: &Scope,
    id: SessionId,
    since: Option<i64>,
) -> Result<Changes, RepositoryError> {
    connection.transaction(|connection| {
        let session = sessions::visible(connection, scope, id)?;
        let known = session.resumable_from..=session.revision;
        let since = since.filter(|revision| known.contains(revision));
        let changed = since
            .map(|revision| few_changed(connection, id, revision))
            .transpose()?;
        let (since, (messages, next_cursor)) = match (since, changed.flatten()) {
            (Some(revision), Some(changed)) => (Some(revision), (changed, None)),
            _ => (None, newest(connection, id)?),
        };
        let begun = since.map(|revision| turns::begun_since(connection, id, revision));
        Ok(Changes {
            begun: begun.transpose()?.unwrap_or_default(),
            writings: turns::newest_by_message(connection, &messages)?,
            streaming: turns::streaming(connection, id)?,
            session,
            since,
            messages,
            next_cursor,
        })
    })
}

/// The messages that have changed, unless they are so many that a snapshot is as short.
fn few_changed(
    connection: &mut SqliteConnection,
    id: SessionId,
    since: i64,
) -> Result<Option<Vec<Message>>, RepositoryError> {
    let changed = messages::changed_since(connection, id, (since, MOST_MESSAGES + 1))?;
    let few = i64::try_from(changed.rows.len()).is_ok_and(|length| length <= MOST_MESSAGES);
    Ok(Some(changed.rows).filter(|_| few && !changed.cut))
}

/// The newest messages, and the place before which older ones are.
fn newest(
    connection: &mut SqliteConnection,
    id: SessionId,
) -> Result<(Vec<Message>, Option<i64>), RepositoryError> {
    let mut messages = messages::newest_page(connection, id, (i64::MAX, MOST_MESSAGES))?.rows;
    messages.reverse();
    let first = messages.first().map(|message| message.position);
    Ok((messages, first.filter(|place| *place > 1)))
}
