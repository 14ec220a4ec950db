//! Rows of `request_rates`: what users have taken of their request rate. Stored as a moment, told as a length of time,
//! so that a clock that is set back costs nobody more than one window.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::{Repository, now};
use crate::schema::request_rates::dsl;

/// What a user has taken of its rate, as the time that it takes to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateShare {
    /// Whose it is.
    pub owner: Arc<str>,
    /// How much.
    pub taken: Duration,
}

impl Repository {
    /// What users have taken of their request rate.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn rate_shares(&self) -> Result<Vec<RateShare>, RepositoryError> {
        self.pool.read(|connection| all(connection, now())).await
    }

    /// Adds to what these users have taken of a rate with this window; answers what they have taken now, all together.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn add_to_rates(
        &self,
        shares: Vec<RateShare>,
        window: Duration,
    ) -> Result<Vec<RateShare>, RepositoryError> {
        self.writer
            .run(move |connection| add(connection, &shares, (window, now())))
            .await
    }
}

/// All that is taken now.
pub(super) fn all(connection: &mut SqliteConnection, now: i64) -> Result<Vec<RateShare>, RepositoryError> {
    let rows = dsl::request_rates.filter(dsl::full_at.gt(now));
    let rows = rows
        .select((dsl::owner, dsl::full_at))
        .load::<(String, i64)>(connection)?;
    let share = |(owner, full_at): (String, i64)| RateShare {
        owner: owner.into(),
        taken: length(now, full_at),
    };
    Ok(rows.into_iter().map(share).collect())
}

/// Adds what was taken to what is stored; answers what is taken now by the same users.
pub(super) fn add(
    connection: &mut SqliteConnection,
    shares: &[RateShare],
    (window, now): (Duration, i64),
) -> Result<Vec<RateShare>, RepositoryError> {
    diesel::delete(dsl::request_rates.filter(dsl::full_at.le(now))).execute(connection)?;
    let latest = now.saturating_add(milliseconds(window));
    let mut stored = Vec::with_capacity(shares.len());
    for RateShare { owner, taken } in shares {
        let row = dsl::request_rates.find(&**owner).select(dsl::full_at);
        let before = row.get_result::<i64>(connection).optional()?.unwrap_or(now);
        let full_at = before.saturating_add(milliseconds(*taken)).min(latest);
        diesel::insert_into(dsl::request_rates)
            .values((dsl::owner.eq(&**owner), dsl::full_at.eq(full_at)))
            .on_conflict(dsl::owner)
            .do_update()
            .set(dsl::full_at.eq(full_at))
            .execute(connection)?;
        stored.push(RateShare {
            owner: Arc::clone(owner),
            taken: length(now, full_at),
        });
    }
    Ok(stored)
}

fn milliseconds(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

fn length(now: i64, full_at: i64) -> Duration {
    Duration::from_millis(u64::try_from(full_at - now).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use diesel_migrations::MigrationHarness;

    use super::*;

    fn share(owner: &str, seconds: u64) -> RateShare {
        RateShare {
            owner: owner.into(),
            taken: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn what_several_take_adds_up_comes_back_and_is_forgotten() {
        let mut connection = SqliteConnection::establish(":memory:").expect("a database");
        connection
            .run_pending_migrations(crate::repository::open::MIGRATIONS)
            .expect("a schema");
        let window = Duration::from_secs(60);
        let mut add =
            |shares: &[RateShare], now| add(&mut connection, shares, (window, now)).expect("stored");
        assert_eq!(
            add(&[share("a", 5), share("b", 1)], 0),
            [share("a", 5), share("b", 1)]
        );
        assert_eq!(
            add(&[share("a", 5)], 2_000),
            [share("a", 8)],
            "three were left, five were added"
        );
        assert_eq!(
            add(&[share("a", 500)], 2_000),
            [share("a", 60)],
            "never more than a window"
        );
        assert_eq!(all(&mut connection, 32_000).expect("rows"), [share("a", 30)]);
        assert_eq!(all(&mut connection, 62_000).expect("rows"), []);
    }
}
