//! The one place where rows meet the log of a turn that they say is running. Rows are older than a log that is looked
//! at after them: when that has ended meanwhile, they are read again. So nobody is told of a reply that is being
//! written and, at once, of its last event, after which nothing would ever come.

use std::sync::Arc;

use super::subscription::Next;
use super::{Turns, event};
use crate::ids::TurnId;
use crate::repository::{Changes, MessagePage, RepositoryError};

/// Rows of one moment, which may tell of a turn whose log has the rest of its reply.
pub trait TellRunning {
    /// That turn.
    fn running(&self) -> Option<TurnId>;
}

impl TellRunning for MessagePage {
    fn running(&self) -> Option<TurnId> {
        self.active.as_ref().map(|turn| turn.id)
    }
}

impl TellRunning for Changes {
    /// Changes since a revision come without texts of running replies.
    fn running(&self) -> Option<TurnId> {
        let snapshot = self.since.is_none();
        self.streaming.first().filter(|_| snapshot).map(|turn| turn.id)
    }
}

/// The text of a running reply as far as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveText {
    /// What its events tell.
    pub text: String,
    /// The number of the last of these events, which is not the last of the turn; 0: none is known of here.
    pub last_event_id: u64,
}

impl Turns {
    /// Rows, and the text so far of the reply that they say is being written. `None` when they say of none, or of one
    /// that is not driven here: its events tell all of it.
    ///
    /// # Errors
    /// Those of `read`; `Unavailable`, `Database`.
    pub async fn with_live_text<R: TellRunning>(
        &self,
        read: impl AsyncFn() -> Result<R, RepositoryError>,
    ) -> Result<(R, Option<LiveText>), RepositoryError> {
        let mut over = None;
        loop {
            let rows = read().await?;
            // Of a turn that was over before, these rows say so; one that has just begun is entered right now.
            let Some(turn_id) = rows.running().filter(|turn_id| over != Some(*turn_id)) else {
                return Ok((rows, None));
            };
            match self.live_text(turn_id).await? {
                Some(live) => return Ok((rows, Some(live))),
                None => over = Some(turn_id),
            }
        }
    }

    /// Has a turn be found again that may have been forgotten: a moment that is short otherwise lasts.
    #[cfg(test)]
    pub(super) fn hold_live(&self, turn_id: TurnId, live: Arc<super::live::LiveTurn>) {
        self.lock().all.insert(turn_id, live);
    }

    /// `None` when the turn is not driven here, or its end is stored.
    async fn live_text(&self, turn_id: TurnId) -> Result<Option<LiveText>, RepositoryError> {
        let Some(live) = self.find_live(turn_id) else {
            return Ok(None);
        };
        let upto = live.log.stored().number;
        let mut subscription = self.subscription(turn_id, 0, Some(Arc::clone(&live.log)));
        let mut text = String::new();
        while subscription.number() < upto {
            let Next::Frames(frames) = subscription.next().await? else {
                break;
            };
            event::append_text(&frames, &mut text);
        }
        // Looked at last: what was read may go further than what was stored at first.
        let runs = !live.log.stored().ended;
        Ok(runs.then(|| LiveText {
            text,
            last_event_id: subscription.number(),
        }))
    }
}
