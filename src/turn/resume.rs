//! After a crash: turns that had not ended go on where the provider can continue them, else they end as
//! `interrupted`, with their text kept. At most one try for each start, and none in a crash loop.

use std::sync::Arc;

use futures_util::future::join_all;

use super::Turns;
use super::calls::{Calls, CallsBefore};
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

fn has_text(log: &[u8]) -> bool {
    frames(log).any(|frame| frame.name == "text-delta")
}

/// What is known of a turn that was left over.
struct Restored {
    text: String,
    calls: CallsBefore,
    focus_told: bool,
}

/// A turn that is being taken up.
struct Taken {
    live: Arc<LiveTurn>,
    restored: Restored,
    predecessors: Vec<TurnId>,
    /// The number of its next call.
    attempt: i32,
    resumes: bool,
    /// The reply as it ends, when a call was under way.
    crashed: Option<Reply>,
}

impl Taken {
    fn reply(&self) -> Reply {
        let text = self.restored.text.clone();
        let mut reply = Reply::new(self.live.turn.id, String::new(), self.attempt, text);
        reply.calls = Calls::recorded(&self.restored.calls.recorded);
        reply
    }
}

/// Where in the text that of the next call begins, when these are on record: after theirs. Text before a restart that
/// gave any is void.
fn written(before: &str, recorded: &[(Attempt, String)]) -> usize {
    recorded.iter().fold(before.len(), |length, (call, text)| {
        let voids = call.mode == AttemptMode::Restart && !text.is_empty();
        text.len() + if voids { 0 } else { length }
    })
}

/// The call that the last process was in when it ended, and where in the text its own begins. `None` when all calls
/// that were begun are on record.
fn crashed(left: &LeftOver, before: &str, recorded: &[(Attempt, String)]) -> Option<(Attempt, usize)> {
    let turn = &left.turn;
    if recorded
        .last()
        .is_some_and(|(call, _)| call.number >= turn.attempt)
    {
        return None;
    }
    let announced = last_attempt(&left.frames).filter(|last| last.number == turn.attempt);
    let from = match &announced {
        Some(announced) if announced.mode == AttemptMode::Restart => 0,
        _ => written(before, recorded),
    };
    let silent = if from == 0 {
        AttemptMode::Start
    } else {
        AttemptMode::Continue
    };
    let (provider, model, mode) = match announced {
        Some(last) => (last.provider, last.model, last.mode),
        None => (turn.provider.clone(), turn.model.clone(), silent),
    };
    let attempt = Attempt {
        turn_id: turn.id,
        number: turn.attempt,
        provider,
        model,
        mode,
        outcome: RESTARTED.to_owned(),
        input_tokens: 0,
        output_tokens: 0,
        usage_source: UsageSource::Estimated,
        started_at: turn.resumed_at.unwrap_or(turn.created_at),
        ended_at: now(),
    };
    Some((attempt, from))
}

impl Turns {
    /// Takes up what the last process left over. Call it before clients can connect, so that each of them finds its turn.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn take_up(self: &Arc<Self>, left_over: Vec<LeftOver>) -> Result<(), RepositoryError> {
        let mut earlier: Vec<(SessionId, TurnId)> = Vec::new();
        let mut taken = Vec::with_capacity(left_over.len());
        for left in left_over {
            let from = Resumption {
                offset: left.frames.len() as u64,
                number: left.last_number,
                gaps: left.gaps.clone(),
            };
            let user = self.repository.for_user(Scope::of(&left.owner));
            let session = left.turn.session_id;
            let predecessors = earlier
                .iter()
                .filter(|(id, _)| *id == session)
                .map(|(_, turn)| *turn)
                .collect::<Vec<_>>();
            let mut restored = self.restored(&user, &left).await?;
            if !predecessors.is_empty() {
                // It was waiting for its turn.
                restored.calls.crashed = None;
            }
            let seat = self.seats.take(user.owner());
            let first = from.number == 0;
            let live = self.enter(left.turn, (user, seat), from);
            let text = &restored.text;
            if first {
                run::begin_log(&live, text);
            } else if !text.is_empty() && !has_text(&left.frames) {
                live.log
                    .append(&[Event::TextDelta(TextOf { text: text.clone() })]);
            }
            earlier.push((session, live.turn.id));
            taken.push(self.decide(live, restored, predecessors).await);
        }
        // All at once, so that they share their commits.
        join_all(taken.into_iter().map(|taken| self.take_up_one(taken))).await;
        Ok(())
    }

    /// What is to become of a turn, as far as that is known before anything is written.
    async fn decide(&self, live: Arc<LiveTurn>, restored: Restored, predecessors: Vec<TurnId>) -> Taken {
        let mut taken = Taken {
            attempt: next_number(&live, &restored.calls),
            resumes: self.may_resume(&live, &restored.text),
            crashed: None,
            live,
            restored,
            predecessors,
        };
        if !taken.resumes {
            taken.crashed = self.count_crashed(&mut taken).await;
        }
        taken
    }

    /// The call that was under way, with what it has read.
    async fn count_crashed(&self, taken: &mut Taken) -> Option<Reply> {
        let (crashed, from) = taken.restored.calls.crashed.take()?;
        let mut reply = taken.reply();
        self.count_prompt(&taken.live, &mut reply).await;
        reply.add_crashed(crashed, from);
        Some(reply)
    }

    async fn take_up_one(self: &Arc<Self>, mut taken: Taken) {
        if taken.resumes && self.resumes(&taken.live, taken.attempt).await {
            let Taken {
                live,
                restored,
                predecessors,
                attempt,
                ..
            } = taken;
            let beginning = Beginning {
                kept: restored.text,
                attempt,
                before: restored.calls,
                predecessors,
                stop_predecessors: false,
                focus_told: restored.focus_told,
            };
            self.spawn(live, beginning);
            return;
        }
        let counted = match taken.crashed.take() {
            Some(reply) => Some(reply),
            None => self.count_crashed(&mut taken).await,
        };
        let reply = counted.unwrap_or_else(|| taken.reply());
        self.conclude(&taken.live, Conclusion::interrupted(reply)).await;
    }

    /// The text that the log tells, or else, as its turn had only begun, the text that the reply had before; and the
    /// calls that wrote it.
    async fn restored(&self, user: &UserRepository, left: &LeftOver) -> Result<Restored, RepositoryError> {
        let before = user.turn(left.turn.id).await?.1.content;
        let recorded = self.calls(user.reading(), left.turn.id).await?;
        let crashed = crashed(left, &before, &recorded);
        let text = if has_text(&left.frames) {
            text_of(&left.frames)
        } else {
            before
        };
        Ok(Restored {
            text,
            calls: CallsBefore { recorded, crashed },
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
        if let Err(error) = self.repository.mark_resumed(live.turn.id).await {
            ::log::warn!("turn.not_resumed turn.id={} error={error:?}", live.turn.id);
            return false;
        }
        ::log::info!("turn.resumed turn.id={} attempt={attempt}", live.turn.id);
        // Nobody has been told of the first one.
        if attempt > 1 {
            live.log
                .append(&[run::attempt_start(live, attempt, "server-restarted")]);
        }
        true
    }
}

/// The number of the next call.
fn next_number(live: &LiveTurn, calls: &CallsBefore) -> i32 {
    let crashed = calls.crashed.as_ref().map(|(call, _)| call.number);
    let recorded = calls.recorded.last().map(|(call, _)| call.number);
    let last = crashed.or(recorded);
    last.map_or(live.turn.attempt, |last| last + 1)
}
