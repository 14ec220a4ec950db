//! What one caller may read: its own sessions, and those of others that it observes. Nothing can be written
//! through it; that takes a [`UserRepository`](super::UserRepository), which the owner alone has.

use diesel::Connection;

use super::ReadPool;
use super::attempts::{self, Attempt};
use super::changes::{self, Changes};
use super::error::RepositoryError;
use super::messages::{self, Message};
use super::readers::Sightings;
use super::scope::Scope;
use super::sessions::{self, Session, SessionCursor, SessionView};
use super::turns::{self, Turn};
use super::user::MessagePage;
use crate::ids::{SessionId, TurnId};

/// The repository as one reader sees it.
#[derive(Clone)]
pub struct ReadingRepository {
    pub(super) scope: Scope,
    pub(super) pool: ReadPool,
    pub(super) sightings: Sightings,
}

type Result<T> = std::result::Result<T, RepositoryError>;

/// Every operation can end in `NotFound` (which is also the answer for what the caller may not read),
/// `Unavailable` and `Database`.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them")]
impl ReadingRepository {
    /// Who reads.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.scope.subject
    }

    /// One session.
    pub async fn session(&self, id: SessionId) -> Result<Session> {
        let scope = self.scope.clone();
        let read = self
            .pool
            .read(move |connection| sessions::visible(connection, &scope, id));
        let session = read.await?;
        self.sightings.saw(&self.scope, id, &session.owner);
        Ok(session)
    }

    /// Sessions, the one that changed last first, as many as fit into a page, and whether there may be more.
    pub async fn sessions(
        &self,
        view: SessionView,
        after: Option<SessionCursor>,
        limit: i64,
    ) -> Result<(Vec<Session>, bool)> {
        let scope = self.scope.clone();
        self.pool
            .read(move |connection| sessions::list(connection, &scope, view, (after, limit)))
            .await
    }

    /// The newest messages before place `before`, as many as fit into a page.
    pub async fn messages(&self, id: SessionId, before: Option<i64>, limit: i64) -> Result<MessagePage> {
        let (scope, sightings) = (self.scope.clone(), self.sightings.clone());
        let query = move |connection: &mut _| {
            let session = sessions::visible(connection, &scope, id)?;
            sightings.saw(&scope, id, &session.owner);
            let page = messages::newest_page(connection, id, (before.unwrap_or(i64::MAX), limit))?;
            let mut messages = page.rows;
            let full = page.cut || i64::try_from(messages.len()).is_ok_and(|length| length == limit);
            let next_cursor = messages
                .last()
                .map(|oldest| oldest.position)
                .filter(|place| full && *place > 1);
            messages.reverse();
            Ok(MessagePage {
                writings: turns::newest_by_message(connection, &messages)?,
                active: turns::streaming(connection, id)?.into_iter().next(),
                messages,
                next_cursor,
            })
        };
        self.pool.read(|connection| connection.transaction(query)).await
    }

    /// What has changed in a session since a revision; all of it when that revision is not one to go on from.
    pub async fn changes(&self, id: SessionId, since: Option<i64>) -> Result<Changes> {
        let scope = self.scope.clone();
        let read = self
            .pool
            .read(move |connection| changes::read(connection, &scope, id, since));
        let changes = read.await?;
        self.sightings.saw(&self.scope, id, &changes.session.owner);
        Ok(changes)
    }

    /// One turn and the message it writes.
    pub async fn turn(&self, id: TurnId) -> Result<(Turn, Message)> {
        let (scope, sightings) = (self.scope.clone(), self.sightings.clone());
        let query = move |connection: &mut _| {
            let (turn, owner) = turns::find(connection, &scope, id)?;
            sightings.saw(&scope, turn.session_id, &owner);
            let message = messages::find(connection, turn.session_id, turn.message_id)?;
            Ok((turn, message))
        };
        self.pool.read(query).await
    }

    /// The calls to providers that a turn took and that have ended, in order, and what each wrote.
    pub async fn attempts(&self, id: TurnId) -> Result<Vec<(Attempt, Option<String>)>> {
        let scope = self.scope.clone();
        let query = move |connection: &mut _| {
            turns::visible(connection, &scope, id)?;
            attempts::of_turn(connection, id)
        };
        self.pool.read(query).await
    }
}
