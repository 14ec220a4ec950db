//! The end of a draft: why it ended, what it cost, and whether it is a reply at all.

use super::super::failure::{Cause, Failures};
use super::super::finish::{Meaning, meaning};
use super::super::usage::Counted;
use super::Draft;
use crate::model::{FinishReason, Usage};
use crate::provider::{Completion, Delta, ProviderError, ProviderErrorKind};

impl Draft {
    /// Something came behind a firm reason that would have undone the reply. It is told once.
    pub(in crate::provider::call) fn note_after_end(&mut self, error: &ProviderError, failures: &Failures) {
        if !std::mem::replace(&mut self.flags.has_odd_end, true) {
            failures.log_after_end(error);
        }
    }

    /// What the provider says that it cost; each count replaces the one before.
    pub(in crate::provider) fn cost(&mut self, counted: Counted, failures: &Failures) {
        match counted {
            Counted::Nothing => {}
            Counted::Usage(usage) => self.usage = Some(usage),
            Counted::Unreadable => {
                self.usage = None;
                if !std::mem::replace(&mut self.flags.has_odd_count, true) {
                    failures.log_odd_count();
                }
            }
        }
    }

    /// What was counted so far.
    pub(in crate::provider) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// The provider's word for why it ended. Behind a firm reason no other word undoes the reply.
    pub(in crate::provider) fn finish(
        &mut self,
        word: &str,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        let reason = match meaning(word) {
            Meaning::None => return Ok(()),
            Meaning::Cut if self.is_firm() => return Ok(()),
            Meaning::Cut => return Err(failures.cut_by(word)),
            Meaning::End(FinishReason::ToolCalls) if self.is_arguments => FinishReason::Stop,
            Meaning::End(reason) => reason,
            Meaning::Unknown => {
                failures.note_word(word);
                FinishReason::Stop
            }
        };
        self.finish_with(reason);
        Ok(())
    }

    /// Whether a word has a meaning of its own.
    pub(in crate::provider) fn knows(word: &str) -> bool {
        !matches!(meaning(word), Meaning::None | Meaning::Unknown)
    }

    /// The wire itself says why it ended.
    pub(in crate::provider) fn finish_with(&mut self, reason: FinishReason) {
        self.ending.give(reason, !self.flags.wrote);
    }

    /// The provider says that nothing more comes, or the stream has ended as it should. Without a reason that needs at
    /// least some text.
    pub(in crate::provider) fn conclude(&mut self, failures: &Failures) -> Result<(), ProviderError> {
        let half = self.text.flush().map(String::from).unwrap_or_default();
        self.tell(half.into(), failures)?;
        let half = self.reasoning.flush().map(String::from).unwrap_or_default();
        self.think(half.into(), failures)?;
        let rest = self.thoughts.finish();
        self.tell_parts(rest, failures)?;
        let held = self.seam.finish();
        self.show_text(held.into(), failures)?;
        self.flags.is_over = true;
        let (reason, usage) = (self.ending.reason(), self.usage);
        let says_something = self.flags.has_text || (self.flags.goes_on && reason.is_some());
        let finish_reason = match reason {
            // A refusal needs no words.
            Some(FinishReason::ContentFilter) => FinishReason::ContentFilter,
            reason if says_something => reason.unwrap_or(FinishReason::Stop),
            Some(FinishReason::Length) => {
                return Err(failures.caused(ProviderErrorKind::OutOfTokens { usage }, Cause::NoText));
            }
            _ => return Err(failures.caused(ProviderErrorKind::Empty { usage }, Cause::NoText)),
        };
        self.show(Delta::End(Completion { finish_reason, usage }));
        Ok(())
    }

    /// The body has ended as it should: a reason that was doubted holds.
    pub(in crate::provider::call) fn confirm(&mut self) {
        self.ending.confirm();
    }
}
