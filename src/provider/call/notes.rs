//! What an operator is told of a provider that is odd but understood, and what may be told of its words.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::failure::{Cause, Failures};
use crate::provider::{ProviderError, ProviderErrorKind};

/// So many odd things are told of a provider while the process lives.
const MOST: usize = 32;

/// What was told already.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<BTreeSet<String>>);

impl Notes {
    /// Whether this is to be told now.
    pub(super) fn is_new(&self, note: &str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < MOST && !told.contains(note) && told.insert(note.to_owned())
    }
}

impl Failures {
    /// The reply has ended with a word for a cut.
    pub(in crate::provider) fn cut_by(&self, word: &str) -> ProviderError {
        let word = self.word(word);
        self.caused(ProviderErrorKind::Disconnected, Cause::BrokenOff { word })
    }

    /// What carries the text has another type.
    pub(in crate::provider) fn no_string(&self) -> ProviderError {
        self.caused(ProviderErrorKind::Malformed, Cause::NoString)
    }

    /// Tokens are estimated, because the provider's own count cannot be read.
    pub(super) fn log_odd_count(&self) {
        log::warn!("provider.odd_count provider.name={}", self.provider);
    }

    /// Tells the operator once of a finish reason that is taken for an end although nobody knows it.
    pub(in crate::provider) fn note_word(&self, word: &str) {
        let word = self.word(word);
        if self.notes.is_new(&word) {
            log::warn!(
                "provider.unknown_finish_reason provider.name={} word={word}",
                self.provider
            );
        }
    }

    /// From now on it is asked without a field that it refuses.
    pub(super) fn log_left_out(&self, field: &str) {
        log::info!(
            "provider.asked_without provider.name={} field={field}",
            self.provider
        );
    }

    /// A reply that has ended was followed by what would have undone it.
    pub(super) fn log_after_end(&self, error: &ProviderError) {
        log::warn!(
            "provider.after_end provider.name={} error={error} source={:?}",
            self.provider,
            error.source
        );
    }

    fn word(&self, word: &str) -> String {
        self.code(Some(&Value::String(word.to_owned())))
    }

    /// What of a header is fit for the log; `-` when there is none.
    pub(super) fn header(&self, value: Option<&str>) -> String {
        let essence = value
            .and_then(|value| value.split(';').next())
            .unwrap_or_default();
        self.code(Some(&Value::String(essence.trim().to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_told_once_and_not_everything_for_ever() {
        let notes = Notes::default();
        assert!(notes.is_new("a") && !notes.is_new("a"));
        let told = (0..100)
            .filter(|number| notes.is_new(&number.to_string()))
            .count();
        assert_eq!(told, MOST - 1);
    }
}
