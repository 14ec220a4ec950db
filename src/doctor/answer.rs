//! What a provider's short answer tells of it: whether there is text at all, and what its deltas are.

use futures_util::StreamExt;

use super::Finding;
use crate::config::ProviderSettings;
use crate::provider::{Delta, DeltaStream, ProviderError, ProviderErrorKind};

/// So many deltas that each repeat the one before are no accident.
const REPEATS: usize = 3;

/// What an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Text, as it should be.
    Text,
    /// Text whose deltas repeat all that was said.
    Repeating,
    /// The few tokens that were allowed went into thoughts.
    Thoughts,
}

impl Answer {
    pub(super) fn finding(
        self,
        subject: String,
        settings: &ProviderSettings,
        left_out: &[&'static str],
    ) -> Finding {
        let model = &settings.model;
        let refused = if left_out.is_empty() {
            String::new()
        } else {
            format!(", but refuses {}: it is asked without", left_out.join(", "))
        };
        match self {
            Self::Text => Finding::well(subject, format!("model {model:?} answers{refused}")),
            Self::Thoughts => Finding::well(
                subject,
                format!(
                    "model {model:?} answers{refused}; it only thought within the few tokens that it was given"
                ),
            ),
            Self::Repeating => Finding::problem(
                subject,
                "each of its deltas repeats the whole text",
                "Set deltas = \"cumulative\" in the provider's table, or learners see the text many times.",
            ),
        }
    }
}

/// Listens to a short answer.
pub(super) async fn listen(mut deltas: DeltaStream) -> Result<Answer, ProviderError> {
    let (mut last, mut count, mut repeats) = (String::new(), 0, 0);
    while let Some(delta) = deltas.next().await {
        match delta {
            Ok(Delta::Text(text) | Delta::Restart { text, .. }) => {
                repeats += usize::from(!last.is_empty() && text.starts_with(&last));
                count += 1;
                last = text;
            }
            Ok(Delta::Reasoning(_)) => {}
            Ok(Delta::End(_)) => break,
            Err(ProviderError {
                kind: ProviderErrorKind::OutOfTokens { .. },
                ..
            }) => return Ok(Answer::Thoughts),
            Err(error) => return Err(error),
        }
    }
    let repeats_all = repeats >= REPEATS && repeats + 1 == count;
    Ok(if repeats_all {
        Answer::Repeating
    } else {
        Answer::Text
    })
}
