//! Questions of the agent's own to a model: one question, one whole answer, and its tokens on the learner's account.
//! Why there is no answer is logged, without a word of either.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use uuid::Uuid;

use super::tokens::{TokenMeter, estimate_tokens};
use crate::model::{Purpose, Usage, UsageSource};
use crate::provider::{Claim, CompletionRequest, Delta, Errand, Place, Places, Provider, ProviderError};
use crate::repository::{NewReservation, RepositoryError, Spending, UserRepository, now};
use crate::telemetry::Metrics;

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
    pub(super) metrics: Arc<Metrics>,
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
    #[error(transparent)]
    NotHeld(#[from] RepositoryError),
}

/// What has come of an answer.
#[derive(Default)]
struct Answer {
    text: String,
    /// Whether the model may have read the question.
    sent: bool,
    accepted: bool,
    usage: Option<Usage>,
    /// Spent on a first answer that had no text.
    before: Option<Usage>,
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
        let mut answer = Answer::default();
        let (provider, purpose) = (self.provider.name(), asking.purpose);
        match self
            .ask_within_the_day((request, place), &mut answer, &asking)
            .await
        {
            Ok(()) => return Some(answer.text),
            Err(Trouble::NotHeld(RepositoryError::TokensSpent | RepositoryError::TokensHeld)) => {
                log::debug!("agent.no_tokens purpose={purpose}");
            }
            Err(Trouble::CalledOff) => log::debug!("agent.called_off purpose={purpose}"),
            Err(trouble) => {
                log::warn!("agent.no_answer purpose={purpose} provider.name={provider} error={trouble}");
            }
        }
        None
    }

    /// Holds what the question may cost while it is asked. One that does not fit into the learner's day as a whole is not
    /// asked: half a plan is none, and what is left is for answers.
    async fn ask_within_the_day(
        &self,
        (request, place): (CompletionRequest, Place),
        answer: &mut Answer,
        asking: &Asking<'_>,
    ) -> Result<(), Trouble> {
        let called_off = asking.errand.called_off();
        let call = Uuid::now_v7().to_string();
        let held = match asking.user.limits().tokens {
            Some(limits) => {
                let most = self.provider.max_tokens().unwrap_or(limits.reserve);
                let held = self.reservation(&call, (&request, most.into()), asking);
                asking.user.reserve_tokens(held).await?
            }
            None => None,
        };
        let mut meter = held.map(|held| TokenMeter::new(held, 0));
        let asked = request.clone();
        let outcome = tokio::select! {
            biased;
            () = called_off.cancelled() => Err(Trouble::CalledOff),
            () = tokio::time::sleep(PATIENCE) => Err(Trouble::TimedOut),
            outcome = collect(&*self.provider, request, (answer, &mut meter)) => outcome,
        };
        drop(place);
        // What was called off may have been read by the model already.
        let may_be_read = answer.sent && matches!(outcome, Err(Trouble::CalledOff | Trouble::TimedOut));
        let was_read = answer.accepted || may_be_read;
        let spending = was_read.then(|| self.spending(&asked, answer, asking.purpose));
        self.settle(call, spending, asking).await;
        outcome
    }

    fn reservation(
        &self,
        call: &str,
        (request, most): (&CompletionRequest, i64),
        asking: &Asking<'_>,
    ) -> NewReservation {
        NewReservation {
            call: call.to_owned(),
            provider: self.provider.name().to_owned(),
            model: self.called().to_owned(),
            purpose: asking.purpose,
            prompt_tokens: estimated(request, "").input_tokens,
            reply_tokens: most,
            whole: true,
        }
    }

    fn called(&self) -> &str {
        self.model.as_deref().unwrap_or(self.provider.model())
    }

    fn spending(&self, asked: &CompletionRequest, answer: &Answer, purpose: Purpose) -> Spending {
        Spending {
            provider: self.provider.name().to_owned(),
            model: self.called().to_owned(),
            purpose,
            usage: answer.spent(asked),
            at: now(),
        }
    }

    async fn settle(&self, call: String, spending: Option<Spending>, asking: &Asking<'_>) {
        if let Some(spending) = &spending {
            self.metrics
                .spent(&spending.provider, spending.purpose, spending.usage);
        }
        if let Err(error) = asking.user.settle_tokens(call, spending).await {
            log::warn!(
                "agent.usage_not_recorded purpose={} error={error}",
                asking.purpose
            );
        }
    }
}

impl Answer {
    fn spent(&self, asked: &CompletionRequest) -> Usage {
        let spent = self.usage.unwrap_or_else(|| estimated(asked, &self.text));
        self.before.map_or(spent, |before| before.plus(spent))
    }
}

/// An answer without text is asked for once more.
async fn collect(
    provider: &dyn Provider,
    request: CompletionRequest,
    (answer, meter): (&mut Answer, &mut Option<TokenMeter>),
) -> Result<(), Trouble> {
    let outcome = collect_once(provider, request.clone(), (answer, meter)).await;
    let Err(Trouble::Provider(error)) = &outcome else {
        return outcome;
    };
    answer.usage = error.kind.usage();
    if !(error.kind.is_textless() && error.kind.is_retryable()) {
        return outcome;
    }
    let before = answer.spent(&request);
    *answer = Answer {
        before: Some(before),
        accepted: true,
        sent: true,
        ..Answer::default()
    };
    if let Some(meter) = meter {
        meter.begin_anew();
    }
    collect_once(provider, request, (answer, meter)).await
}

async fn collect_once(
    provider: &dyn Provider,
    request: CompletionRequest,
    (answer, meter): (&mut Answer, &mut Option<TokenMeter>),
) -> Result<(), Trouble> {
    answer.sent = true;
    let mut deltas = provider.stream(request).await?;
    answer.accepted = true;
    while let Some(delta) = deltas.next().await {
        match delta? {
            Delta::Text(part) => {
                if meter
                    .as_mut()
                    .is_some_and(|meter| !meter.fits(&answer.text, &part))
                {
                    return Err(Trouble::TooLarge);
                }
                answer.text.push_str(&part);
            }
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
