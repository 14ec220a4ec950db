//! Logs of turns that ended long ago go, in the background and little by little: what they tell stands in other rows by
//! then, but for what a model thought aloud, which is kept.

use std::sync::Arc;
use std::time::Duration;

use super::Turns;
use super::event::append_reasoning;
use crate::ids::TurnId;
use crate::repository::{GoingLog, RepositoryError, now};

/// How often it is looked whether a log is old.
const LOOK: Duration = Duration::from_secs(10);
/// Between two steps, when nothing is being written, and when something is: then the writer is the turns'.
const PAUSE_IDLE: Duration = Duration::from_millis(20);
const PAUSE_BUSY: Duration = Duration::from_millis(250);

impl Turns {
    /// Has the logs of turns deleted that ended longer ago than `after`. Ends when the server does.
    pub async fn forget_old_logs(self: Arc<Self>, after: Duration) {
        let look = LOOK.min(after / 4).max(PAUSE_IDLE);
        while !self.is_draining() {
            let pause = match self.forget_some(after).await {
                Ok(false) => look,
                Ok(true) if self.lock().all.is_empty() => PAUSE_IDLE,
                Ok(true) => PAUSE_BUSY,
                Err(error) => {
                    ::log::warn!("turn.logs_not_deleted error={error:?}");
                    LOOK
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Deletes a little, if there is anything that is old.
    async fn forget_some(&self, after: Duration) -> Result<bool, RepositoryError> {
        let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        let old = self.repository.old_logs(now().saturating_sub(after)).await?;
        let mut going = Vec::with_capacity(old.len());
        for log in &old {
            let reasoning = if log.is_whole {
                self.reasoning(log.turn_id).await?
            } else {
                String::new()
            };
            going.push(GoingLog {
                turn_id: log.turn_id,
                reasoning,
            });
        }
        if !going.is_empty() {
            self.repository.delete_logs(going).await?;
        }
        Ok(!old.is_empty())
    }

    /// What the model thought aloud, as the log tells it.
    async fn reasoning(&self, turn_id: TurnId) -> Result<String, RepositoryError> {
        let (mut reasoning, mut last) = (String::new(), 0);
        while let Some(segment) = self.repository.next_segment(turn_id, last).await? {
            append_reasoning(&segment.frames, &mut reasoning);
            last = segment.last;
        }
        Ok(reasoning)
    }
}
