//! Answers of a given shape, for providers that have no field for one: the shape is told in words.

use std::borrow::Cow;

use super::CompletionRequest;
use crate::config::StructuredOutput;

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
