//! The bundled tutor that answers while no provider is configured: offline, the same reply for the same
//! conversation, at the pace of a model. It knows no subject and pretends to know none: it asks.

mod compose;
mod message;
mod phrases;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use tokio::time::sleep;

use super::{Completion, CompletionRequest, Delta, DeltaStream, Provider, ProviderError};
use crate::model::FinishReason;

/// The bundled practice tutor.
#[derive(Clone, Debug)]
pub struct PracticeTutor {
    name: String,
    pace: Pace,
}

/// How fast a reply is written.
#[derive(Clone, Copy, Debug)]
struct Pace {
    first: Duration,
    next: Duration,
}

impl Default for PracticeTutor {
    fn default() -> Self {
        Self::named("practice")
    }
}

impl PracticeTutor {
    /// The tutor under a name of the operator's choice.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            pace: Pace {
                first: Duration::from_millis(300),
                next: Duration::from_millis(40),
            },
        }
    }
}

impl Provider for PracticeTutor {
    fn name(&self) -> &str {
        &self.name
    }

    fn model(&self) -> &str {
        "practice-tutor"
    }

    fn continues_partial(&self) -> bool {
        true
    }

    fn is_practice(&self) -> bool {
        true
    }

    fn stream(&self, request: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>> {
        let pace = self.pace;
        Box::pin(async move { Ok(paced(missing(&request), pace)) })
    }
}

/// What the reply still lacks.
fn missing(request: &CompletionRequest) -> String {
    let whole = compose::reply(&request.messages);
    match whole.strip_prefix(request.kept.as_str()) {
        Some(rest) => rest.to_owned(),
        None => phrases::CLOSING.to_owned(),
    }
}

fn paced(text: String, pace: Pace) -> DeltaStream {
    let end = Completion {
        finish_reason: FinishReason::Stop,
        usage: None,
    };
    let words = stream::unfold((text, 0), move |(text, start)| async move {
        let length = word_length(text.get(start..)?)?;
        pause(if start == 0 { pace.first } else { pace.next }).await;
        let word = text.get(start..start + length)?.to_owned();
        Some((Ok(Delta::Text(word)), (text, start + length)))
    });
    words.chain(stream::iter([Ok(Delta::End(end))])).boxed()
}

/// The bytes of the first word with the white space after it; `None` at the end.
fn word_length(text: &str) -> Option<usize> {
    let space = text.find(char::is_whitespace).unwrap_or(text.len());
    let word = text[space..]
        .find(|character: char| !character.is_whitespace())
        .map_or(text.len(), |gap| space + gap);
    (word > 0).then_some(word)
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}
