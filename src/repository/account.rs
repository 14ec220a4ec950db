//! What is left of a user beside sessions, and how it goes.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use crate::schema::{learner_topics, learners, session_observers, sessions, stream_tickets, user_storage};

/// What a user has spent on earlier days, without the name. Today's counts stay: the limit of a day is reckoned with
/// them, and a new account of the same name must not have a new one.
const ADD_TO_TOTALS: &str = "INSERT INTO usage_days (owner, day, provider, model, purpose, calls, input_tokens, output_tokens) \
    SELECT '', day, provider, model, purpose, calls, input_tokens, output_tokens FROM usage_days WHERE owner = ? AND day < ? \
    ON CONFLICT (owner, day, provider, model, purpose) DO UPDATE SET calls = usage_days.calls + excluded.calls, \
    input_tokens = usage_days.input_tokens + excluded.input_tokens, \
    output_tokens = usage_days.output_tokens + excluded.output_tokens";
const FORGET_USAGE: &str = "DELETE FROM usage_days WHERE owner = ? AND day < ?";

/// Deletes what has no session. False, and nothing is done, while there are sessions.
pub(super) fn delete(connection: &mut SqliteConnection, owner: &str) -> Result<bool, RepositoryError> {
    let left = sessions::table.filter(sessions::owner.eq(owner)).count();
    if left.get_result::<i64>(connection)? > 0 {
        return Ok(false);
    }
    diesel::delete(stream_tickets::table.filter(stream_tickets::owner.eq(owner))).execute(connection)?;
    diesel::delete(session_observers::table.filter(session_observers::observer.eq(owner)))
        .execute(connection)?;
    diesel::delete(learners::table.filter(learners::owner.eq(owner))).execute(connection)?;
    diesel::delete(learner_topics::table.filter(learner_topics::owner.eq(owner))).execute(connection)?;
    // Nothing is counted any more, and the row has the name.
    diesel::delete(user_storage::table.find(owner)).execute(connection)?;
    let today = chrono::Utc::now().format("%Y-%m-%d").to_string();
    for statement in [ADD_TO_TOTALS, FORGET_USAGE] {
        let query = diesel::sql_query(statement);
        query
            .bind::<Text, _>(owner)
            .bind::<Text, _>(&today)
            .execute(connection)?;
    }
    Ok(true)
}
