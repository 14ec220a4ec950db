//! Rows of `usage_days`: tokens by user, UTC day, model and purpose. They stay when a session is deleted.

use chrono::DateTime;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use crate::model::{Purpose, Usage};
use crate::schema::usage_days;

/// What one call to a provider has cost.
#[derive(Clone, Debug)]
pub struct Spending {
    /// Who was called.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// What for.
    pub purpose: Purpose,
    /// Tokens.
    pub usage: Usage,
    /// When the call ended, milliseconds since the Unix epoch.
    pub at: i64,
}

/// What a user has spent on one day with one model for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = usage_days)]
pub struct UsageDay {
    /// UTC, `YYYY-MM-DD`.
    pub day: String,
    /// Who was called.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// What for.
    pub purpose: Purpose,
    /// How often.
    pub calls: i64,
    /// Tokens read by the model.
    pub input_tokens: i64,
    /// Tokens written by the model.
    pub output_tokens: i64,
}

/// Adds a call to the day on which it ended.
pub(super) fn record(
    connection: &mut SqliteConnection,
    owner: &str,
    spending: &Spending,
) -> Result<(), RepositoryError> {
    use usage_days::dsl;
    let Spending {
        provider,
        model,
        purpose,
        usage,
        at,
    } = spending;
    diesel::insert_into(usage_days::table)
        .values((
            dsl::owner.eq(owner),
            dsl::day.eq(day_of(*at)),
            dsl::provider.eq(provider),
            dsl::model.eq(model),
            dsl::purpose.eq(*purpose),
            dsl::calls.eq(1),
            dsl::input_tokens.eq(usage.input_tokens),
            dsl::output_tokens.eq(usage.output_tokens),
        ))
        .on_conflict((dsl::owner, dsl::day, dsl::provider, dsl::model, dsl::purpose))
        .do_update()
        .set((
            dsl::calls.eq(dsl::calls + 1),
            dsl::input_tokens.eq(dsl::input_tokens + usage.input_tokens),
            dsl::output_tokens.eq(dsl::output_tokens + usage.output_tokens),
        ))
        .execute(connection)?;
    Ok(())
}

/// What the user has spent from `first_day` on (UTC, `YYYY-MM-DD`), oldest first.
pub(super) fn since(
    connection: &mut SqliteConnection,
    owner: &str,
    first_day: &str,
) -> Result<Vec<UsageDay>, RepositoryError> {
    let rows = usage_days::table
        .filter(usage_days::owner.eq(owner).and(usage_days::day.ge(first_day)))
        .order((
            usage_days::day,
            usage_days::provider,
            usage_days::model,
            usage_days::purpose,
        ))
        .select(UsageDay::as_select());
    Ok(rows.load(connection)?)
}

/// Tokens that the user has spent on the day of this moment, read and written.
pub(super) fn spent_on_day_of(
    connection: &mut SqliteConnection,
    owner: &str,
    at: i64,
) -> Result<i64, RepositoryError> {
    let day = usage_days::owner.eq(owner).and(usage_days::day.eq(day_of(at)));
    let rows = usage_days::table
        .filter(day)
        .select((usage_days::input_tokens, usage_days::output_tokens));
    let rows = rows.load::<(i64, i64)>(connection)?;
    Ok(rows.iter().map(|(input, output)| input + output).sum())
}

/// The UTC day of a moment, `YYYY-MM-DD`.
pub(super) fn day_of(milliseconds: i64) -> String {
    let time = DateTime::from_timestamp_millis(milliseconds).unwrap_or_default();
    time.format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use diesel::Connection;
    use diesel_migrations::MigrationHarness;

    use super::*;
    use crate::model::UsageSource;

    fn spending(input_tokens: i64, at: i64) -> Spending {
        let usage = Usage {
            input_tokens,
            output_tokens: 2,
            source: UsageSource::Reported,
        };
        Spending {
            provider: "p".into(),
            model: "m".into(),
            purpose: Purpose::Focus,
            usage,
            at,
        }
    }

    #[test]
    fn calls_add_up_by_user_and_utc_day() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection
            .run_pending_migrations(crate::repository::open::MIGRATIONS)
            .unwrap();
        let last_moment_of_the_day = 86_400_000 - 1;
        for (owner, at) in [
            ("a", 0),
            ("a", last_moment_of_the_day),
            ("a", 86_400_000),
            ("b", 0),
        ] {
            record(&mut connection, owner, &spending(5, at)).unwrap();
        }
        let days = since(&mut connection, "a", "1970-01-01").unwrap();
        let seen: Vec<_> = days
            .iter()
            .map(|day| (day.day.as_str(), day.calls, day.input_tokens, day.output_tokens))
            .collect();
        assert_eq!(seen, [("1970-01-01", 2, 10, 4), ("1970-01-02", 1, 5, 2)]);
        assert_eq!(since(&mut connection, "a", "1970-01-02").unwrap().len(), 1);
    }

    #[test]
    fn the_tokens_of_a_day_are_those_of_its_user_and_of_no_other_day() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection
            .run_pending_migrations(crate::repository::open::MIGRATIONS)
            .unwrap();
        for (owner, at) in [("a", 0), ("a", 1), ("a", 86_400_000), ("b", 0)] {
            record(&mut connection, owner, &spending(5, at)).unwrap();
        }
        let mut spent = |owner, at| spent_on_day_of(&mut connection, owner, at).unwrap();
        assert_eq!((spent("a", 7), spent("a", 86_400_000), spent("c", 0)), (14, 7, 0));
    }
}
