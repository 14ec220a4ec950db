//! Users, as far as rows name them: there is no table of users, whoever owns something is one.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use super::Repository;
use super::error::RepositoryError;
use crate::schema::{account_deletions, api_tokens, learners, sessions, turns, usage_days};

/// What moves with a user: each statement takes the new name and then the old one. Where the new user says something of the
/// same, that stays, and what the old one said of it goes.
const MOVES: &[&str] = &[
    "UPDATE sessions SET owner = ? WHERE owner = ?",
    "UPDATE OR IGNORE idempotency_keys SET owner = ? WHERE owner = ?",
    "UPDATE api_tokens SET owner = ? WHERE owner = ?",
    "UPDATE OR IGNORE learners SET owner = ? WHERE owner = ?",
    "UPDATE OR IGNORE learner_topics SET owner = ? WHERE owner = ?",
    "UPDATE OR IGNORE session_observers SET observer = ? WHERE observer = ?",
    "UPDATE OR IGNORE session_readers SET reader = ? WHERE reader = ?",
    "INSERT INTO usage_days (owner, day, provider, model, purpose, calls, input_tokens, output_tokens) \
     SELECT ?, day, provider, model, purpose, calls, input_tokens, output_tokens FROM usage_days WHERE owner = ? \
     ON CONFLICT (owner, day, provider, model, purpose) DO UPDATE SET calls = usage_days.calls + excluded.calls, \
     input_tokens = usage_days.input_tokens + excluded.input_tokens, \
     output_tokens = usage_days.output_tokens + excluded.output_tokens",
];
/// What is left under the old name.
const LEFT: &[&str] = &[
    "DELETE FROM idempotency_keys WHERE owner = ?",
    "DELETE FROM learners WHERE owner = ?",
    "DELETE FROM learner_topics WHERE owner = ?",
    "DELETE FROM session_observers WHERE observer = ?",
    "DELETE FROM session_readers WHERE reader = ?",
    "DELETE FROM usage_days WHERE owner = ?",
    "DELETE FROM stream_tickets WHERE owner = ?",
    "DELETE FROM user_storage WHERE owner = ?",
];
/// Nobody observes the own sessions.
const OF_ONESELF: &[&str] = &[
    "DELETE FROM session_observers WHERE observer = ? AND session_id IN (SELECT id FROM sessions WHERE owner = ?)",
    "DELETE FROM session_readers WHERE reader = ? AND session_id IN (SELECT id FROM sessions WHERE owner = ?)",
];

impl Repository {
    /// Whether a user of this name is known.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn owns_rows(&self, user: String) -> Result<bool, RepositoryError> {
        self.pool
            .read(move |connection| owns_rows(connection, &user))
            .await
    }

    /// Users whom the operator wants deleted, in the order of asking.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn users_to_delete(&self) -> Result<Vec<String>, RepositoryError> {
        let query = |connection: &mut SqliteConnection| {
            let rows = account_deletions::table.order(account_deletions::asked_at);
            Ok(rows.select(account_deletions::owner).load(connection)?)
        };
        self.pool.read(query).await
    }

    /// Notes that such a user is gone.
    ///
    /// # Errors
    /// `NotStored`, `MaybeStored`, `Database`.
    pub async fn user_is_deleted(&self, user: String) -> Result<(), RepositoryError> {
        let work = move |connection: &mut SqliteConnection| {
            diesel::delete(account_deletions::table.find(&user)).execute(connection)?;
            Ok(())
        };
        self.writer.run(work).await
    }
}

/// Whether a user of this name is known: owns a session, has a token, said something of itself or spent tokens.
pub(super) fn owns_rows(connection: &mut SqliteConnection, owner: &str) -> Result<bool, RepositoryError> {
    let owns = diesel::select(
        exists(sessions::table.filter(sessions::owner.eq(owner)))
            .or(exists(api_tokens::table.filter(api_tokens::owner.eq(owner))))
            .or(exists(learners::table.filter(learners::owner.eq(owner))))
            .or(exists(usage_days::table.filter(usage_days::owner.eq(owner)))),
    );
    Ok(owns.get_result(connection)?)
}

/// Gives all that is `from`'s to `to`. A reply that is being written is on the account that it began on.
pub(super) fn rename(connection: &mut SqliteConnection, from: &str, to: &str) -> Result<(), RepositoryError> {
    let writing = turns::table
        .inner_join(sessions::table)
        .filter(turns::ended_at.is_null())
        .filter(sessions::owner.eq_any([from, to]));
    if diesel::select(exists(writing)).get_result(connection)? {
        return Err(RepositoryError::UserBusy);
    }
    for statement in MOVES {
        let query = diesel::sql_query(*statement).bind::<Text, _>(to);
        query.bind::<Text, _>(from).execute(connection)?;
    }
    for statement in LEFT {
        diesel::sql_query(*statement)
            .bind::<Text, _>(from)
            .execute(connection)?;
    }
    for statement in OF_ONESELF {
        let query = diesel::sql_query(*statement).bind::<Text, _>(to);
        query.bind::<Text, _>(to).execute(connection)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
