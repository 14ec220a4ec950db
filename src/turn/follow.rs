//! How turns are read: as a subscription, or as the text so far.

use std::sync::Arc;
use std::time::Duration;

use super::log::{Stored, TurnLog};
use super::subscription::{Next, Subscription};
use super::{TurnError, Turns, event};
use crate::ids::TurnId;
use crate::model::Status;
use crate::repository::{RepositoryError, UserRepository};

impl Turns {
    /// Follows a turn of the user from after event `number`. Answers the turn's last stored number as well.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn subscribe(
        &self,
        user: &UserRepository,
        turn_id: TurnId,
        number: u64,
    ) -> Result<(Subscription, Stored), TurnError> {
        // A turn that is stored and not yet, or no longer, here is so only for a moment.
        for _ in 0..100 {
            if let Some(live) = self.find_live(turn_id) {
                if !live.belongs_to(user.owner()) {
                    return Err(RepositoryError::NotFound.into());
                }
                let stored = *live.log.watch().borrow();
                return Ok((
                    self.subscription(turn_id, number, Some(Arc::clone(&live.log))),
                    stored,
                ));
            }
            let (turn, _) = user.turn(turn_id).await?;
            if turn.status != Status::Streaming {
                let number_stored = turn.last_number.cast_unsigned();
                let stored = Stored {
                    number: number_stored,
                    ended: true,
                    ..Stored::default()
                };
                return Ok((self.subscription(turn_id, number, None), stored));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(RepositoryError::Unavailable.into())
    }

    /// The stored text of a running turn's reply, and the number of the last event in it. `None` when it does not run.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn live_text(&self, turn_id: TurnId) -> Result<Option<(String, u64)>, RepositoryError> {
        let Some(live) = self.find_live(turn_id) else {
            return Ok(None);
        };
        let upto = live.log.watch().borrow().number;
        let mut subscription = self.subscription(turn_id, 0, Some(Arc::clone(&live.log)));
        let mut text = String::new();
        while subscription.number() < upto {
            let Next::Frames(frames) = subscription.next().await? else {
                break;
            };
            event::append_text(&frames, &mut text);
        }
        Ok(Some((text, subscription.number())))
    }

    fn subscription(&self, turn_id: TurnId, number: u64, log: Option<Arc<TurnLog>>) -> Subscription {
        Subscription::new(Arc::clone(&self.repository), turn_id, number, log)
    }
}
