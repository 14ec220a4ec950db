//! What every wire's transcript adds up: how much was written, why it ended, what it cost.

use std::borrow::Cow;

use super::failure::{Cause, Failures};
use super::seam::Seam;
use crate::model::{FinishReason, Usage};
use crate::provider::{Completion, Delta, ProviderError, ProviderErrorKind};

/// A reply as far as it was read.
pub(in crate::provider) struct Draft {
    /// Most bytes of the reply, its reasoning included.
    max_bytes: usize,
    seam: Seam,
    bytes: usize,
    has_text: bool,
    /// One event may say two things.
    next: Option<Delta>,
    pub(in crate::provider) finish_reason: Option<FinishReason>,
    pub(in crate::provider) usage: Option<Usage>,
}

impl Draft {
    pub(super) fn new(max_bytes: usize, seam: Seam) -> Self {
        Self {
            max_bytes,
            seam,
            bytes: 0,
            has_text: false,
            next: None,
            finish_reason: None,
            usage: None,
        }
    }

    /// Whether the provider has written anything.
    pub(in crate::provider) fn has_begun(&self) -> bool {
        self.bytes > 0
    }

    /// What is left of the last event.
    pub(in crate::provider) fn take_next(&mut self) -> Option<Delta> {
        self.next.take()
    }

    /// The reply's end, as soon as the provider has given a reason for it.
    pub(in crate::provider) fn completion(&self) -> Option<Completion> {
        self.finish_reason.map(|finish_reason| Completion {
            finish_reason,
            usage: self.usage,
        })
    }

    /// The provider says that nothing more comes. Without a reason that needs at least some text.
    pub(in crate::provider) fn end(&self, failures: &Failures) -> Result<Delta, ProviderError> {
        let stop = Completion {
            finish_reason: FinishReason::Stop,
            usage: self.usage,
        };
        self.completion()
            .or(self.has_text.then_some(stop))
            .map(Delta::End)
            .ok_or_else(|| failures.caused(ProviderErrorKind::Malformed, Cause::NoText))
    }

    /// Text of the reply.
    pub(in crate::provider) fn text(
        &mut self,
        text: Cow<'_, str>,
        failures: &Failures,
    ) -> Result<Option<Delta>, ProviderError> {
        self.has_text |= !text.is_empty();
        let text = self.seam.join(text);
        self.count(&text, failures)?;
        Ok((!text.is_empty()).then(|| Delta::Text(without_nul(text))))
    }

    /// What the model thinks aloud.
    pub(in crate::provider) fn reasoning(
        &mut self,
        text: Cow<'_, str>,
        failures: &Failures,
    ) -> Result<Option<Delta>, ProviderError> {
        self.count(&text, failures)?;
        Ok((!text.is_empty()).then(|| Delta::Reasoning(without_nul(text))))
    }

    /// Both of what one event says; the second is kept for [`Self::take_next`].
    pub(in crate::provider) fn in_order(
        &mut self,
        first: Option<Delta>,
        second: Option<Delta>,
    ) -> Option<Delta> {
        if first.is_none() {
            return second;
        }
        self.next = second;
        first
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
