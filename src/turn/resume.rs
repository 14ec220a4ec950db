//! After a crash: turns that had not ended go on where the provider can continue them, else they end as
//! `interrupted`, with their text kept. At most one try for each start, and none in a crash loop.

use std::sync::Arc;

use super::Turns;
use super::end::Conclusion;
use super::event::{Event, TextOf, frames, last_attempt, text_of};
use super::live::LiveTurn;
use super::log::Resumption;
use super::reply::{RESTARTED, Reply};
use super::run::{self, Beginning};
use crate::ids::{SessionId, TurnId};
use crate::model::{AttemptMode, UsageSource};
use crate::repository::{Attempt, LeftOver, RepositoryError, Scope, UserRepository, now};

/// A turn that was taken up less than so long ago and is left over again has met a crash loop.
const CRASH_LOOP_MS: i64 = 60_000;

/// Where readers may have seen events that are lost, so many numbers are left out: none of theirs is used again.
const GAP: u64 = 1_000_000;

fn has_text(log: &[u8]) -> bool {
    frames(log).any(|frame| frame.name == "text-delta")
}

/// What a log that was left over tells.
struct Restored {
    text: String,
    crashed: Attempt,
    focus_told: bool,
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
            let restored = self.restored(&user, &left).await?;
            let seat = self.seats.take(user.owner());
            let live = self.enter(left.turn, (user, seat), from);
            let text = &restored.text;
            if from.number == 0 {
                run::begin_log(&live, text);
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
            self.take_up_one(live, restored, predecessors).await;
        }
        Ok(())
    }

    async fn take_up_one(
        self: &Arc<Self>,
        live: Arc<LiveTurn>,
        restored: Restored,
        predecessors: Vec<TurnId>,
    ) {
        let Restored {
            text,
            crashed,
            focus_told,
        } = restored;
        let attempt = crashed.number + 1;
        if self.may_resume(&live, &text) && self.resumes(&live, attempt).await {
            let beginning = Beginning {
                kept: text,
                attempt,
                crashed: Some(crashed),
                predecessors,
                stop_predecessors: false,
                focus_told,
            };
            self.spawn(live, beginning);
            return;
        }
        let mut reply = Reply::new(live.turn.id, String::new(), attempt, text);
        match self
            .agent
            .prepare(&live.repository, &live.turn, None, String::new())
            .await
        {
            Ok(prompt) => reply.set_prompt(&prompt),
            Err(error) => ::log::warn!("turn.not_prepared turn.id={} error={error:?}", live.turn.id),
        }
        reply.add_crashed(crashed);
        self.conclude(&live, Conclusion::interrupted(reply)).await;
    }

    /// The text that the log tells, or else, as its turn had only begun, the text that the reply had before; and the
    /// call that wrote it.
    async fn restored(&self, user: &UserRepository, left: &LeftOver) -> Result<Restored, RepositoryError> {
        let before = user.turn(left.turn.id).await?.1.content;
        let text = if has_text(&left.frames) {
            text_of(&left.frames)
        } else {
            before.clone()
        };
        let turn = &left.turn;
        let last = last_attempt(&left.frames);
        let crashed = Attempt {
            turn_id: turn.id,
            number: last.number.unwrap_or(turn.attempt).max(turn.attempt),
            provider: last.provider.unwrap_or_else(|| turn.provider.clone()),
            model: last.model.unwrap_or_else(|| turn.model.clone()),
            mode: last.mode.unwrap_or(AttemptMode::Start),
            outcome: RESTARTED.to_owned(),
            text: text.strip_prefix(&before).unwrap_or(&text).to_owned(),
            input_tokens: 0,
            output_tokens: 0,
            usage_source: UsageSource::Estimated,
            started_at: turn.resumed_at.unwrap_or(turn.created_at),
            ended_at: now(),
        };
        Ok(Restored {
            text,
            crashed,
            focus_told: frames(&left.frames).any(|frame| frame.name == "session-focus"),
        })
    }

    fn may_resume(&self, live: &LiveTurn, text: &str) -> bool {
        let crash_loop = live
            .turn
            .resumed_at
            .is_some_and(|moment| now() - moment < CRASH_LOOP_MS);
        !crash_loop && (text.is_empty() || self.chain.continues_partial())
    }

    /// Whether the new attempt is on record.
    async fn resumes(&self, live: &LiveTurn, attempt: i32) -> bool {
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
