//! The generic cell rate algorithm: one number for each who is limited, the moment when nothing of the rate is taken
//! any more. What is taken comes back evenly; a whole window's worth may be taken at once.

use std::time::Duration;

/// Time since some beginning that never moves: no clock on a wall.
pub(super) type Moment = Duration;

/// So many in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    limit: u32,
    window: Duration,
}

/// What one user has taken of a rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Nothing is taken from this moment on.
    pub(super) full_at: Moment,
}

/// Where somebody stands with a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many a window has.
    pub limit: u32,
    /// How long the window is.
    pub window: Duration,
    /// How many are left now.
    pub remaining: u32,
    /// After how long all of them are there again.
    pub full_after: Duration,
}

impl Rate {
    /// `limit` must not be 0.
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        Self {
            limit: limit.max(1),
            window,
        }
    }

    /// The time that one takes to come back.
    pub(super) fn step(self) -> Duration {
        self.window / self.limit
    }

    pub(super) fn window(self) -> Duration {
        self.window
    }

    /// Takes one, or says after how long there will be one.
    pub(super) fn take(self, taken: &mut Taken, now: Moment) -> Result<(), Duration> {
        let full_at = taken.full_at.max(now) + self.step();
        // A limit that does not divide its window leaves less than a step over.
        let latest = now + self.window;
        if full_at > latest {
            return Err(full_at - latest);
        }
        taken.full_at = full_at;
        Ok(())
    }

    /// Whether there is one to take; says after how long there will be if not.
    pub(super) fn check(self, mut taken: Taken, now: Moment) -> Result<(), Duration> {
        self.take(&mut taken, now)
    }

    pub(super) fn standing(self, taken: Taken, now: Moment) -> Standing {
        let full_after = taken.full_at.saturating_sub(now);
        let left = self.window.saturating_sub(full_after);
        let remaining = left.as_nanos() / self.step().as_nanos().max(1);
        Standing {
            limit: self.limit,
            window: self.window,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX).min(self.limit),
            full_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn taken_at(rate: Rate, moments: impl IntoIterator<Item = Duration>) -> usize {
        let mut taken = Taken::default();
        let moments = moments.into_iter();
        moments.filter(|now| rate.take(&mut taken, *now).is_ok()).count()
    }

    #[test]
    fn a_window_may_be_taken_at_once_and_comes_back_one_by_one() {
        let rate = Rate::new(5, 10 * SECOND);
        let (mut taken, now) = (Taken::default(), 100 * SECOND);
        for left in (0..5).rev() {
            assert_eq!(rate.take(&mut taken, now), Ok(()));
            assert_eq!(rate.standing(taken, now).remaining, left);
        }
        assert_eq!(rate.take(&mut taken, now), Err(2 * SECOND));
        assert_eq!(rate.standing(taken, now).full_after, 10 * SECOND);
        assert_eq!(rate.take(&mut taken, now + 2 * SECOND), Ok(()));
        assert_eq!(rate.take(&mut taken, now + 3 * SECOND), Err(SECOND));
        assert_eq!(rate.standing(taken, now + 100 * SECOND).remaining, 5);
    }

    #[test]
    fn who_is_refused_pays_nothing_and_waits_as_long_as_it_is_told() {
        let rate = Rate::new(3, SECOND);
        let mut taken = Taken::default();
        for _ in 0..3 {
            assert_eq!(rate.take(&mut taken, SECOND), Ok(()));
        }
        let before = taken;
        let wait = rate.take(&mut taken, SECOND).expect_err("there is none");
        assert_eq!(taken, before);
        assert!(rate.check(taken, SECOND + wait / 2).is_err());
        assert_eq!(rate.take(&mut taken, SECOND + wait), Ok(()));
    }

    #[test]
    fn asking_evenly_at_the_rate_is_never_refused() {
        let rate = Rate::new(7, SECOND);
        assert_eq!(
            taken_at(rate, (0..1_000).map(|number| rate.step() * number)),
            1_000
        );
    }

    proptest! {
        /// In no stretch of time more than a window's worth and what came back meanwhile.
        #[test]
        fn nobody_gets_more_than_the_rate(limit in 1_u32..40, gaps in prop::collection::vec(0_u64..400, 1..300)) {
            let rate = Rate::new(limit, SECOND);
            let mut now = Duration::ZERO;
            let moments: Vec<_> = gaps.iter().map(|gap| { now += Duration::from_millis(*gap); now }).collect();
            let got = taken_at(rate, moments.iter().copied());
            let stretch = now - moments[0];
            let most = u128::from(limit) + stretch.as_nanos() / rate.step().as_nanos();
            prop_assert!(got as u128 <= most, "{got} of {most}");
        }
    }
}
