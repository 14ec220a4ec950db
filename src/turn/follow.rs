//! How a turn is found and followed.

use std::sync::Arc;
use std::time::Duration;

use super::live::LiveTurn;
use super::log::TurnLog;
use super::subscription::Subscription;
use super::{TurnError, Turns};
use crate::ids::{SessionId, TurnId};
use crate::model::Status;
use crate::repository::{ReadingRepository, RepositoryError};

/// A reader of a turn.
pub struct Following {
    /// What it reads.
    pub subscription: Subscription,
    /// Whether it begins anew, because the reader's last event is not stored.
    pub rewound: bool,
    /// Whether the reader has all there will ever be.
    pub finished: bool,
    /// The session of a running turn, when it is another user's than the reader.
    pub observed: Option<SessionId>,
}

impl Turns {
    /// Follows a turn that the reader may read from after event `number`; from its beginning when no event of that number is stored.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn subscribe(
        &self,
        reader: &ReadingRepository,
        turn_id: TurnId,
        number: u64,
    ) -> Result<Following, TurnError> {
        let live = self.find_running(reader, turn_id).await?;
        let (known, finished) = match &live {
            Some(live) => {
                let stored = live.log.stored();
                (live.log.knows(number), stored.ended && number == stored.number)
            }
            None => {
                let last = reader.turn(turn_id).await?.0.last_number.cast_unsigned();
                // The end keeps its number also when its log is gone.
                let known = number == last || self.repository.has_event(turn_id, number).await?;
                (known, number == last)
            }
        };
        let from = if known { number } else { 0 };
        let observed = live.as_ref().filter(|live| !live.belongs_to(reader.subject()));
        let observed = observed.map(|live| live.turn.session_id);
        let log = live.map(|live| Arc::clone(&live.log));
        Ok(Following {
            observed,
            subscription: self.subscription(turn_id, from, log),
            rewound: !known,
            finished,
        })
    }

    /// The running turn, or `None` when it has ended.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub(super) async fn find_running(
        &self,
        reader: &ReadingRepository,
        turn_id: TurnId,
    ) -> Result<Option<Arc<LiveTurn>>, RepositoryError> {
        // A turn that is stored as running and is not here has just begun or is about to be forgotten.
        for _ in 0..200 {
            if let Some(live) = self.find_live(turn_id) {
                if !live.belongs_to(reader.subject()) {
                    reader.turn(turn_id).await?;
                }
                return Ok(Some(live));
            }
            if reader.turn(turn_id).await?.0.status != Status::Streaming {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(RepositoryError::Unavailable)
    }

    pub(super) fn subscription(
        &self,
        turn_id: TurnId,
        number: u64,
        log: Option<Arc<TurnLog>>,
    ) -> Subscription {
        Subscription::new(Arc::clone(&self.repository), turn_id, number, log)
    }
}
