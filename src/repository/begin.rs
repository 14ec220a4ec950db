//! How turns begin: one transaction checks the key and the busy session, and stores the message and the turn.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::allowance::{self, Allowance};
use super::error::RepositoryError;
use super::messages::{self, Message};
use super::now;
use super::scope::Scope;
use super::sessions::{self, SessionFields};
use super::turns::{self, Turn};
use crate::ids::{MessageId, SessionId, TurnId};
use crate::model::{BusyPolicy, Role, Status};
use crate::schema::idempotency_keys;

/// So many turns of a session may wait for the running one.
const LONGEST_QUEUE: usize = 8;

/// What a turn is asked to do.
#[derive(Clone, Debug)]
pub struct NewTurn {
    /// What is to be answered or continued.
    pub task: Task,
    /// With the same key this is the same turn.
    pub key: Option<IdempotencyKey>,
    /// Who will answer.
    pub answering: Answering,
}

/// What is to be answered or continued.
#[derive(Clone, Debug)]
pub enum Task {
    /// A learner's message.
    Answer(NewMessage),
    /// A further reply to a message: to the one that is named, or to the one that the named reply answers.
    Regenerate(SessionId, MessageId),
    /// The rest of the reply that this turn has left unfinished.
    Continue(TurnId),
}

/// A learner's message that is to be answered.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// `None`: a session is created.
    pub session_id: Option<SessionId>,
    /// The subject of a session that is created.
    pub subject: Option<String>,
    /// What the learner wrote.
    pub content: String,
    /// The client's name for the message.
    pub client_message_id: Option<String>,
    /// How a running turn is met.
    pub on_busy: BusyPolicy,
}

/// Makes a repeated request the same request.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// The client's word.
    pub key: String,
    /// What the key stands for: another fingerprint is another request.
    pub fingerprint: String,
}

/// Who answers a turn.
#[derive(Clone, Debug)]
pub struct Answering {
    /// The provider's name.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// What the learner asked of it, JSON.
    pub parameters: Option<String>,
}

/// A turn as it begins.
#[derive(Clone, Debug)]
pub struct BegunTurn {
    /// The stored row.
    pub turn: Turn,
    /// The text that the reply has already.
    pub kept: String,
    /// Turns of the session that have not ended.
    pub predecessors: Vec<TurnId>,
    /// Whether those are stopped, rather than waited for.
    pub stop_predecessors: bool,
}

/// What became of a request to begin a turn.
#[derive(Clone, Debug)]
pub enum Begun {
    /// It was stored.
    New(Box<BegunTurn>),
    /// The same request came before: this is its turn.
    Joined(TurnId),
}

/// Stores what a turn begins with: the message, the turn, the key.
pub(super) fn begin_turn(
    connection: &mut SqliteConnection,
    scope: &Scope,
    (new, allowance): (&NewTurn, Allowance),
) -> Result<Begun, RepositoryError> {
    if let Some(key) = &new.key
        && let Some(turn_id) = joined(connection, &scope.subject, key)?
    {
        return Ok(Begun::Joined(turn_id));
    }
    allowance::check(allowance)?;
    let begun = match &new.task {
        Task::Answer(message) => begin_answer(connection, scope, message, &new.answering)?,
        Task::Regenerate(session_id, message_id) => {
            begin_regeneration(connection, scope, (*session_id, *message_id), &new.answering)?
        }
        Task::Continue(turn_id) => begin_continuation(connection, scope, *turn_id, &new.answering)?,
    };
    if let Some(key) = &new.key {
        insert_key(connection, &scope.subject, key, begun.turn.id)?;
    }
    Ok(Begun::New(Box::new(begun)))
}

fn begin_answer(
    connection: &mut SqliteConnection,
    scope: &Scope,
    new: &NewMessage,
    answering: &Answering,
) -> Result<BegunTurn, RepositoryError> {
    let session = match new.session_id {
        Some(id) => sessions::own(connection, scope, id)?,
        None => {
            let title = Some(sessions::title_of(&new.content));
            let fields = SessionFields {
                title,
                subject: new.subject.clone(),
                learner_profile: None,
            };
            sessions::insert(connection, &scope.subject, &fields)?
        }
    };
    let predecessors = predecessors(connection, session.id, new.on_busy)?;
    let mut message = Message::new(session.id, Role::User, new.content.clone(), Status::Complete);
    message.client_message_id.clone_from(&new.client_message_id);
    let message = messages::insert(connection, message)?;
    let turn = insert_reply(connection, &message, answering)?;
    let stop_predecessors = new.on_busy == BusyPolicy::Interrupt;
    Ok(BegunTurn {
        turn,
        kept: String::new(),
        predecessors,
        stop_predecessors,
    })
}

fn begin_regeneration(
    connection: &mut SqliteConnection,
    scope: &Scope,
    (session_id, message_id): (SessionId, MessageId),
    answering: &Answering,
) -> Result<BegunTurn, RepositoryError> {
    sessions::own(connection, scope, session_id)?;
    let named = messages::find(connection, session_id, message_id)?;
    let answered = match (named.role, named.reply_to) {
        (Role::User, _) => named,
        (Role::Assistant, Some(id)) => messages::find(connection, session_id, id)?,
        (Role::Assistant, None) => return Err(RepositoryError::NotContinuable),
    };
    predecessors(connection, session_id, BusyPolicy::Reject)?;
    let turn = insert_reply(connection, &answered, answering)?;
    Ok(BegunTurn {
        turn,
        kept: String::new(),
        predecessors: Vec::new(),
        stop_predecessors: false,
    })
}

fn begin_continuation(
    connection: &mut SqliteConnection,
    scope: &Scope,
    turn_id: TurnId,
    answering: &Answering,
) -> Result<BegunTurn, RepositoryError> {
    let cut = turns::own(connection, scope, turn_id)?;
    predecessors(connection, cut.session_id, BusyPolicy::Reject)?;
    let newest = turns::newest_of(connection, cut.message_id)?;
    if cut.status == Status::Complete || newest.is_some_and(|newest| newest.id != cut.id) {
        return Err(RepositoryError::NotContinuable);
    }
    let message = messages::find(connection, cut.session_id, cut.message_id)?;
    let mut turn = new_turn(&message, cut.user_message_id, answering);
    turn.attempt = cut.attempt + 1;
    turn.parameters = cut.parameters;
    turn.revision = messages::reopen(connection, &message)?;
    turns::insert(connection, &turn)?;
    Ok(BegunTurn {
        turn,
        kept: message.content,
        predecessors: Vec::new(),
        stop_predecessors: false,
    })
}

fn predecessors(
    connection: &mut SqliteConnection,
    session_id: SessionId,
    on_busy: BusyPolicy,
) -> Result<Vec<TurnId>, RepositoryError> {
    let running = turns::streaming(connection, session_id)?;
    match (running.first(), on_busy) {
        (Some(first), BusyPolicy::Reject) => Err(RepositoryError::TurnRunning(first.id)),
        (Some(_), _) if running.len() > LONGEST_QUEUE => Err(RepositoryError::QueueFull),
        _ => Ok(running.iter().map(|turn| turn.id).collect()),
    }
}

fn insert_reply(
    connection: &mut SqliteConnection,
    answered: &Message,
    answering: &Answering,
) -> Result<Turn, RepositoryError> {
    let mut reply = Message::new(
        answered.session_id,
        Role::Assistant,
        String::new(),
        Status::Streaming,
    );
    reply.reply_to = Some(answered.id);
    let reply = messages::insert(connection, reply)?;
    let turn = new_turn(&reply, answered.id, answering);
    turns::insert(connection, &turn)?;
    Ok(turn)
}

fn new_turn(reply: &Message, user_message_id: MessageId, answering: &Answering) -> Turn {
    Turn {
        id: TurnId::new(),
        session_id: reply.session_id,
        user_message_id,
        message_id: reply.id,
        status: Status::Streaming,
        attempt: 1,
        provider: answering.provider.clone(),
        model: answering.model.clone(),
        finish_reason: None,
        error_code: None,
        input_tokens: None,
        output_tokens: None,
        usage_source: None,
        last_number: 0,
        resumed_at: None,
        created_at: now(),
        ended_at: None,
        parameters: answering.parameters.clone(),
        revision: reply.revision,
    }
}

fn joined(
    connection: &mut SqliteConnection,
    owner: &str,
    key: &IdempotencyKey,
) -> Result<Option<TurnId>, RepositoryError> {
    let row = idempotency_keys::table
        .find((owner, &key.key))
        .select((idempotency_keys::fingerprint, idempotency_keys::turn_id))
        .get_result::<(String, TurnId)>(connection)
        .optional()?;
    match row {
        Some((fingerprint, turn_id)) if fingerprint == key.fingerprint => Ok(Some(turn_id)),
        Some(_) => Err(RepositoryError::KeyReused),
        None => Ok(None),
    }
}

fn insert_key(
    connection: &mut SqliteConnection,
    owner: &str,
    key: &IdempotencyKey,
    turn_id: TurnId,
) -> Result<(), RepositoryError> {
    diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::owner.eq(owner),
            idempotency_keys::key.eq(&key.key),
            idempotency_keys::fingerprint.eq(&key.fingerprint),
            idempotency_keys::turn_id.eq(turn_id),
            idempotency_keys::created_at.eq(now()),
        ))
        .execute(connection)?;
    Ok(())
}
