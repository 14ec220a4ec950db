//! After a crash: turns that had not ended go on where the provider can continue them, else they end as
//! `interrupted`, with their text kept. At most one try for each start, and none in a crash loop.

use std::sync::Arc;

use super::Turns;
use super::end::Conclusion;
use super::event::{Event, TextOf, frames, text_of};
use super::live::LiveTurn;
use super::log::Resumption;
use super::run::{self, Beginning};
use crate::ids::{SessionId, TurnId};
use crate::repository::{LeftOver, RepositoryError, Scope, UserRepository, now};

/// A turn that was taken up less than so long ago and is left over again has met a crash loop.
const CRASH_LOOP_MS: i64 = 60_000;

/// Where readers may have seen events that are lost, so many numbers are left out: none of theirs is used again.
const GAP: u64 = 1_000_000;

fn has_text(log: &[u8]) -> bool {
    frames(log).any(|frame| frame.name == "text-delta")
}

impl Turns {
    /// Takes up what the last process left over. Call it before clients can connect, so that each of them finds its turn.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn take_up(self: &Arc<Self>, left_over: Vec<LeftOver>) -> Result<(), RepositoryError> {
        let mut earlier: Vec<(SessionId, TurnId)> = Vec::new();
        for left in left_over {
            let from = Resumption {
                offset: left.frames.len() as u64,
                number: left.last_number,
                gap: if left.may_have_lost { GAP } else { 0 },
            };
            let user = self.repository.for_user(Scope::of(&left.owner));
            let text = self.restored_text(&user, &left).await?;
            let seat = self.seats.take(user.owner());
            let live = self.enter(left.turn, (user, seat), from);
            if from.number == 0 {
                run::begin_log(&live, &text);
            } else if !text.is_empty() && !has_text(&left.frames) {
                live.log
                    .append(&[Event::TextDelta(TextOf { text: text.clone() })]);
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

    /// The text that the log tells, or else, as its turn had only begun, the text that the reply had before.
    async fn restored_text(&self, user: &UserRepository, left: &LeftOver) -> Result<String, RepositoryError> {
        if has_text(&left.frames) {
            return Ok(text_of(&left.frames));
        }
        Ok(user.turn(left.turn.id).await?.1.content)
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
            .append(&[run::attempt_start(live, attempt, "server-restarted")]);
        true
    }
}
