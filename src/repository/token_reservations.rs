//! Rows of `token_reservations`: what calls under way may yet cost. A day's limit holds because every call is held
//! against it before it is made, and settled in the transaction that records what it has cost.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::now;
use super::usage::{self, Spending, UsageDay};
use super::user::UserRepository;
use crate::ids::TurnId;
use crate::model::{Purpose, Usage, UsageSource};
use crate::schema::{token_reservations as reservations, turns};

/// A reply of fewer tokens is not worth a call, and some services refuse to be asked for one.
const LEAST_REPLY: i64 = 16;

/// A call that is about to be made.
#[derive(Clone, Debug)]
pub struct NewReservation {
    /// The turn's id, or that of a question of the agent's own.
    pub call: String,
    /// Who is asked.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// What for.
    pub purpose: Purpose,
    /// Tokens of the prompt.
    pub prompt_tokens: i64,
    /// The most tokens that the reply is asked for.
    pub reply_tokens: i64,
    /// Whether a reply of fewer tokens is of no use.
    pub whole: bool,
}

/// What a user has spent on this day.
#[derive(Clone, Debug)]
pub struct TokensOfDay {
    /// UTC, `YYYY-MM-DD`.
    pub day: String,
    /// Held for calls under way.
    pub reserved: i64,
    days: Vec<UsageDay>,
}

impl TokensOfDay {
    /// Tokens that were spent on this.
    #[must_use]
    pub fn used_for(&self, purpose: Purpose) -> i64 {
        let rows = self.days.iter().filter(|row| row.purpose == purpose);
        rows.map(|row| row.input_tokens + row.output_tokens).sum()
    }

    /// Tokens that were spent.
    #[must_use]
    pub fn used(&self) -> i64 {
        self.days
            .iter()
            .map(|row| row.input_tokens + row.output_tokens)
            .sum()
    }
}

/// Holds the tokens of a call, instead of what was held for it before, and answers how many its reply may have.
/// `TokensSpent` when the prompt does not fit into the day, `TokensHeld` when only other calls stand in its way.
pub(super) fn reserve(
    connection: &mut SqliteConnection,
    (owner, per_day): (&str, u64),
    new: &NewReservation,
) -> Result<i64, RepositoryError> {
    let day = i64::try_from(per_day).unwrap_or(i64::MAX) - usage::spent_on_day_of(connection, owner, now())?;
    let least_reply = if new.whole { i64::MAX } else { LEAST_REPLY };
    let least = new
        .prompt_tokens
        .saturating_add(least_reply.min(new.reply_tokens));
    let left = day - held(connection, owner, Some(&new.call))?;
    if least > left {
        return Err(if least > day {
            RepositoryError::TokensSpent
        } else {
            RepositoryError::TokensHeld
        });
    }
    let reply = new.reply_tokens.min(left - new.prompt_tokens);
    let row = (
        reservations::owner.eq(owner),
        reservations::provider.eq(&new.provider),
        reservations::model.eq(&new.model),
        reservations::purpose.eq(new.purpose),
        reservations::prompt_tokens.eq(new.prompt_tokens),
        reservations::tokens.eq(new.prompt_tokens + reply),
    );
    diesel::insert_into(reservations::table)
        .values((reservations::call.eq(&new.call), row))
        .on_conflict(reservations::call)
        .do_update()
        .set(row)
        .execute(connection)?;
    Ok(reply)
}

/// Holds more for a call under way, as far as there is any, and answers how many.
fn extend(
    connection: &mut SqliteConnection,
    (owner, per_day): (&str, u64),
    (call, more): (&str, i64),
) -> Result<i64, RepositoryError> {
    let spent = usage::spent_on_day_of(connection, owner, now())?;
    let left = i64::try_from(per_day).unwrap_or(i64::MAX) - spent - held(connection, owner, None)?;
    let more = more.min(left).max(0);
    diesel::update(reservations::table.find(call))
        .set(reservations::tokens.eq(reservations::tokens + more))
        .execute(connection)?;
    Ok(more)
}

/// The call has ended: nothing is held for it any more.
pub(super) fn release(connection: &mut SqliteConnection, call: &str) -> Result<(), RepositoryError> {
    diesel::delete(reservations::table.find(call)).execute(connection)?;
    Ok(())
}

/// What is held for the user's calls, but for this one.
fn held(connection: &mut SqliteConnection, owner: &str, but: Option<&str>) -> Result<i64, RepositoryError> {
    let rows = reservations::table
        .filter(reservations::owner.eq(owner))
        .filter(reservations::call.ne(but.unwrap_or_default()))
        .select((reservations::call, reservations::tokens));
    let rows = rows.load::<(String, i64)>(connection)?;
    Ok(rows.iter().map(|(_, tokens)| tokens).sum())
}

/// After a crash: what was held for calls whose turn nobody takes up becomes usage, as far as it was read for certain.
pub(super) fn settle_left_over(connection: &mut SqliteConnection) -> Result<(), RepositoryError> {
    let live = turns::table.filter(turns::ended_at.is_null()).select(turns::id);
    let live: HashSet<String> = live
        .load::<TurnId>(connection)?
        .iter()
        .map(ToString::to_string)
        .collect();
    let rows = reservations::table.select((
        reservations::call,
        reservations::owner,
        reservations::provider,
        reservations::model,
        reservations::purpose,
        reservations::prompt_tokens,
    ));
    let rows = rows.load::<(String, String, String, String, Purpose, i64)>(connection)?;
    for (call, owner, provider, model, purpose, input_tokens) in rows {
        if live.contains(&call) {
            continue;
        }
        let spending = Spending {
            provider,
            model,
            purpose,
            usage: Usage {
                input_tokens,
                output_tokens: 0,
                source: UsageSource::Estimated,
            },
            at: now(),
        };
        usage::record(connection, &owner, &spending)?;
        release(connection, &call)?;
    }
    Ok(())
}

impl UserRepository {
    /// Holds the tokens of a call that is about to be made, instead of what was held for it before, and answers how
    /// many its reply may have; `None` where there is no limit. Waits while the database is not available.
    ///
    /// # Errors
    /// `TokensSpent`, `TokensHeld`, `Database`.
    pub async fn reserve_tokens(&self, call: NewReservation) -> Result<Option<i64>, RepositoryError> {
        let Some(limits) = self.limits.tokens else {
            return Ok(None);
        };
        let owner = self.scope().subject;
        let reserve =
            move |connection: &mut _| reserve(connection, (&owner, limits.per_day), &call).map(Some);
        self.writer.run_at_last(reserve).await
    }

    /// Holds more for a call under way, as far as there is any, and answers how many. Waits while the database is not
    /// available.
    ///
    /// # Errors
    /// `Database`.
    pub async fn extend_tokens(&self, call: String, more: i64) -> Result<i64, RepositoryError> {
        let Some(limits) = self.limits.tokens else {
            return Ok(more);
        };
        let owner = self.scope().subject;
        let extend = move |connection: &mut _| extend(connection, (&owner, limits.per_day), (&call, more));
        self.writer.run_at_last(extend).await
    }

    /// A question of the agent's own has ended, and has cost this, if it was read at all.
    ///
    /// # Errors
    /// `Database`; waits while the database is not available.
    pub async fn settle_tokens(
        &self,
        call: String,
        spending: Option<Spending>,
    ) -> Result<(), RepositoryError> {
        if self.limits.tokens.is_none() && spending.is_none() {
            return Ok(());
        }
        let owner = self.scope().subject;
        let settle = move |connection: &mut SqliteConnection| {
            if let Some(spending) = &spending {
                usage::record(connection, &owner, spending)?;
            }
            release(connection, &call)
        };
        self.writer.run_at_last(settle).await
    }

    /// What was spent on this day, and what is held for calls under way.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn tokens_of_day(&self) -> Result<TokensOfDay, RepositoryError> {
        let owner = self.scope().subject;
        let query = move |connection: &mut SqliteConnection| {
            let day = usage::day_of(now());
            Ok(TokensOfDay {
                reserved: held(connection, &owner, None)?,
                days: usage::since(connection, &owner, &day)?,
                day,
            })
        };
        self.reading.pool.read(query).await
    }
}
