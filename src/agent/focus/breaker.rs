//! Whether answers wait for the planner: after some plans in a row that did not come in time they no longer do, and
//! local rules plan at once. Plans behind answers, for which nobody waits, are the probes: one in time closes it.

use std::sync::atomic::{AtomicU32, Ordering};

/// So many plans in a row that did not come in time open it.
const MOST_MISSES: u32 = 3;

#[derive(Default)]
pub(super) struct Breaker {
    misses: AtomicU32,
}

impl Breaker {
    /// Whether no answer waits.
    pub(super) fn is_open(&self) -> bool {
        self.misses.load(Ordering::Relaxed) >= MOST_MISSES
    }

    /// The planner answered within the budget.
    pub(super) fn in_time(&self) {
        if self.misses.swap(0, Ordering::Relaxed) >= MOST_MISSES {
            log::info!("focus.planner_is_back");
        }
    }

    /// It did not, or failed.
    pub(super) fn missed(&self) {
        let before = self.misses.fetch_add(1, Ordering::Relaxed);
        if before + 1 == MOST_MISSES {
            log::warn!("focus.planner_left_alone misses={MOST_MISSES}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_misses_in_a_row_and_one_plan_in_time_closes_it() {
        let breaker = Breaker::default();
        for _ in 0..2 {
            breaker.missed();
            breaker.missed();
            assert!(!breaker.is_open());
            breaker.in_time();
        }
        (0..5).for_each(|_| breaker.missed());
        assert!(breaker.is_open());
        breaker.in_time();
        assert!(!breaker.is_open());
    }
}
