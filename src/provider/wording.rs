//! What models are told in words, where a provider has no field for it.

use std::borrow::Cow;

use super::CompletionRequest;
use crate::config::StructuredOutput;

/// For providers that would start a new message after a trailing assistant message.
pub(super) const GO_ON: &str = "Your last message broke off. Go on exactly where it ends, in the middle of a word if need be. \
    Do not repeat anything, do not apologise and do not start again: write only what is missing.";

/// In the place of what the learner said before the first reply, when that is not told.
pub(super) const BEFORE: &str = "(The conversation goes on from here.)";

/// In the place of a learner's message without words.
pub(super) const NO_WORDS: &str = "(Nothing is said here.)";

/// The instructions, with the shape of the answer where nothing else tells it.
pub(super) fn instructions(request: &CompletionRequest, how: StructuredOutput) -> Cow<'_, str> {
    let in_words = matches!(how, StructuredOutput::JsonObject | StructuredOutput::None);
    match &request.format {
        Some(format) if in_words => Cow::Owned(format!(
            "{}\n\nAnswer with one JSON object and nothing else: no Markdown, no words around it. \
            It must fit this JSON schema:\n{}",
            request.instructions, format.schema
        )),
        _ => Cow::Borrowed(&request.instructions),
    }
}
