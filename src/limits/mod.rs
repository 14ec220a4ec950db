//! How much one user, or one address, may take: arithmetic and counts. Knows nothing of HTTP, and but for the
//! shares never waits: what is too much is refused, with the time after which it may not be.

mod failures;
mod network;
mod rate;
mod requests;
mod seats;
mod shares;

pub use failures::Failures;
pub(crate) use network::network;
pub use rate::Standing;
pub use requests::{Requests, TooMany};
pub use seats::{Seat, Seats};
pub use shares::{Claim, Shares};

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::config;

/// A row of an export takes several times its length while it is read, and a connection to the database.
const EXPORTS: usize = 2;

/// All limits on users and on those who are not known to be one.
pub struct Limits {
    /// How often a user may ask.
    pub requests: Arc<Requests>,
    /// How many requests of a user may be answered at once, open streams among them.
    pub parallel: Seats,
    /// How much memory the answers of a user may take.
    pub shares: Shares,
    /// How many exports are read from the database at once, of all users: the others wait for a place.
    pub exports: Arc<Semaphore>,
    /// How often an address may be wrong about who it is.
    pub failures: Failures,
}

impl Limits {
    /// Nothing is taken yet.
    #[must_use]
    pub fn new(settings: &config::Limits) -> Self {
        Self {
            requests: Arc::new(Requests::new(settings)),
            parallel: Seats::new(settings.parallel_requests),
            shares: Shares::default(),
            exports: Arc::new(Semaphore::new(EXPORTS)),
            failures: Failures::new(settings),
        }
    }
}
