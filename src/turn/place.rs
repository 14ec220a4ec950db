//! A turn waits for a place at its provider: nothing is sent, counted or billed meanwhile, and readers are told.

use std::time::Duration;

use super::Turns;
use super::end::Ending;
use super::live::LiveTurn;
use super::log::TurnLog;
use super::passing::Passing;
use crate::provider::{Claim, Place, ProviderError, ProviderErrorKind, Waiting};

/// Readers are told of another position at most so often,
const TELL_EVERY: Duration = Duration::from_secs(1);
/// and later for each one that stands before: far back it changes all the time.
const LATER_FOR_EACH: Duration = Duration::from_millis(10);

/// Takes back what readers were told, also when the turn ends meanwhile.
struct Told<'a>(&'a TurnLog);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.show_passing(None);
    }
}

impl Turns {
    /// The right to one call at this place of the chain. Dropping the future gives up the turn's place in the queue.
    pub(super) async fn place(&self, live: &LiveTurn, link: usize) -> Result<Place, Ending> {
        let waiting = match self.chain.places(link).claim(None) {
            Claim::Given(place) => return Ok(place),
            Claim::Waiting(waiting) => waiting,
        };
        let patience = self.chain.places(link).patience();
        // Boxed, because most turns never wait.
        let in_time = Box::pin(tokio::time::timeout(patience, next_place(&live.log, waiting))).await;
        in_time.map_err(|elapsed| {
            Ending::Provider(ProviderError {
                provider: self.chain.provider(link).name().to_owned(),
                kind: ProviderErrorKind::NoPlace,
                source: Some(Box::new(elapsed)),
            })
        })
    }
}

/// Waits, and tells readers how many stand before.
async fn next_place(log: &TurnLog, mut waiting: Waiting) -> Place {
    let told = Told(log);
    let mut known = 0;
    loop {
        let position = waiting.position();
        if position != known {
            told.0.show_passing(Some(Passing::Waiting { position }));
            known = position;
        }
        let before = u32::try_from(position).unwrap_or(u32::MAX);
        let pause = TELL_EVERY.saturating_add(LATER_FOR_EACH.saturating_mul(before));
        if let Ok(place) = tokio::time::timeout(pause, waiting.place()).await {
            return place;
        }
    }
}
