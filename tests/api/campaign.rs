//! What the fault campaigns share: rounds, each a function of a seed that a failure prints.
//!
//! `TUTORSTREAM_SEED` makes a campaign begin with the round of that seed: a round that failed is run again, first
//! thing.

use std::time::{Duration, SystemTime};

use crate::database::Database;
use crate::upstream::Plan;

/// The variable that names the first round's seed.
const SEED: &str = "TUTORSTREAM_SEED";

/// So many rounds begin at one seed, with one set-up: they share a service, so that its database grows.
pub(crate) const ROUNDS_OF_ONE_SERVICE: u64 = 5;

/// One round of a campaign. Says how to run it again when it fails.
pub(crate) struct Round {
    pub(crate) seed: u64,
    campaign: &'static str,
}

impl Round {
    /// The rounds of a campaign: as many as the variable `TUTORSTREAM_{campaign}_ROUNDS` says.
    pub(crate) fn all(campaign: &'static str, default: u64) -> impl Iterator<Item = Self> {
        Self::groups(campaign, default, 1)
    }

    /// The same where a round of this form stands for `size` of them.
    pub(crate) fn groups(campaign: &'static str, default: u64, size: u64) -> impl Iterator<Item = Self> {
        let rounds = number(&format!("TUTORSTREAM_{campaign}_ROUNDS")).unwrap_or(default);
        let first = number(SEED).unwrap_or_else(fresh_seed);
        eprintln!("{campaign}: {rounds} rounds from {SEED}={first}");
        (first..first + rounds.div_ceil(size)).map(move |seed| Self { seed, campaign })
    }

    /// What happens in this round.
    pub(crate) fn chance(&self) -> Chance {
        Chance(self.seed)
    }

    /// Rounds with the same number share a service.
    pub(crate) fn service(&self) -> u64 {
        self.seed / ROUNDS_OF_ONE_SERVICE
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "{}: run this round again with {SEED}={}",
                self.campaign, self.seed
            );
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "campaigns are set up by variables, and settings are none of their business"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A variable that says a number.
pub(crate) fn number(name: &str) -> Option<u64> {
    let value = variable(name)?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name}={value} is no number")),
    )
}

/// Another one for each run, and short enough to be typed.
fn fresh_seed() -> u64 {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    now.as_secs() % 100_000_000 * ROUNDS_OF_ONE_SERVICE
}

/// Choices that follow from a seed (the generator of Steele, Lea and Flood, 2014).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Yes, once in `times`.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A moment within so many milliseconds from now.
    pub(crate) fn moment(&mut self, milliseconds: u64) -> Duration {
        Duration::from_micros(self.below(milliseconds * 1000))
    }

    /// Choices of its own for a part of the round, whatever the other parts do.
    pub(crate) fn branch(&mut self) -> Self {
        Self(self.next())
    }

    /// A reply that nothing else in the campaign has: `deltas` to twice as many deltas, `rate` a second.
    pub(crate) fn plan(&mut self, deltas: u64, rate: u32) -> Plan {
        let seed = u64::from(u32::MAX) & self.next();
        let deltas = u32::try_from(deltas + self.below(deltas)).unwrap_or(u32::MAX);
        Plan::new(seed, deltas, rate)
    }
}

/// Checks that each reply was asked for no more often than its attempts on record, and that those are no more than
/// the learner's requests and the crashes explain.
pub(crate) fn check_attempts(database: &mut Database, message: &str, asked: usize, crashes: usize) {
    let content = message.replace('\'', "''");
    let attempts = database.number(&format!(
        "SELECT coalesce(sum(most), 0) AS number FROM (SELECT max(attempt) AS most FROM turns t \
         JOIN messages m ON m.id = t.user_message_id WHERE m.content = '{content}' GROUP BY t.message_id)"
    ));
    let turns = database.number(&format!(
        "SELECT count(*) AS number FROM turns t JOIN messages m ON m.id = t.user_message_id \
         WHERE m.content = '{content}'"
    ));
    let [attempts, turns] = [attempts, turns].map(|number| usize::try_from(number).unwrap_or_default());
    assert!(
        asked <= attempts,
        "the provider was asked {asked} times, {attempts} attempts are on record"
    );
    assert!(
        attempts <= turns * (1 + crashes),
        "{attempts} attempts at {turns} turns with {crashes} crashes"
    );
}
