//! After a crash: turns that had not ended go on where the provider can continue them, else they end as
//! `interrupted`, with their text kept. At most one try for each start, and none in a crash loop.

use std::sync::Arc;

use super::end::Conclusion;
use super::event::text_of;
use super::live::LiveTurn;
use super::run::{self, Beginning};
use super::{Stored, Turns};
use crate::ids::{SessionId, TurnId};
use crate::repository::{LeftOver, RepositoryError, now};

/// A turn that was taken up less than so long ago and is left over again has met a crash loop.
const CRASH_LOOP_MS: i64 = 60_000;

impl Turns {
    /// Takes up what the last process left over. Call it before clients can connect, so that each of them finds its turn.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn take_up(self: &Arc<Self>, left_over: Vec<LeftOver>) -> Result<(), RepositoryError> {
        let mut earlier: Vec<(SessionId, TurnId)> = Vec::new();
        for left in left_over {
            let user = self.repository.for_user(&left.owner);
            let mut text = text_of(&left.frames);
            if left.last_number == 0 {
                // Nothing of its log is stored: it begins again from the text its reply had.
                text = user.turn(left.turn.id).await?.1.content;
            }
            let offset = left.frames.len() as u64;
            let stored = Stored {
                offset,
                number: left.last_number,
                ..Stored::default()
            };
            let live = self.enter(left.turn, user, stored);
            if stored.number == 0 {
                run::begin_log(&live, &text);
            }
            let session = live.turn.session_id;
            let predecessors = earlier
                .iter()
                .filter(|(id, _)| *id == session)
                .map(|(_, turn)| *turn)
                .collect();
            earlier.push((session, live.turn.id));
            if self.may_resume(&live, &text) && self.resumes(&live).await {
                self.spawn(
                    live,
                    Beginning {
                        kept: text,
                        predecessors,
                        stop_predecessors: false,
                    },
                );
            } else {
                self.conclude(&live, Conclusion::interrupted(text)).await;
            }
        }
        Ok(())
    }

    fn may_resume(&self, live: &LiveTurn, text: &str) -> bool {
        let crash_loop = live
            .turn
            .resumed_at
            .is_some_and(|moment| now() - moment < CRASH_LOOP_MS);
        !crash_loop && (text.is_empty() || self.provider.continues_partial())
    }

    /// Whether the new attempt is on record.
    async fn resumes(&self, live: &LiveTurn) -> bool {
        let attempt = live.turn.attempt + 1;
        if let Err(error) = self.repository.mark_resumed(live.turn.id, attempt).await {
            ::log::warn!("turn.not_resumed turn.id={} error={error:?}", live.turn.id);
            return false;
        }
        ::log::info!("turn.resumed turn.id={} attempt={attempt}", live.turn.id);
        live.log
            .append(&run::attempt_start(live, attempt, "server-restarted"));
        true
    }
}
