//! What all turns together may spend on retries: a share of the calls of the last minute, so that a provider in
//! trouble is not asked many times over by everyone at once.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Calls are counted in slots of this length,
const SLOT: Duration = Duration::from_secs(10);
/// and forgotten after so many slots.
const SLOTS: usize = 6;

/// Counts the calls and retries of the last minute.
#[derive(Debug)]
pub(super) struct RetryBudget {
    percent: u64,
    floor: u64,
    slots: Mutex<VecDeque<Slot>>,
}

#[derive(Debug)]
struct Slot {
    began: Instant,
    calls: u64,
    retries: u64,
}

impl RetryBudget {
    pub(super) fn new(percent: u32, floor: u32) -> Self {
        Self {
            percent: percent.into(),
            floor: floor.into(),
            slots: Mutex::default(),
        }
    }

    /// A call that is no retry.
    pub(super) fn count_call(&self) {
        self.with_slots(|slots| slots.back_mut().map(|slot| slot.calls += 1));
    }

    /// Takes a retry out of the budget; false when nothing is left of it.
    pub(super) fn spend_retry(&self) -> bool {
        self.with_slots(|slots| {
            let calls: u64 = slots.iter().map(|slot| slot.calls).sum();
            let retries: u64 = slots.iter().map(|slot| slot.retries).sum();
            let allowed = retries < self.floor.max(calls * self.percent / 100);
            if allowed && let Some(slot) = slots.back_mut() {
                slot.retries += 1;
            }
            allowed
        })
    }

    fn with_slots<T>(&self, work: impl FnOnce(&mut VecDeque<Slot>) -> T) -> T {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if slots
            .back()
            .is_none_or(|slot| now.duration_since(slot.began) >= SLOT)
        {
            slots.push_back(Slot {
                began: now,
                calls: 0,
                retries: 0,
            });
        }
        let oldest = SLOT * u32::try_from(SLOTS).unwrap_or(u32::MAX);
        while slots
            .front()
            .is_some_and(|slot| now.duration_since(slot.began) >= oldest)
        {
            slots.pop_front();
        }
        work(&mut slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(budget: &RetryBudget) -> usize {
        (0..10_000).take_while(|_| budget.spend_retry()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn retries_are_a_tenth_of_the_calls() {
        let budget = RetryBudget::new(10, 20);
        (0..1_000).for_each(|_| budget.count_call());
        assert_eq!(spent(&budget), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_retries_are_always_allowed_and_come_back_after_a_minute() {
        let budget = RetryBudget::new(10, 20);
        assert_eq!(spent(&budget), 20);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(spent(&budget), 0);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(spent(&budget), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn old_calls_earn_nothing() {
        let budget = RetryBudget::new(10, 0);
        (0..1_000).for_each(|_| budget.count_call());
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(spent(&budget), 0);
    }
}
