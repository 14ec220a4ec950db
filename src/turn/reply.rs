//! A reply as far as it has come, and the call to a provider that writes it. The text is held once: a call that has
//! ended knows where in it its own begins.

mod closing;

use std::sync::Arc;

use super::allotment::Allotment;
use super::calls::Calls;
use super::event::{AttemptStart, Event};
use crate::agent::{estimate_tokens, sample_tokens};
use crate::ids::TurnId;
use crate::model::{AttemptMode, Purpose};
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
    /// What the call under way may still write, where that is limited.
    pub(super) allotment: Option<Box<Allotment>>,
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
            allotment: None,
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
            purpose: self.purpose(),
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
        self.allotment = None;
    }

    /// What the next call to be recorded is for.
    pub(super) fn purpose(&self) -> Purpose {
        match self.calls.number() {
            None => Purpose::Reply,
            Some(_) => Purpose::Retry,
        }
    }

    /// Tokens that the call under way reads: the prompt, and the part of the reply that it goes on from.
    pub(super) fn input_tokens(&self) -> i64 {
        let kept = match &self.current {
            Some(current) if current.mode == AttemptMode::Continue => tokens(&self.text[..current.from]),
            Some(current) => current.kept_tokens,
            None => 0,
        };
        count(self.prompt_tokens) + kept
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
            if let Some(allotment) = &mut self.allotment {
                allotment.begin_anew();
            }
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
