//! What every wire's transcript adds up: what is to be shown of what was written, whether it has ended, what it cost.

mod closing;

use std::borrow::Cow;
use std::collections::VecDeque;

use super::content::{Kind, Piece, pieces};
use super::deltas::Channel;
use super::ending::Ending;
use super::failure::Failures;
use super::loose::Loose;
use super::seam::Seam;
use super::thoughts::{Part, Thoughts};
use crate::config::Thoughts as ThoughtsSetting;
use crate::model::Usage;
use crate::provider::{Delta, ProviderError, ProviderErrorKind};

/// Why readers are told that the text so far is void.
const THOUGHTS: &str = "thoughts";
const BEGINS_ANEW: &str = "begins-anew";

/// A reply as far as it was read.
pub(in crate::provider) struct Draft {
    /// Most bytes of the reply, its reasoning included.
    max_bytes: usize,
    seam: Seam,
    text: Channel,
    reasoning: Channel,
    thoughts: Thoughts,
    ending: Ending,
    usage: Option<Usage>,
    bytes: usize,
    /// The answer is the arguments of a tool: no prose.
    is_arguments: bool,
    flags: Flags,
    /// What is to be shown, in order.
    first: Option<Delta>,
    more: VecDeque<Delta>,
}

/// What has been seen so far.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the reply"
)]
struct Flags {
    /// There was text before this call.
    goes_on: bool,
    /// There is text that can be seen.
    has_text: bool,
    /// The record that is being read has text of any kind.
    wrote: bool,
    /// What was shown is void as soon as there is text instead.
    is_void: bool,
    /// Nothing more is read.
    is_over: bool,
    /// A count could not be read, and the operator was told.
    has_odd_count: bool,
    /// So was what came behind the end.
    has_odd_end: bool,
}

/// How the text of a reply is to be read.
pub(super) struct Reading {
    pub(super) max_bytes: usize,
    pub(super) thoughts: ThoughtsSetting,
    /// What was shown may be taken back.
    pub(super) may_void: bool,
    /// Each delta repeats the whole text.
    pub(super) is_cumulative: bool,
    /// There was text before this call.
    pub(super) goes_on: bool,
}

impl Draft {
    pub(super) fn new(reading: &Reading, seam: Seam) -> Self {
        Self {
            max_bytes: reading.max_bytes,
            seam,
            text: Channel::new(reading.is_cumulative),
            reasoning: Channel::new(reading.is_cumulative),
            thoughts: Thoughts::new(reading.thoughts, reading.may_void),
            ending: Ending::default(),
            usage: None,
            bytes: 0,
            is_arguments: false,
            flags: Flags {
                goes_on: reading.goes_on,
                ..Flags::default()
            },
            first: None,
            more: VecDeque::new(),
        }
    }

    /// A draft of the arguments of a tool that has to be called: they hold no thoughts.
    pub(in crate::provider) fn of_arguments(self) -> Self {
        Self {
            is_arguments: true,
            thoughts: Thoughts::new(ThoughtsSetting::Shown, false),
            ..self
        }
    }

    /// Whether the provider has written anything.
    pub(super) fn has_begun(&self) -> bool {
        self.bytes > 0
    }

    /// Whether nothing undoes the reply any more.
    pub(super) fn is_firm(&self) -> bool {
        self.ending.is_firm()
    }

    /// Whether it was concluded.
    pub(super) fn is_over(&self) -> bool {
        self.flags.is_over
    }

    /// Whether a reason for the end holds so far.
    pub(in crate::provider) fn has_reason(&self) -> bool {
        self.ending.reason().is_some()
    }

    /// What is to be shown next.
    pub(super) fn take_next(&mut self) -> Option<Delta> {
        let next = self.first.take();
        if next.is_some() {
            self.first = self.more.pop_front();
        }
        next
    }

    /// Whether there is something to be shown.
    pub(super) fn has_next(&self) -> bool {
        self.first.is_some()
    }

    /// A record begins.
    pub(in crate::provider) fn begin_record(&mut self) {
        self.flags.wrote = false;
    }

    /// Text of the reply.
    pub(in crate::provider) fn text(
        &mut self,
        text: Cow<'_, str>,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        if text.is_empty() {
            return Ok(());
        }
        self.write();
        let text = self.text.read(text);
        self.tell(text, failures)
    }

    /// What the model thinks aloud.
    pub(in crate::provider) fn reasoning(
        &mut self,
        text: Cow<'_, str>,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        if text.is_empty() {
            return Ok(());
        }
        self.write();
        let text = self.reasoning.read(text);
        self.think(text, failures)
    }

    /// A piece of either, as a server gave it in another shape.
    pub(in crate::provider) fn piece(
        &mut self,
        piece: &Piece,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        self.write();
        match piece.kind {
            Kind::Text => {
                let text = self.text.read_bytes(&piece.bytes);
                self.tell(text.into(), failures)
            }
            Kind::Thought => {
                let text = self.reasoning.read_bytes(&piece.bytes);
                self.think(text.into(), failures)
            }
        }
    }

    /// Whatever says something; text that cannot be read is an error, and thoughts that cannot are none.
    pub(in crate::provider) fn loose(
        &mut self,
        value: Option<Loose<'_>>,
        kind: Kind,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        let Some(value) = value else { return Ok(()) };
        match pieces(value, kind) {
            Some(pieces) => pieces.iter().try_for_each(|piece| self.piece(piece, failures)),
            None if kind == Kind::Text => Err(failures.no_string()),
            None => Ok(()),
        }
    }

    fn write(&mut self) {
        self.flags.wrote = true;
        self.ending.take_back();
    }

    fn tell(&mut self, text: Cow<'_, str>, failures: &Failures) -> Result<(), ProviderError> {
        if self.thoughts.passes(&text) {
            return self.say(text, failures);
        }
        let parts = self.thoughts.split(&text);
        self.tell_parts(parts, failures)
    }

    fn tell_parts(&mut self, parts: Vec<Part>, failures: &Failures) -> Result<(), ProviderError> {
        for part in parts {
            match part {
                Part::Reply(text) => self.say(text.into(), failures)?,
                Part::Thought(text) => self.think(text.into(), failures)?,
                Part::Void => {
                    self.flags.is_void = true;
                    self.flags.has_text = false;
                }
            }
        }
        Ok(())
    }

    fn say(&mut self, text: Cow<'_, str>, failures: &Failures) -> Result<(), ProviderError> {
        self.flags.has_text = self.flags.has_text || !text.trim_start().is_empty();
        let text = self.seam.join(text);
        self.show_text(text, failures)
    }

    /// Shows what is new.
    fn show_text(&mut self, text: Cow<'_, str>, failures: &Failures) -> Result<(), ProviderError> {
        self.count(&text, failures)?;
        if text.is_empty() {
            return Ok(());
        }
        let text = without_nul(text);
        let is_void = std::mem::take(&mut self.flags.is_void);
        let reason = if self.seam.begins_anew() {
            Some(BEGINS_ANEW)
        } else {
            is_void.then_some(THOUGHTS)
        };
        self.show(match reason {
            Some(reason) => Delta::Restart { reason, text },
            None => Delta::Text(text),
        });
        Ok(())
    }

    fn think(&mut self, text: Cow<'_, str>, failures: &Failures) -> Result<(), ProviderError> {
        self.count(&text, failures)?;
        if !text.is_empty() {
            self.show(Delta::Reasoning(without_nul(text)));
        }
        Ok(())
    }

    fn show(&mut self, delta: Delta) {
        if self.first.is_none() {
            self.first = Some(delta);
        } else {
            self.more.push_back(delta);
        }
    }

    fn count(&mut self, text: &str, failures: &Failures) -> Result<(), ProviderError> {
        self.bytes += text.len();
        if self.bytes > self.max_bytes {
            return Err(failures.bare(ProviderErrorKind::TooLarge));
        }
        Ok(())
    }
}

/// Databases and browsers disagree about U+0000: nothing above this module has to know it.
fn without_nul(text: Cow<'_, str>) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{FFFD}")
    } else {
        text.into_owned()
    }
}
