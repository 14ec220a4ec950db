//! A reply as far as it has come, and the call to a provider that writes it. The text is held once: a call that has
//! ended knows where in it its own begins.

use std::sync::Arc;

use super::calls::Calls;
use super::event::{AttemptStart, Event};
use crate::agent::{estimate_tokens, sample_tokens};
use crate::ids::TurnId;
use crate::model::{AttemptMode, Usage, UsageSource};
use crate::provider::{CompletionRequest, Provider};
use crate::repository::{Attempt, EndedCall, now};

/// Outcomes of a call that are no codes of errors.
pub(super) const COMPLETE: &str = "complete";
pub(super) const STOPPED: &str = "stopped";
pub(super) const RESTARTED: &str = "server-restarted";

/// A text that has grown so long gets the room of a whole reply at once: growing by doubling would leave holes in the
/// memory that are together as large as the text.
const LONG: usize = 64 * 1024;
const ROOM: usize = (2 << 20) + LONG;

/// The reply as far as it has come.
pub(super) struct Reply {
    turn_id: TurnId,
    /// Shared with the records of calls until they are stored.
    text: Arc<String>,
    /// Tokens of the prompt, once it is known.
    prompt_tokens: usize,
    /// The number of the next call.
    next: i32,
    /// Who answers, as far as readers know.
    announced: String,
    /// Whether a call of this turn has given anything.
    has_deltas: bool,
    pub(super) calls: Calls,
    current: Option<Current>,
}

/// The call that is under way.
struct Current {
    number: i32,
    provider: Arc<dyn Provider>,
    mode: AttemptMode,
    /// Where in the text its own begins.
    from: usize,
    /// Whether it has given anything.
    wrote: bool,
    reasoning_bytes: usize,
    /// Tokens of the text that it was given to go on with, although it begins anew.
    kept_tokens: i64,
    sent: bool,
    accepted: bool,
    started_at: i64,
}

impl Reply {
    /// A reply of this turn that has `text` already; its first call has the number `first`.
    pub(super) fn new(turn_id: TurnId, announced: String, first: i32, text: String) -> Self {
        Self {
            turn_id,
            text: Arc::new(text),
            prompt_tokens: 0,
            next: first,
            announced,
            has_deltas: false,
            calls: Calls::default(),
            current: None,
        }
    }

    /// The text so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The number of the next call.
    pub(super) fn next_number(&self) -> i32 {
        self.next
    }

    /// The number of the call that is under way.
    pub(super) fn current_number(&self) -> i32 {
        self.next - 1
    }

    /// Whether there is text to go on with.
    pub(super) fn has_text(&self) -> bool {
        !self.text.is_empty()
    }

    /// The call that the last process was in when it ended, and where in the text its own begins. Call it when the
    /// prompt is known.
    pub(super) fn add_crashed(&mut self, crashed: Attempt, from: usize) {
        let mut call = EndedCall {
            attempt: crashed,
            reply: Arc::clone(&self.text),
            from,
        };
        call.attempt.input_tokens = count(self.prompt_tokens);
        call.attempt.output_tokens = tokens(call.text());
        self.calls.add(call);
    }

    /// Counts the prompt, once: all calls of a turn are asked the same.
    pub(super) fn set_prompt(&mut self, prompt: &CompletionRequest) {
        if self.prompt_tokens == 0 {
            let messages = prompt
                .messages
                .iter()
                .map(|message| estimate_tokens(&message.content));
            self.prompt_tokens = estimate_tokens(&prompt.instructions) + messages.sum::<usize>();
        }
    }

    /// A call begins.
    pub(super) fn call(&mut self, provider: Arc<dyn Provider>, mode: AttemptMode) {
        self.current = Some(Current {
            number: self.next,
            provider,
            mode,
            from: self.text.len(),
            wrote: false,
            reasoning_bytes: 0,
            kept_tokens: 0,
            sent: false,
            accepted: false,
            started_at: now(),
        });
        self.next += 1;
    }

    /// The request goes out now.
    pub(super) fn sent(&mut self) {
        if let Some(current) = &mut self.current {
            current.sent = true;
        }
    }

    /// The provider has taken the request.
    pub(super) fn accepted(&mut self) {
        if let Some(current) = &mut self.current {
            current.accepted = true;
        }
    }

    /// The first delta of the call has come. What readers are to be told of it before that is shown: that the text
    /// goes on after a break, begins anew, or comes from somebody else than was said.
    pub(super) fn begin_deltas(&mut self, reason: &'static str) -> Option<Event> {
        let current = self.current.as_mut()?;
        current.wrote = true;
        let another = current.provider.name() != self.announced;
        let broken = std::mem::replace(&mut self.has_deltas, true);
        let restarts = current.mode == AttemptMode::Restart;
        if restarts {
            self.text = Arc::default();
            current.from = 0;
        }
        if !another && !broken && !restarts {
            return None;
        }
        current.provider.name().clone_into(&mut self.announced);
        Some(Event::AttemptStart(AttemptStart {
            attempt: current.number,
            mode: if restarts {
                AttemptMode::Restart
            } else {
                AttemptMode::Continue
            },
            provider: current.provider.name().to_owned(),
            model: current.provider.model().to_owned(),
            reason,
        }))
    }

    /// The call was to go on with the text, and begins anew: the text is void once it shows something.
    pub(super) fn restart_call(&mut self) {
        let Some(current) = &mut self.current else { return };
        if current.mode == AttemptMode::Continue {
            current.kept_tokens = tokens(&self.text[..current.from]);
            current.mode = AttemptMode::Restart;
        }
    }

    /// What the call has written so far is no reply: it is void, and has cost what it has cost. What readers are to be
    /// told of it.
    pub(super) fn begin_anew(&mut self, reason: &'static str) -> Option<Event> {
        let current = self.current.as_mut()?;
        current.reasoning_bytes += self.text.len() - current.from;
        current.from = 0;
        self.text = Arc::default();
        Some(Event::AttemptStart(AttemptStart {
            attempt: current.number,
            mode: AttemptMode::Restart,
            provider: current.provider.name().to_owned(),
            model: current.provider.model().to_owned(),
            reason,
        }))
    }

    /// Whether text that was shown is void once the current call shows something.
    pub(super) fn would_void_text(&self) -> bool {
        let restarts = self
            .current
            .as_ref()
            .is_some_and(|current| current.mode == AttemptMode::Restart);
        restarts && self.has_text()
    }

    /// Whether a call of this turn has given anything.
    pub(super) fn has_deltas(&self) -> bool {
        self.has_deltas
    }

    pub(super) fn push_text(&mut self, text: &str) {
        let whole = Arc::make_mut(&mut self.text);
        let length = whole.len() + text.len();
        if length > LONG && length > whole.capacity() {
            whole.reserve_exact(length.next_multiple_of(ROOM) - whole.len());
        }
        whole.push_str(text);
    }

    pub(super) fn push_reasoning(&mut self, text: &str) {
        if let Some(current) = &mut self.current {
            current.reasoning_bytes += text.len();
        }
    }

    /// The call has ended. Without reported tokens they are estimated; a request that was refused has cost none.
    pub(super) fn close(&mut self, outcome: &str, reported: Option<Usage>) {
        let Some(current) = self.current.take() else {
            return;
        };
        // It was stopped before the provider was asked.
        if !current.sent {
            self.next = current.number;
            return;
        }
        let from = if current.wrote {
            current.from
        } else {
            self.text.len()
        };
        let usage = reported.unwrap_or_else(|| {
            let was_read = current.accepted || matches!(outcome, STOPPED | "provider-first-delta-timeout");
            let kept = match current.mode {
                AttemptMode::Continue => tokens(&self.text[..current.from]),
                AttemptMode::Start | AttemptMode::Restart => current.kept_tokens,
            };
            Usage {
                input_tokens: if was_read {
                    count(self.prompt_tokens) + kept
                } else {
                    0
                },
                output_tokens: tokens(&self.text[from..]) + count(current.reasoning_bytes.div_ceil(4)),
                source: UsageSource::Estimated,
            }
        });
        let attempt = Attempt {
            turn_id: self.turn_id,
            number: current.number,
            provider: current.provider.name().to_owned(),
            model: current.provider.model().to_owned(),
            mode: current.mode,
            outcome: outcome.to_owned(),
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            usage_source: usage.source,
            started_at: current.started_at,
            ended_at: now(),
        };
        let reply = Arc::clone(&self.text);
        self.calls.add(EndedCall { attempt, reply, from });
    }

    /// The text and its calls, to be stored.
    pub(super) fn into_parts(self) -> (Arc<String>, Calls) {
        (self.text, self.calls)
    }
}

fn tokens(text: &str) -> i64 {
    if text.is_empty() {
        0
    } else {
        count(sample_tokens(text))
    }
}

fn count(tokens: usize) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
