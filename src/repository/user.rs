//! What one user may do with the database. There is no other way to write user data: every operation names the
//! owner. What may be read, others' sessions included, is in [`ReadingRepository`].

use std::collections::HashMap;
use std::sync::Arc;

use diesel::sqlite::SqliteConnection;

use super::account;
use super::allowance::{self, Allowance, UserLimits};
use super::begin::{self, Begun, NewTurn};
use super::error::RepositoryError;
use super::export::{self, ExportPlace};
use super::job::Changed;
use super::leaving::{Leaving, LeavingAccounts};
use super::messages::{self, Message};
use super::observers::{self, Transcripts, Watchers};
use super::reading::ReadingRepository;
use super::scope::Scope;
use super::sessions::{self, Session, SessionFields};
use super::storage::{self, StorageUse};
use super::turns::{self, Turn, Writing};
use super::usage::{self, UsageDay};
use super::writer::{Pending, Writer};
use crate::ids::{MessageId, SessionId, TurnId};
use crate::model::{Role, Source, Status};

/// The repository as one user sees it.
#[derive(Clone)]
pub struct UserRepository {
    pub(super) reading: ReadingRepository,
    pub(super) writer: Writer,
    pub(super) leaving: LeavingAccounts,
    pub(super) limits: Arc<UserLimits>,
}

/// A page of a session's messages.
#[derive(Clone, Debug)]
pub struct MessagePage {
    /// Oldest first.
    pub messages: Vec<Message>,
    /// The place before which the next page ends.
    pub next_cursor: Option<i64>,
    /// The turn that wrote each reply last.
    pub writings: HashMap<MessageId, Writing>,
    /// The oldest turn that has not ended.
    pub active: Option<Turn>,
}

type Result<T> = std::result::Result<T, RepositoryError>;

/// Every operation can end in `NotFound` (which is also the answer for another user's things), `ReadOnly` (for
/// those that the user observes), `Unavailable` and `Database`; the others are named.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them")]
impl UserRepository {
    /// Whose data this is.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.reading.subject()
    }

    /// What the user may read.
    #[must_use]
    pub fn reading(&self) -> &ReadingRepository {
        &self.reading
    }

    /// The same for a turn's task, which waits longer for a connection than a request does.
    #[must_use]
    pub fn patient(&self) -> Self {
        let reading = ReadingRepository {
            pool: self.reading.pool.patient(),
            ..self.reading.clone()
        };
        Self {
            reading,
            ..self.clone()
        }
    }

    pub(super) fn scope(&self) -> Scope {
        self.reading.scope.clone()
    }

    /// Work that adds to what the user stores; `StorageFull` when that is more than may be.
    fn bounded<T, F>(
        &self,
        mut work: F,
    ) -> impl FnMut(&mut SqliteConnection) -> Result<T> + Send + 'static + use<T, F>
    where
        F: FnMut(&mut SqliteConnection) -> Result<T> + Send + 'static,
    {
        let (scope, limits) = (self.scope(), Arc::clone(&self.limits));
        move |connection| storage::within(connection, (&scope.subject, &limits.storage), &mut work)
    }

    /// What the user may take.
    #[must_use]
    pub fn limits(&self) -> UserLimits {
        *self.limits
    }

    /// What the user stores.
    pub async fn storage(&self) -> Result<StorageUse> {
        let scope = self.scope();
        let query = move |connection: &mut _| storage::used(connection, &scope.subject);
        self.reading.pool.read(query).await
    }

    /// A new session; `AccountLeaving`, `StorageFull`.
    pub async fn create_session(&self, fields: SessionFields) -> Result<Session> {
        let (scope, leaving) = (self.scope(), self.leaving.clone());
        let work = move |connection: &mut _| {
            leaving.check(&scope.subject)?;
            sessions::insert(connection, &scope.subject, &fields)
        };
        self.writer.run(self.bounded(work)).await
    }

    /// Changes what is named in `fields`; `StorageFull`.
    pub async fn update_session(&self, id: SessionId, fields: SessionFields) -> Result<Session> {
        let scope = self.scope();
        let work = move |connection: &mut _| {
            let session = sessions::update(connection, &scope, id, &fields)?;
            Ok(Changed::session(id, session))
        };
        self.writer.change(self.bounded(work)).await
    }

    /// Deletes the session with all that is in it.
    pub async fn delete_session(&self, id: SessionId) -> Result<()> {
        let scope = self.scope();
        let work = move |connection: &mut _| {
            sessions::delete(connection, &scope, id)?;
            Ok(Changed::session(id, ()))
        };
        self.writer.change(work).await
    }

    /// From now on no session begins, until this is dropped.
    #[must_use]
    pub fn leave(&self) -> Leaving {
        self.leaving.mark(self.owner())
    }

    /// Deletes what the user has beside sessions; false, and nothing is done, while there are sessions.
    pub async fn delete_account(&self) -> Result<bool> {
        let scope = self.scope();
        self.writer
            .run(move |connection| account::delete(connection, &scope.subject))
            .await
    }

    /// The next lines of all that is the user's, and where the ones after them begin.
    pub async fn export(&self, place: ExportPlace) -> Result<Option<(String, ExportPlace)>> {
        let scope = self.scope();
        let query = move |connection: &mut _| export::page(connection, &scope.subject, &place);
        self.reading.pool.read(query).await
    }

    /// Turns of the session that have not ended, oldest first.
    pub async fn streaming_turns(&self, id: SessionId) -> Result<Vec<Turn>> {
        let scope = self.scope();
        let query = move |connection: &mut _| {
            sessions::own(connection, &scope, id)?;
            turns::streaming(connection, id)
        };
        self.reading.pool.read(query).await
    }

    /// Adds a finished message without starting a turn; `StorageFull`.
    pub async fn add_message(
        &self,
        id: SessionId,
        (role, content): (Role, String),
        client_message_id: Option<String>,
    ) -> Result<Message> {
        let scope = self.scope();
        let work = move |connection: &mut _| {
            sessions::own(connection, &scope, id)?;
            let mut message = Message::new(id, role, content.clone(), Status::Complete);
            message.client_message_id.clone_from(&client_message_id);
            message.source = Source::Import;
            Ok(Changed::session(id, messages::insert(connection, message)?))
        };
        self.writer.change(self.bounded(work)).await
    }

    /// Replaces the text of a message; `MessageStreaming` while it is being written, `TranscriptLocked`, `StorageFull`.
    pub async fn update_message(
        &self,
        id: SessionId,
        message_id: MessageId,
        (content, transcripts): (String, Transcripts),
    ) -> Result<Message> {
        let scope = self.scope();
        let work = move |connection: &mut _| {
            sessions::own(connection, &scope, id)?;
            let message = messages::update_content(connection, id, message_id, (&content, transcripts))?;
            Ok(Changed::session(id, message))
        };
        self.writer.change(self.bounded(work)).await
    }

    /// One turn and the message it writes.
    pub async fn turn(&self, id: TurnId) -> Result<(Turn, Message)> {
        let scope = self.scope();
        let query = move |connection: &mut _| {
            let turn = turns::own(connection, &scope, id)?;
            let message = messages::find(connection, turn.session_id, turn.message_id)?;
            Ok((turn, message))
        };
        self.reading.pool.read(query).await
    }

    /// What was spent from `first_day` on (UTC, `YYYY-MM-DD`), oldest first.
    pub async fn usage_since(&self, first_day: String) -> Result<Vec<UsageDay>> {
        let owner = self.scope().subject;
        self.reading
            .pool
            .read(move |connection| usage::since(connection, &owner, &first_day))
            .await
    }

    /// Stores what a turn begins with; `AccountLeaving`, `TurnRunning`, `QueueFull`, `KeyReused`, `NotContinuable`,
    /// `StorageFull`, `TokensSpent`, `TokensHeld`. A turn that is stored late has to be driven all the same.
    pub fn begin_turn(&self, new: NewTurn, allowance: Allowance) -> Pending<Begun> {
        let (scope, leaving, limits) = (self.scope(), self.leaving.clone(), Arc::clone(&self.limits));
        let work = move |connection: &mut _| {
            leaving.check(&scope.subject)?;
            Ok(match begin::begin_turn(connection, &scope, (&new, allowance))? {
                Begun::New(begun) => {
                    storage::reserve(connection, begun.turn.id, &limits.storage)?;
                    allowance::reserve(connection, (&scope.subject, &limits), &begun.turn, allowance)?;
                    Changed::session(begun.turn.session_id, Begun::New(begun))
                }
                joined @ Begun::Joined(_) => Changed::none(joined),
            })
        };
        self.writer.change_for_certain(self.bounded(work))
    }

    /// Lets another user read the session; `TooManyObservers`.
    pub async fn add_observer(&self, id: SessionId, observer: String) -> Result<()> {
        let scope = self.scope();
        let work = move |connection: &mut _| {
            sessions::own(connection, &scope, id)?;
            observers::add(connection, id, &observer)
        };
        self.writer.run(work).await
    }

    /// Takes that back. Who was none stays none. Who was named may leave, too.
    pub async fn remove_observer(&self, id: SessionId, observer: String) -> Result<()> {
        let scope = self.scope();
        let work = move |connection: &mut _| {
            let leaves = *observer == *scope.subject && observers::is_named(connection, id, &observer)?;
            if !leaves {
                sessions::own(connection, &scope, id)?;
            }
            observers::remove(connection, id, &observer)
        };
        self.writer.run(work).await
    }

    /// Who may read the session besides its owner.
    pub async fn watchers(&self, id: SessionId) -> Result<Watchers> {
        let scope = self.scope();
        let query = move |connection: &mut _| {
            let session = sessions::own(connection, &scope, id)?;
            observers::watchers(connection, &session)
        };
        self.reading.pool.read(query).await
    }
}
