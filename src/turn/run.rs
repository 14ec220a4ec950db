//! Drives one turn: focus → provider → append → finalise. Runs as a task of its own on the main runtime and
//! outlives every connection. Who is called when is the chain's to say.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use super::Turns;
use super::attempt::{Attempting, Broken};
use super::calls::{Calls, CallsBefore};
use super::end::{Conclusion, Ending};
use super::event::{AttemptStart, Event, TextOf, TurnStart};
use super::live::{Interruption, LiveTurn};
use super::passing::{Passing, Retrying};
use super::reply::Reply;
use crate::ids::TurnId;
use crate::model::AttemptMode;
use crate::provider::{Call, ProviderError, ProviderErrorKind, Step};
use crate::repository::RepositoryError;
use crate::time::rfc3339;

/// What a turn has before its provider is asked.
#[derive(Debug, Default)]
pub(super) struct Beginning {
    /// Text that the reply has already.
    pub(super) kept: String,
    /// The number of the first call.
    pub(super) attempt: i32,
    /// What the last process has left of its calls.
    pub(super) before: CallsBefore,
    /// Turns that end before this one begins.
    pub(super) predecessors: Vec<TurnId>,
    /// Whether those are stopped, rather than waited for.
    pub(super) stop_predecessors: bool,
    /// Whether the log tells the session focus already.
    pub(super) focus_told: bool,
}

/// The first events of a log: who answers, and the text that the reply has already.
pub(super) fn begin_log(live: &LiveTurn, kept: &str) {
    let turn = &live.turn;
    let mut events = vec![Event::TurnStart(TurnStart {
        turn_id: turn.id,
        session_id: turn.session_id,
        user_message_id: turn.user_message_id,
        message_id: turn.message_id,
        provider: turn.provider.clone(),
        model: turn.model.clone(),
        created_at: rfc3339(turn.created_at),
    })];
    if !kept.is_empty() {
        events.push(Event::TextDelta(TextOf {
            text: kept.to_owned(),
        }));
    }
    if turn.attempt > 1 {
        events.push(attempt_start(live, turn.attempt, "requested"));
    }
    live.log.append(&events);
}

pub(super) fn attempt_start(live: &LiveTurn, attempt: i32, reason: &'static str) -> Event {
    Event::AttemptStart(AttemptStart {
        attempt,
        mode: AttemptMode::Continue,
        provider: live.turn.provider.clone(),
        model: live.turn.model.clone(),
        reason,
    })
}

impl Turns {
    /// From the begin of a turn to its stored end.
    /// What a turn begins with is boxed: every call on the way would keep a place for it as long as the reply streams.
    pub(super) async fn run(self: Arc<Self>, live: Arc<LiveTurn>, mut beginning: Box<Beginning>) {
        let kept = std::mem::take(&mut beginning.kept);
        let turn = &live.turn;
        let mut reply = Reply::new(turn.id, turn.provider.clone(), beginning.attempt, kept);
        reply.calls = Calls::recorded(&std::mem::take(&mut beginning.before.recorded));
        // What a panic leaves behind is the text so far, which is whole after every delta.
        let drive = std::panic::AssertUnwindSafe(self.drive(&live, beginning, &mut reply));
        let ending = drive.catch_unwind().await.unwrap_or(Ending::Panicked);
        // Boxed, so that a reply that streams does not carry the state of its end.
        Box::pin(self.end(&live, ending, reply)).await;
    }

    async fn drive(&self, live: &Arc<LiveTurn>, beginning: Box<Beginning>, reply: &mut Reply) -> Ending {
        let began = Instant::now();
        if let Err(ending) = Box::pin(self.prepare(live, beginning, reply)).await {
            return ending;
        }
        let first = self.chain.find(&live.turn.provider).unwrap_or_default();
        let course = self.chain.course(first, reply.has_text());
        let mut attempting = Attempting {
            live,
            reply,
            course,
            prompt: None,
            reason: "",
            began,
        };
        self.follow(&mut attempting).await
    }

    /// All that comes before a provider is asked.
    async fn prepare(
        &self,
        live: &Arc<LiveTurn>,
        beginning: Box<Beginning>,
        reply: &mut Reply,
    ) -> Result<(), Ending> {
        let Beginning {
            predecessors,
            stop_predecessors,
            before,
            focus_told,
            ..
        } = *beginning;
        if let Some(ending) = self.wait_for(live, &predecessors, stop_predecessors).await {
            return Err(ending);
        }
        if let Some((crashed, from)) = before.crashed {
            self.count_prompt(live, reply).await;
            reply.add_crashed(crashed, from);
        }
        self.focus(live, reply.has_text(), focus_told)
            .await
            .map_err(Ending::Interrupted)
    }

    /// Calls providers until one ends the reply or nobody is left to ask.
    async fn follow(&self, attempting: &mut Attempting<'_>) -> Ending {
        // Boxed, because most turns never have it.
        let mut told: Option<Box<Told>> = None;
        loop {
            let step = attempting.course.step();
            if !matches!(step, Step::GiveUp(_)) {
                self.record(attempting.live, attempting.reply);
            }
            match step {
                Step::Call(call) => {
                    let broken = self.attempt(attempting, call).await;
                    let begun = broken.begun;
                    match self.settle(attempting, call, broken) {
                        Ok(error) => told = Some(worth_telling(told, Told { error, begun })),
                        Err(ending) => return ending,
                    }
                }
                Step::Wait(wait) => {
                    if let Some(interruption) = self.wait(attempting, wait).await {
                        return Ending::Interrupted(interruption);
                    }
                }
                Step::GiveUp(closed) => {
                    return Ending::Provider(
                        told.map_or_else(|| left_alone(attempting.live, closed), |told| told.error),
                    );
                }
            }
        }
    }

    /// Waits before the next call, and tells readers so. Answers what has interrupted it.
    async fn wait(&self, attempting: &Attempting<'_>, wait: Duration) -> Option<Interruption> {
        let live = attempting.live;
        self.metrics.retry();
        live.log.show_passing(Some(Passing::Retrying(Retrying {
            attempt: attempting.reply.next_number(),
            at: tokio::time::Instant::now() + wait,
            reason: attempting.reason,
        })));
        let interrupted = tokio::time::timeout(wait, live.interruption()).await;
        live.log.show_passing(None);
        interrupted.ok()
    }

    /// Notes what came of a call: the error, when another call may follow, or else the end.
    fn settle(
        &self,
        attempting: &mut Attempting<'_>,
        call: Call,
        broken: Broken,
    ) -> Result<ProviderError, Ending> {
        let Broken { ending, begun } = broken;
        let reply = &mut *attempting.reply;
        let outcome = ending.outcome();
        let name = self.chain.provider(call.link).name();
        self.metrics.attempt(name, outcome);
        let result = match ending {
            Ending::Provider(error) => {
                reply.close(outcome, error.kind.usage());
                if begun {
                    attempting.course.cut(call.link, &error.kind, reply.has_text());
                } else {
                    attempting.course.failed(&error.kind);
                }
                attempting.reason = outcome;
                let event = if begun { "provider.cut" } else { "provider.failed" };
                let (turn_id, source) = (attempting.live.turn.id, &error.source);
                ::log::warn!(
                    "{event} turn.id={turn_id} provider.name={name} error={error} source={source:?}"
                );
                Ok(error)
            }
            Ending::Complete(completion) => {
                reply.close(outcome, completion.usage);
                Err(Ending::Complete(completion))
            }
            other => {
                if !begun {
                    attempting.course.told_nothing(call.link);
                }
                Err(other)
            }
        };
        self.metrics
            .breaker(name, self.chain.breaker_state(call.link).level());
        result
    }

    /// Waits until the turns before this one have ended.
    async fn wait_for(&self, live: &LiveTurn, predecessors: &[TurnId], stop: bool) -> Option<Ending> {
        for turn_id in predecessors {
            let predecessor = match self.find_running(live.repository.reading(), *turn_id).await {
                Ok(Some(predecessor)) => predecessor,
                // It has ended, or its session was deleted.
                Ok(None) | Err(RepositoryError::NotFound) => continue,
                Err(error) => return Some(Ending::Repository(error)),
            };
            if stop {
                predecessor.interrupt(Interruption::Stop);
            }
            tokio::select! {
                _ = predecessor.done() => {}
                interruption = live.interruption() => return Some(Ending::Interrupted(interruption)),
            }
        }
        None
    }

    /// Stores the end and lets go of the turn.
    async fn end(&self, live: &Arc<LiveTurn>, ending: Ending, mut reply: Reply) {
        if matches!(ending, Ending::Interrupted(Interruption::Abandon)) {
            // What is stored stays as it is: the next process takes the turn up.
            live.log.close();
            self.forget(live);
        } else {
            reply.close(ending.outcome(), None);
            let conclusion = Conclusion::of(&ending, reply, self.fallback_message.as_deref());
            self.conclude(live, conclusion).await;
            self.review(live);
        }
    }
}

/// What went wrong, and whether a reply had begun.
struct Told {
    error: ProviderError,
    begun: bool,
}

/// The error that the learner is told of when nobody could answer: the one that broke the reply off, or else one that
/// nobody else was asked after or that may pass rather than one that stays, and the newest of these.
fn worth_telling(told: Option<Box<Told>>, new: Told) -> Box<Told> {
    let weight = |told: &Told| {
        let kind = &told.error.kind;
        (told.begun, kind.is_final(), kind.is_retryable())
    };
    match told {
        Some(told) if weight(&told) > weight(&new) => told,
        _ => Box::new(new),
    }
}

/// Nobody was called, because all have failed too often of late.
fn left_alone(live: &LiveTurn, closed: Option<Duration>) -> ProviderError {
    ProviderError {
        provider: live.turn.provider.clone(),
        kind: ProviderErrorKind::Overloaded { retry_after: closed },
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what a function answers, without a call of it.
    fn size_of_result<A, B, C, R>(_: impl Fn(A, B, C) -> R) -> usize {
        size_of::<R>()
    }

    #[test]
    fn a_reply_that_streams_keeps_no_room_for_what_is_rare() {
        let bytes = size_of_result(Turns::run);
        assert!(bytes <= 784, "{bytes}: box what only some turns need");
    }
}
