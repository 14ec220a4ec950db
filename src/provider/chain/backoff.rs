//! How long to wait before a provider is asked again: full jitter, so that those who failed together do not come
//! back together ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

use std::time::Duration;

use super::random::Random;
use crate::config::RetrySettings;

/// The wait after `failures` failures: anything from nothing to `base` × 2^(`failures` - 1), but no more than `cap`.
pub(super) fn backoff(settings: &RetrySettings, failures: u32, random: &Random) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    random.up_to(settings.base.saturating_mul(doubled).min(settings.cap))
}

/// A provider that says when to come back is not asked sooner, and not by all at once.
pub(super) fn when_asked(settings: &RetrySettings, asked: Duration, random: &Random) -> Duration {
    asked.saturating_add(random.up_to(settings.base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_fill_their_range() {
        let settings = RetrySettings::default();
        let random = Random::seeded(7);
        let longest = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
        for (failures, longest) in (1..).zip(longest) {
            let waits: Vec<_> = (0..4_000)
                .map(|_| backoff(&settings, failures, &random).as_millis())
                .collect();
            assert!(waits.iter().all(|wait| *wait <= longest), "{failures}");
            for quarter in 0..4 {
                let range = longest * quarter / 4..=longest * (quarter + 1) / 4;
                let share = waits.iter().filter(|wait| range.contains(wait)).count();
                assert!(
                    (800..=1_200).contains(&share),
                    "after {failures}: {share} in {range:?}"
                );
            }
        }
        assert!(backoff(&settings, u32::MAX, &random) <= settings.cap);
    }

    #[test]
    fn a_provider_that_asks_for_time_gets_it() {
        let random = Random::seeded(7);
        let asked = Duration::from_secs(7);
        for _ in 0..100 {
            let wait = when_asked(&RetrySettings::default(), asked, &random);
            assert!((asked..=asked + Duration::from_millis(500)).contains(&wait));
        }
    }
}
