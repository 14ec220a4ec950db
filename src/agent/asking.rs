//! Questions of the agent's own to a model: one question, one whole answer, and its tokens on the learner's account.
//! Why there is no answer is logged, without a word of either.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use super::tokens::estimate_tokens;
use crate::model::{Purpose, Usage, UsageSource};
use crate::provider::{Claim, CompletionRequest, Delta, Errand, Place, Places, Provider, ProviderError};
use crate::repository::{Spending, UserRepository, now};

/// An answer that takes longer than this is not waited for, not even in the background.
const PATIENCE: Duration = Duration::from_secs(60);
/// No answer is longer than this, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// The model that answers the agent's own questions.
pub(super) struct PlanningModel {
    /// Who is asked.
    pub(super) provider: Arc<dyn Provider>,
    /// Where its calls are counted, with those of answers.
    pub(super) places: Arc<Places>,
    /// Another model than the provider's own.
    pub(super) model: Option<String>,
}

/// For whom a question is asked, and until when.
pub(super) struct Asking<'a> {
    pub(super) user: &'a UserRepository,
    pub(super) purpose: Purpose,
    /// Called off when the answer is no longer wanted: the connection is closed.
    pub(super) errand: &'a Arc<Errand>,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error("the answer is too large")]
    TooLarge,
    #[error("the answer has no end")]
    NoEnd,
    #[error("the answer took too long")]
    TimedOut,
    #[error("the answer is no longer wanted")]
    CalledOff,
}

/// What has come of an answer.
#[derive(Default)]
struct Answer {
    text: String,
    /// Whether the model may have read the question.
    sent: bool,
    accepted: bool,
    usage: Option<Usage>,
}

impl PlanningModel {
    /// A place for one question; `None` when there is none in time, or the question is no longer to be asked.
    pub(super) async fn place(&self, asking: &Asking<'_>) -> Option<Place> {
        let called_off = asking.errand.called_off();
        if called_off.is_cancelled() {
            return None;
        }
        let mut waiting = match self.places.claim(Some(asking.errand)) {
            Claim::Given(place) => return Some(place),
            Claim::Waiting(waiting) => waiting,
        };
        let (provider, purpose) = (self.provider.name(), asking.purpose);
        tokio::select! {
            biased;
            () = called_off.cancelled() => log::debug!("agent.called_off purpose={purpose}"),
            place = waiting.place() => return Some(place),
            () = tokio::time::sleep(self.places.patience()) => {
                log::info!("agent.no_place purpose={purpose} provider.name={provider}");
            }
        }
        None
    }

    /// The whole answer; `None` when there is none. The place is free at its end.
    pub(super) async fn ask(
        &self,
        request: CompletionRequest,
        asking: Asking<'_>,
        place: Place,
    ) -> Option<String> {
        let called_off = asking.errand.called_off();
        let mut answer = Answer::default();
        let asked = request.clone();
        let outcome = tokio::select! {
            biased;
            () = called_off.cancelled() => Err(Trouble::CalledOff),
            () = tokio::time::sleep(PATIENCE) => Err(Trouble::TimedOut),
            outcome = collect(&*self.provider, request, &mut answer) => outcome,
        };
        drop(place);
        // What was called off may have been read by the model already.
        let may_be_read = answer.sent && matches!(outcome, Err(Trouble::CalledOff | Trouble::TimedOut));
        if answer.accepted || may_be_read {
            self.record(&asked, &answer, &asking).await;
        }
        let (provider, purpose) = (self.provider.name(), asking.purpose);
        match outcome {
            Ok(()) => return Some(answer.text),
            Err(Trouble::CalledOff) => log::debug!("agent.called_off purpose={purpose}"),
            Err(trouble) => {
                log::warn!("agent.no_answer purpose={purpose} provider.name={provider} error={trouble}");
            }
        }
        None
    }

    async fn record(&self, asked: &CompletionRequest, answer: &Answer, asking: &Asking<'_>) {
        let model = self.model.as_deref().unwrap_or(self.provider.model());
        let spending = Spending {
            provider: self.provider.name().to_owned(),
            model: model.to_owned(),
            purpose: asking.purpose,
            usage: answer.usage.unwrap_or_else(|| estimated(asked, &answer.text)),
            at: now(),
        };
        if let Err(error) = asking.user.record_usage(spending).await {
            log::warn!(
                "agent.usage_not_recorded purpose={} error={error}",
                asking.purpose
            );
        }
    }
}

async fn collect(
    provider: &dyn Provider,
    request: CompletionRequest,
    answer: &mut Answer,
) -> Result<(), Trouble> {
    answer.sent = true;
    let mut deltas = provider.stream(request).await?;
    answer.accepted = true;
    while let Some(delta) = deltas.next().await {
        match delta? {
            Delta::Text(part) => answer.text.push_str(&part),
            Delta::Reasoning(_) => {}
            Delta::Restart { text, .. } => answer.text = text,
            Delta::End(completion) => {
                answer.usage = completion.usage;
                return Ok(());
            }
        }
        if answer.text.len() > LARGEST_ANSWER {
            return Err(Trouble::TooLarge);
        }
    }
    Err(Trouble::NoEnd)
}

fn estimated(asked: &CompletionRequest, answer: &str) -> Usage {
    let messages = asked
        .messages
        .iter()
        .map(|message| estimate_tokens(&message.content));
    let input = estimate_tokens(&asked.instructions) + messages.sum::<usize>();
    let tokens = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Usage {
        input_tokens: tokens(input),
        output_tokens: if answer.is_empty() {
            0
        } else {
            tokens(estimate_tokens(answer))
        },
        source: UsageSource::Estimated,
    }
}
