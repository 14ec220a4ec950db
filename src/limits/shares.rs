//! Memory that the answers of a user share while they are made and until they are read: who has many of them that
//! nobody reads waits for them, and nobody else does. The one limit that waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

/// What all answers of a user may take together.
const SHARE: usize = 16 << 20;
/// What is counted in.
const UNIT: usize = 1024;

/// The shares of all users.
#[derive(Clone, Default)]
pub struct Shares(Arc<Mutex<HashMap<Arc<str>, Arc<Semaphore>>>>);

/// A part of a user's share; given back when dropped.
pub struct Claim {
    shares: Shares,
    owner: Arc<str>,
    free: Arc<Semaphore>,
    units: u32,
}

impl Shares {
    /// So many bytes of this user's share, or all of it if they are more; waits until they are free, in turn.
    pub async fn claim(&self, owner: &str, bytes: usize) -> Claim {
        let mut claim = self.enter(owner);
        let units = units(bytes);
        // The semaphore is never closed.
        if let Ok(permits) = claim.free.acquire_many(units).await {
            permits.forget();
            claim.units = units;
        }
        claim
    }

    fn enter(&self, owner: &str) -> Claim {
        let mut all = self.lock();
        let (owner, free) = match all.get_key_value(owner) {
            Some((owner, free)) => (Arc::clone(owner), Arc::clone(free)),
            None => {
                let owner: Arc<str> = owner.into();
                let free = Arc::new(Semaphore::new(SHARE / UNIT));
                all.insert(Arc::clone(&owner), Arc::clone(&free));
                (owner, free)
            }
        };
        drop(all);
        Claim {
            shares: self.clone(),
            owner,
            free,
            units: 0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Semaphore>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// Whether so many bytes fit into it, or nothing larger can be claimed.
    #[must_use]
    pub fn covers(&self, bytes: usize) -> bool {
        self.units >= units(bytes)
    }

    /// Keeps no more than so many bytes.
    pub fn shrink(&mut self, bytes: usize) {
        let given_back = self.units.saturating_sub(units(bytes));
        self.units -= given_back;
        self.free.add_permits(given_back as usize);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.free.add_permits(self.units as usize);
        let mut all = self.shares.lock();
        // This one and the one in the table: nobody else has claimed or waits.
        if Arc::strong_count(&self.free) == 2 {
            all.remove(&self.owner);
        }
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.min(SHARE).div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn who_claims_too_much_waits_for_itself_and_for_nobody_else() {
        let shares = Shares::default();
        let first = shares.claim("a", SHARE / 2).await;
        let mut second = shares.claim("a", SHARE / 2).await;
        let mut third = Box::pin(shares.claim("a", UNIT));
        assert!((&mut third).now_or_never().is_none());
        assert!(shares.claim("b", SHARE).now_or_never().is_some());
        second.shrink(UNIT);
        assert!(second.covers(UNIT) && !second.covers(UNIT + 1));
        assert!((&mut third).now_or_never().is_some());
        drop((first, second, third));
        assert!(shares.lock().is_empty(), "nothing is kept of who has gone");
    }

    #[tokio::test]
    async fn what_is_larger_than_a_share_takes_all_of_it() {
        let shares = Shares::default();
        let all = shares.claim("a", 10 * SHARE).await;
        assert!(all.covers(20 * SHARE));
        assert!(shares.claim("a", 1).now_or_never().is_none());
        drop(all);
        assert!(shares.claim("a", 1).now_or_never().is_some());
        assert!(shares.lock().is_empty(), "also of who has waited in vain");
    }
}
