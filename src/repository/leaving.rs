//! Accounts that are being deleted: no session begins in them meanwhile, so that the deletion has an end. Kept in memory:
//! a deletion that a crash has cut is asked for again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::RepositoryError;

/// Whose accounts, and how many deletions of each are under way.
#[derive(Clone, Default)]
pub(super) struct LeavingAccounts(Arc<Mutex<HashMap<Arc<str>, usize>>>);

/// A deletion that is under way, until it is dropped.
pub struct Leaving {
    accounts: LeavingAccounts,
    owner: Arc<str>,
}

impl LeavingAccounts {
    pub(super) fn mark(&self, owner: &str) -> Leaving {
        let owner: Arc<str> = owner.into();
        *self.lock().entry(Arc::clone(&owner)).or_default() += 1;
        Leaving {
            accounts: self.clone(),
            owner,
        }
    }

    /// `AccountLeaving` for one that is being deleted.
    pub(super) fn check(&self, owner: &str) -> Result<(), RepositoryError> {
        if self.lock().contains_key(owner) {
            return Err(RepositoryError::AccountLeaving);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut accounts = self.accounts.lock();
        if let Some(count) = accounts.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                accounts.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_leaving_until_its_last_deletion_is_through() {
        let accounts = LeavingAccounts::default();
        let (first, second) = (accounts.mark("a"), accounts.mark("a"));
        drop(first);
        assert!(matches!(
            accounts.check("a"),
            Err(RepositoryError::AccountLeaving)
        ));
        assert!(accounts.check("b").is_ok());
        drop(second);
        assert!(accounts.check("a").is_ok());
    }
}
