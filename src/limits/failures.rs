//! Addresses that are wrong about who they are. Each may be for a while; then it is not listened to, right or wrong.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::network::network;
use super::rate::{Rate, Taken};
use crate::config;

/// So many addresses are remembered; then those that were wrong longest ago are forgotten.
const MOST_ADDRESSES: usize = 100_000;

/// Who was wrong how often.
pub struct Failures {
    rate: Option<Rate>,
    counts_loopback: bool,
    began: Instant,
    addresses: Mutex<HashMap<IpAddr, Taken>>,
}

impl Failures {
    pub(super) fn new(settings: &config::Limits) -> Self {
        let minute = Duration::from_secs(60);
        Self {
            rate: settings
                .failed_authentications_per_minute
                .map(|limit| Rate::new(limit, minute)),
            counts_loopback: settings.counts_loopback,
            began: Instant::now(),
            addresses: Mutex::default(),
        }
    }

    /// Whether this address is listened to; says after how long it will be if not.
    ///
    /// # Errors
    /// The time to wait.
    pub fn check(&self, address: IpAddr) -> Result<(), Duration> {
        self.check_at(address, self.began.elapsed())
    }

    /// This address was wrong.
    pub fn failed(&self, address: IpAddr) {
        self.failed_at(address, self.began.elapsed());
    }

    fn check_at(&self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        let Some((rate, network)) = self.counted(address) else {
            return Ok(());
        };
        let addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = addresses.get(&network).copied().unwrap_or_default();
        rate.check(taken, now)
    }

    fn failed_at(&self, address: IpAddr, now: Duration) {
        let Some((rate, network)) = self.counted(address) else {
            return;
        };
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= MOST_ADDRESSES {
            let mut moments: Vec<_> = addresses.values().map(|taken| taken.full_at).collect();
            let (_, median, _) = moments.select_nth_unstable(MOST_ADDRESSES / 2);
            let median = *median;
            addresses.retain(|_, taken| taken.full_at > median.max(now));
        }
        // Nothing is left to take when several failed at the same time: then it stays at that.
        let _ = rate.take(addresses.entry(network).or_default(), now);
    }

    fn counted(&self, address: IpAddr) -> Option<(Rate, IpAddr)> {
        let network = network(address);
        let rate = self
            .rate
            .filter(|_| self.counts_loopback || !network.is_loopback());
        Some((rate?, network))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn failures() -> Failures {
        Failures {
            rate: Some(Rate::new(3, 60 * SECOND)),
            counts_loopback: false,
            began: Instant::now(),
            addresses: Mutex::default(),
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn who_is_wrong_too_often_is_not_listened_to_for_a_while() {
        let (failures, wrong) = (failures(), address("192.0.2.1"));
        for _ in 0..3 {
            assert_eq!(failures.check_at(wrong, SECOND), Ok(()));
            failures.failed_at(wrong, SECOND);
        }
        assert_eq!(failures.check_at(wrong, SECOND), Err(20 * SECOND));
        assert_eq!(
            failures.check_at(address("192.0.2.2"), SECOND),
            Ok(()),
            "others are"
        );
        assert_eq!(failures.check_at(wrong, 21 * SECOND), Ok(()));
    }

    #[test]
    fn another_address_of_the_same_ipv6_subscriber_is_no_other() {
        let failures = failures();
        for last in 1..=3 {
            failures.failed_at(address(&format!("2001:db8::{last}")), SECOND);
        }
        assert!(failures.check_at(address("2001:db8::77"), SECOND).is_err());
    }

    #[test]
    fn a_crowd_of_addresses_is_forgotten_in_time() {
        let failures = failures();
        for number in 0..u32::try_from(MOST_ADDRESSES).expect("few") + 10 {
            let address = IpAddr::from((0x0b00_0000 + number).to_be_bytes());
            failures.failed_at(address, SECOND * (1 + number / 1_000));
        }
        assert!(failures.addresses.lock().expect("a lock").len() <= MOST_ADDRESSES);
    }

    #[test]
    fn behind_a_proxy_on_this_machine_nobody_pays_for_others() {
        let (failures, proxy) = (failures(), address("127.0.0.1"));
        (0..10).for_each(|_| failures.failed_at(proxy, SECOND));
        assert_eq!(failures.check_at(proxy, SECOND), Ok(()));
    }
}
