//! Rows of `attempts`: every call to a provider, as the record of what a turn went through.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::usage::Spending;
use crate::ids::TurnId;
use crate::model::{AttemptMode, Purpose, Usage, UsageSource};
use crate::schema::attempts;

/// One call to a provider.
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
    /// What this call wrote, void or not.
    pub text: String,
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
    pub(super) fn spending(&self) -> Spending {
        Spending {
            provider: self.provider.clone(),
            model: self.model.clone(),
            purpose: Purpose::Reply,
            usage: self.usage(),
            at: self.ended_at,
        }
    }
}

pub(super) fn insert(connection: &mut SqliteConnection, attempts: &[Attempt]) -> Result<(), RepositoryError> {
    for attempt in attempts {
        diesel::insert_into(attempts::table)
            .values(attempt)
            .execute(connection)?;
    }
    Ok(())
}

/// The calls of a turn, in order.
pub(super) fn of_turn(
    connection: &mut SqliteConnection,
    turn_id: TurnId,
) -> Result<Vec<Attempt>, RepositoryError> {
    let rows = attempts::table
        .filter(attempts::turn_id.eq(turn_id))
        .order(attempts::number)
        .select(Attempt::as_select());
    Ok(rows.load(connection)?)
}
