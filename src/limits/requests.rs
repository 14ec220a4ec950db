//! How often users ask. The rates are kept in memory, so that no request waits for the database; what was taken of the
//! longer one is stored every second, so that it holds across a restart and, where several share a database, for all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::rate::{Moment, Rate, Standing, Taken};
use crate::config;
use crate::repository::{RateShare, Repository, RepositoryError};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The rates of all users.
pub struct Requests {
    second: Option<Rate>,
    minute: Option<Rate>,
    began: Instant,
    users: Mutex<HashMap<Arc<str>, User>>,
}

#[derive(Default)]
struct User {
    second: Taken,
    minute: Taken,
    /// What was taken of the minute and is not stored yet.
    unstored: Duration,
}

/// A request that is one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// After so long it may be tried again.
    pub retry_after: Duration,
    /// Where the user stands.
    pub standing: Standing,
}

impl Requests {
    pub(super) fn new(settings: &config::Limits) -> Self {
        Self {
            second: settings.requests_per_second.map(|limit| Rate::new(limit, SECOND)),
            minute: settings.requests_per_minute.map(|limit| Rate::new(limit, MINUTE)),
            began: Instant::now(),
            users: Mutex::default(),
        }
    }

    /// Counts a request. Answers where the user stands, if anything is limited.
    ///
    /// # Errors
    /// `TooMany`.
    pub fn take(&self, owner: &str) -> Result<Option<Standing>, TooMany> {
        self.take_at(owner, self.began.elapsed())
    }

    fn take_at(&self, owner: &str, now: Moment) -> Result<Option<Standing>, TooMany> {
        if self.second.is_none() && self.minute.is_none() {
            return Ok(None);
        }
        let mut users = self.lock();
        if !users.contains_key(owner) {
            users.insert(owner.into(), User::default());
        }
        let Some(user) = users.get_mut(owner) else {
            return Ok(None);
        };
        let too_many = |rate: Rate, taken: Taken| {
            move |retry_after: Duration| TooMany {
                retry_after,
                standing: rate.standing(taken, now),
            }
        };
        if let Some(rate) = self.minute {
            rate.check(user.minute, now)
                .map_err(too_many(rate, user.minute))?;
        }
        if let Some(rate) = self.second {
            let before = user.second;
            rate.take(&mut user.second, now).map_err(too_many(rate, before))?;
        }
        if let Some(rate) = self.minute
            && rate.take(&mut user.minute, now).is_ok()
        {
            user.unstored += rate.step();
        }
        let minute = self.minute.map(|rate| rate.standing(user.minute, now));
        Ok(minute.or_else(|| self.second.map(|rate| rate.standing(user.second, now))))
    }

    /// Takes up what the last process has stored.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn take_up(&self, repository: &Repository) -> Result<(), RepositoryError> {
        let Some(rate) = self.minute else { return Ok(()) };
        let shares = repository.rate_shares().await?;
        self.adopt(shares, rate, self.began.elapsed());
        Ok(())
    }

    /// Stores what was taken, every second, as long as the process lives.
    pub async fn keep(self: Arc<Self>, repository: Arc<Repository>) {
        let mut ticks = tokio::time::interval(SECOND);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.store(&repository).await {
                log::debug!("limits.not_stored error={error:?}");
            }
        }
    }

    /// Stores what was taken since the last time. What cannot be stored waits for the next time.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn store(&self, repository: &Repository) -> Result<(), RepositoryError> {
        let Some(rate) = self.minute else { return Ok(()) };
        let taken = self.unstored(self.began.elapsed());
        if taken.is_empty() {
            return Ok(());
        }
        match repository.add_to_rates(taken.clone(), rate.window()).await {
            Ok(shares) => {
                self.adopt(shares, rate, self.began.elapsed());
                Ok(())
            }
            Err(error) => {
                let mut users = self.lock();
                for RateShare { owner, taken } in taken {
                    users.entry(owner).or_default().unstored += taken;
                }
                Err(error)
            }
        }
    }

    /// What each user has taken since the last time; forgets those who have everything again.
    fn unstored(&self, now: Moment) -> Vec<RateShare> {
        let mut users = self.lock();
        let mut shares = Vec::new();
        users.retain(|owner, user| {
            if !user.unstored.is_zero() {
                let taken = std::mem::take(&mut user.unstored);
                let owner = Arc::clone(owner);
                shares.push(RateShare { owner, taken });
            }
            user.second.full_at.max(user.minute.full_at) > now
        });
        shares
    }

    /// Others may have taken more for the same users.
    fn adopt(&self, shares: Vec<RateShare>, rate: Rate, now: Moment) {
        let mut users = self.lock();
        for RateShare { owner, taken } in shares {
            let user = users.entry(owner).or_default();
            let stored = now + taken.min(rate.window());
            user.minute.full_at = user.minute.full_at.max(stored);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, User>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(second: Option<u32>, minute: Option<u32>) -> Requests {
        Requests {
            second: second.map(|limit| Rate::new(limit, SECOND)),
            minute: minute.map(|limit| Rate::new(limit, MINUTE)),
            began: Instant::now(),
            users: Mutex::default(),
        }
    }

    #[test]
    fn a_burst_is_limited_by_the_second_and_a_flood_by_the_minute() {
        let requests = requests(Some(2), Some(3));
        let now = 10 * SECOND;
        let standing = requests.take_at("a", now).expect("room").expect("a limit");
        assert_eq!((standing.limit, standing.remaining), (3, 2));
        requests.take_at("a", now).expect("room");
        let refused = requests.take_at("a", now).expect_err("the second is full");
        assert_eq!(
            (refused.standing.window, refused.retry_after),
            (SECOND, SECOND / 2)
        );
        requests.take_at("b", now).expect("others have their own");
        requests.take_at("a", now + SECOND).expect("room");
        let refused = requests
            .take_at("a", now + 2 * SECOND)
            .expect_err("the minute is full");
        assert_eq!(
            (refused.standing.window, refused.retry_after),
            (MINUTE, 18 * SECOND)
        );
    }

    #[test]
    fn what_was_taken_is_told_once_and_users_who_have_everything_again_are_forgotten() {
        let requests = requests(None, Some(60));
        for _ in 0..3 {
            requests.take_at("a", SECOND).expect("room");
        }
        let shares = requests.unstored(SECOND);
        assert_eq!(
            shares,
            [RateShare {
                owner: "a".into(),
                taken: 3 * SECOND
            }]
        );
        assert_eq!(requests.unstored(2 * SECOND), []);
        assert_eq!(requests.lock().len(), 1);
        assert_eq!(requests.unstored(MINUTE), []);
        assert!(requests.lock().is_empty());
    }

    #[test]
    fn what_others_have_taken_counts_and_never_more_than_a_window() {
        let requests = requests(None, Some(60));
        let rate = Rate::new(60, MINUTE);
        let share = |taken| {
            vec![RateShare {
                owner: "a".into(),
                taken,
            }]
        };
        requests.adopt(share(59 * SECOND), rate, SECOND);
        requests.take_at("a", SECOND).expect("one is left");
        let refused = requests.take_at("a", SECOND).expect_err("none is left");
        assert_eq!(refused.retry_after, SECOND);
        requests.adopt(share(1_000 * MINUTE), rate, 10 * SECOND);
        assert_eq!(
            requests.take_at("a", 11 * SECOND),
            Ok(Some(rate.standing(Taken { full_at: 71 * SECOND }, 11 * SECOND)))
        );
    }
}
