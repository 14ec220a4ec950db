//! What a seed decides.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
pub(super) struct Chance(AtomicU64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)))
    }

    /// A number below `end`.
    pub(super) fn below(&self, end: u64) -> u64 {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// True in one of `of` cases.
    pub(super) fn once_in(&self, of: u64) -> bool {
        self.below(of) == 0
    }

    pub(super) fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    /// At once, soon, or after long.
    pub(super) fn wait(&self) -> Duration {
        match self.below(6) {
            0..=2 => Duration::ZERO,
            3 => Duration::from_millis(self.below(50)),
            4 => Duration::from_millis(self.below(5_000)),
            _ => Duration::from_secs(self.below(90)),
        }
    }
}
