//! Rows of `attempts`: every call to a provider, as the record of what a turn went through.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::usage::Spending;
use super::{token_reservations, turns, usage};
use crate::ids::TurnId;
use crate::model::{AttemptMode, Purpose, Usage, UsageSource};
use crate::schema::attempts;

/// One call to a provider, without what it wrote.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = attempts)]
pub struct Attempt {
    /// For which turn.
    pub turn_id: TurnId,
    /// The how-manieth call for this reply.
    pub number: i32,
    /// Who was called.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// What it did with the text that the reply had before it.
    pub mode: AttemptMode,
    /// `complete`, `stopped`, `server-restarted`, or the code of what went wrong.
    pub outcome: String,
    /// Tokens read.
    pub input_tokens: i64,
    /// Tokens written.
    pub output_tokens: i64,
    /// Who counted the tokens.
    pub usage_source: UsageSource,
    /// Milliseconds since the Unix epoch.
    pub started_at: i64,
    /// Milliseconds since the Unix epoch.
    pub ended_at: i64,
}

impl Attempt {
    /// Tokens.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            source: self.usage_source,
        }
    }

    /// What it adds to the user's day.
    fn spending(&self, purpose: Purpose) -> Spending {
        Spending {
            provider: self.provider.clone(),
            model: self.model.clone(),
            purpose,
            usage: self.usage(),
            at: self.ended_at,
        }
    }
}

/// A call that has ended and is not on record yet. What it wrote is the end of the reply, which is not copied.
#[derive(Clone, Debug)]
pub struct EndedCall {
    /// The call.
    pub attempt: Attempt,
    /// The reply as it was when the call ended.
    pub reply: Arc<String>,
    /// Where in the reply its own text begins.
    pub from: usize,
    /// Whether it was the first one.
    pub purpose: Purpose,
}

impl EndedCall {
    /// What this call wrote.
    #[must_use]
    pub fn text(&self) -> &str {
        self.reply.get(self.from..).unwrap_or_default()
    }
}

/// Stores a call that another one follows, and adds its tokens to the user's day: what was spent was spent, also when
/// the session was deleted meanwhile.
pub(super) fn record(
    connection: &mut SqliteConnection,
    owner: &str,
    call: &EndedCall,
) -> Result<(), RepositoryError> {
    insert(connection, (owner, call), (call.text(), false))
}

/// The same for the last call of a turn, whose text is the end of the turn's log and is not stored a second time.
pub(super) fn record_last(
    connection: &mut SqliteConnection,
    owner: &str,
    call: &EndedCall,
) -> Result<(), RepositoryError> {
    insert(connection, (owner, call), ("", !call.text().is_empty()))
}

fn insert(
    connection: &mut SqliteConnection,
    (owner, call): (&str, &EndedCall),
    (text, text_in_log): (&str, bool),
) -> Result<(), RepositoryError> {
    usage::record(connection, owner, &call.attempt.spending(call.purpose))?;
    token_reservations::release(connection, &call.attempt.turn_id.to_string())?;
    if turns::exists(connection, call.attempt.turn_id)? {
        diesel::insert_into(attempts::table)
            .values((
                &call.attempt,
                attempts::text.eq(text),
                attempts::text_in_log.eq(text_in_log),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// The calls of a turn that are on record, in order, and what each wrote; `None` where the log alone tells that.
pub(super) fn of_turn(
    connection: &mut SqliteConnection,
    turn_id: TurnId,
) -> Result<Vec<(Attempt, Option<String>)>, RepositoryError> {
    let rows = attempts::table
        .filter(attempts::turn_id.eq(turn_id))
        .order(attempts::number)
        .select((Attempt::as_select(), attempts::text, attempts::text_in_log))
        .load::<(Attempt, String, bool)>(connection)?;
    let calls = rows
        .into_iter()
        .map(|(attempt, text, in_log)| (attempt, (!in_log).then_some(text)));
    Ok(calls.collect())
}
