//! Drives one turn: focus → provider → append → finalise. Runs as a task of its own on the main runtime and
//! outlives every connection.

use std::sync::Arc;
use std::time::Instant;

use futures_util::{FutureExt, StreamExt};

use super::Turns;
use super::end::{Conclusion, Ending};
use super::event::{AttemptStart, Event, TextKind, TextOf, TurnStart};
use super::live::{Interruption, LiveTurn};
use crate::agent::estimate_tokens;
use crate::ids::TurnId;
use crate::model::AttemptMode;
use crate::provider::{Delta, DeltaStream, ProviderError, ProviderErrorKind};
use crate::repository::RepositoryError;
use crate::time::rfc3339;

/// What a turn has before its provider is asked.
#[derive(Debug, Default)]
pub(super) struct Beginning {
    /// Text that the reply has already.
    pub(super) kept: String,
    /// Turns that end before this one begins.
    pub(super) predecessors: Vec<TurnId>,
    /// Whether those are stopped, rather than waited for.
    pub(super) stop_predecessors: bool,
}

/// The reply as far as it has come.
struct Reply {
    text: String,
    prompt_tokens: usize,
    began: Instant,
    any_delta: bool,
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
    pub(super) async fn run(self: Arc<Self>, live: Arc<LiveTurn>, beginning: Beginning) {
        let mut reply = Reply {
            text: String::new(),
            prompt_tokens: 0,
            began: Instant::now(),
            any_delta: false,
        };
        // What a panic leaves behind is the text so far, which is whole after every delta.
        let drive = std::panic::AssertUnwindSafe(self.drive(&live, beginning, &mut reply));
        let ending = drive.catch_unwind().await.unwrap_or(Ending::Panicked);
        // Boxed, so that a reply that streams does not carry the state of its end.
        Box::pin(self.end(&live, ending, reply)).await;
    }

    async fn drive(&self, live: &Arc<LiveTurn>, beginning: Beginning, reply: &mut Reply) -> Ending {
        reply.text = beginning.kept;
        let Beginning {
            predecessors,
            stop_predecessors,
            ..
        } = beginning;
        if let Some(ending) = Box::pin(self.wait_for(live, &predecessors, stop_predecessors)).await {
            return ending;
        }
        let stream = match self.connect(live, reply).await {
            Ok(stream) => stream,
            Err(ending) => return ending,
        };
        self.relay(live, stream, reply).await
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
                () = predecessor.done() => {}
                interruption = live.interruption() => return Some(Ending::Interrupted(interruption)),
            }
        }
        None
    }

    /// Asks the provider. Boxed, so that its large state is freed before the reply streams.
    async fn connect(&self, live: &LiveTurn, reply: &mut Reply) -> Result<DeltaStream, Ending> {
        let kept = reply.text.clone();
        let connect = Box::pin(async {
            let prompt = self.agent.prepare(&live.repository, &live.turn, kept).await;
            let prompt = prompt.map_err(Ending::Repository)?;
            let tokens = |text: &str| estimate_tokens(text);
            let messages = prompt.messages.iter().map(|message| tokens(&message.content));
            reply.prompt_tokens = tokens(&prompt.instructions) + messages.sum::<usize>();
            self.provider.stream(prompt).await.map_err(Ending::Provider)
        });
        tokio::select! {
            biased;
            interruption = live.interruption() => Err(Ending::Interrupted(interruption)),
            stream = connect => stream,
        }
    }

    async fn relay(&self, live: &LiveTurn, mut stream: DeltaStream, reply: &mut Reply) -> Ending {
        let mut interruption = std::pin::pin!(live.interruption());
        loop {
            let delta = tokio::select! {
                biased;
                interruption = &mut interruption => return Ending::Interrupted(interruption),
                delta = stream.next() => delta,
            };
            let (kind, text) = match delta {
                Some(Ok(Delta::Text(text))) => {
                    reply.text.push_str(&text);
                    (TextKind::Reply, text)
                }
                Some(Ok(Delta::Reasoning(text))) => (TextKind::Reasoning, text),
                Some(Ok(Delta::End(completion))) => return Ending::Complete(completion),
                Some(Err(error)) => return Ending::Provider(error),
                None => return Ending::Provider(self.disconnected()),
            };
            self.count(reply);
            if live.log.append_text(kind, text) {
                tokio::select! {
                    interruption = &mut interruption => return Ending::Interrupted(interruption),
                    () = live.log.ready() => {}
                }
            }
        }
    }

    fn count(&self, reply: &mut Reply) {
        self.metrics.delta();
        if !std::mem::replace(&mut reply.any_delta, true) {
            self.metrics.first_delta(reply.began.elapsed());
        }
    }

    fn disconnected(&self) -> ProviderError {
        let provider = self.provider.name().to_owned();
        ProviderError {
            provider,
            kind: ProviderErrorKind::Disconnected,
            source: None,
        }
    }

    /// Stores the end and lets go of the turn.
    async fn end(&self, live: &Arc<LiveTurn>, ending: Ending, reply: Reply) {
        if matches!(ending, Ending::Interrupted(Interruption::Abandon)) {
            // What is stored stays as it is: the next process takes the turn up.
            live.log.close();
            self.forget(live);
        } else {
            let conclusion = Conclusion::of(&ending, reply.text, reply.prompt_tokens);
            self.conclude(live, conclusion).await;
        }
    }
}
