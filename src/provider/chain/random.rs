//! A small random source for jitter. With a seed it gives the same numbers again; nothing secret is made of it.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
#[derive(Debug)]
pub struct Random(AtomicU64);

/// The step of the generator's state.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// Another sequence in each process.
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(RandomState::new().hash_one(GAMMA))
    }

    /// Always the same sequence.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        let state = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Any duration from nothing to `longest`, in whole microseconds, each as likely.
    pub(super) fn up_to(&self, longest: Duration) -> Duration {
        let steps = u64::try_from(longest.as_micros())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let scaled = (u128::from(self.next()) * u128::from(steps)) >> 64;
        Duration::from_micros(u64::try_from(scaled).unwrap_or(u64::MAX))
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}
