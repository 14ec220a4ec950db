//! How a turn ends: what came to pass becomes a status, the error that the learner is told of, and the last events.

use std::sync::Arc;

use super::Turns;
use super::event::{ErrorEvent, Event, TurnEnd};
use super::live::{Interruption, LiveTurn};
use crate::agent::estimate_tokens;
use crate::model::{FinishReason, Status, Usage, UsageSource};
use crate::provider::{Completion, ProviderError, ProviderErrorKind};
use crate::repository::{RepositoryError, TurnOutcome};

/// How a reply came to its end.
pub(super) enum Ending {
    Complete(Completion),
    Provider(ProviderError),
    Repository(RepositoryError),
    Interrupted(Interruption),
    Panicked,
}

/// What is stored of an end.
pub(super) struct Conclusion {
    status: Status,
    finish_reason: Option<FinishReason>,
    error: Option<ErrorEvent>,
    usage: Usage,
    text: String,
}

impl Conclusion {
    pub(super) fn of(ending: &Ending, text: String, prompt_tokens: usize) -> Self {
        let (status, error) = verdict(ending, text.is_empty());
        let (finish_reason, reported) = match ending {
            Ending::Complete(completion) => (Some(completion.finish_reason), completion.usage),
            _ => (None, None),
        };
        let usage = reported.unwrap_or_else(|| estimated(&text, prompt_tokens));
        Self {
            status,
            finish_reason,
            error,
            usage,
            text,
        }
    }

    /// The end of a turn that a crash left over and that is not taken up.
    pub(super) fn interrupted(text: String) -> Self {
        let usage = estimated(&text, 0);
        Self {
            status: Status::Interrupted,
            finish_reason: None,
            error: None,
            usage,
            text,
        }
    }
}

impl Turns {
    /// Appends the last events, stores them with the outcome, and lets go of the turn.
    pub(super) async fn conclude(&self, live: &Arc<LiveTurn>, conclusion: Conclusion) {
        let Conclusion {
            status,
            finish_reason,
            error,
            usage,
            text,
        } = conclusion;
        let error_code = error.as_ref().map(|error| error.code);
        let end = Event::TurnEnd(TurnEnd {
            status,
            finish_reason,
            usage,
            message_id: live.turn.message_id,
            text_length: text.chars().count(),
            cached: false,
        });
        let events: Vec<_> = error.map(Event::Error).into_iter().chain([end]).collect();
        live.log.append(&events);
        let last_number = live.log.last_number();
        let outcome = TurnOutcome {
            status,
            finish_reason,
            error_code,
            usage,
            text,
            last_number,
        };
        let log = Arc::clone(&live.log);
        live.give_seat_back();
        match self.repository.finalise(log, live.turn.clone(), outcome).await {
            Ok(_) => log::info!("turn.ended turn.id={} status={status}", live.turn.id),
            Err(error) => {
                log::error!("turn.not_finalised turn.id={} error={error:?}", live.turn.id);
                live.log.close();
            }
        }
        self.metrics.turn_ended(status);
        self.forget(live);
    }
}

fn estimated(text: &str, prompt_tokens: usize) -> Usage {
    let count = |tokens: usize| i64::try_from(tokens).unwrap_or(i64::MAX);
    let output_tokens = if text.is_empty() { 0 } else { estimate_tokens(text) };
    Usage {
        input_tokens: count(prompt_tokens),
        output_tokens: count(output_tokens),
        source: UsageSource::Estimated,
    }
}

/// The terminal status, and the error that the learner is told of.
fn verdict(ending: &Ending, nothing_shown: bool) -> (Status, Option<ErrorEvent>) {
    match ending {
        Ending::Complete(_) => (Status::Complete, None),
        Ending::Interrupted(Interruption::StorageUnavailable) => (Status::Failed, Some(storage_error())),
        Ending::Interrupted(_) => (Status::Stopped, None),
        // A reply that was cut is kept and can be continued.
        Ending::Provider(error) if is_cut(&error.kind) && !nothing_shown => {
            log::warn!(
                "provider.cut provider.name={} error={error} source={:?}",
                error.provider,
                error.source
            );
            (Status::Interrupted, None)
        }
        Ending::Provider(error) => {
            log::warn!(
                "provider.failed provider.name={} error={error} source={:?}",
                error.provider,
                error.source
            );
            (Status::Failed, Some(provider_error(&error.kind)))
        }
        Ending::Repository(error) => {
            log::error!("turn.not_prepared error={error:?}");
            (Status::Failed, Some(storage_error()))
        }
        Ending::Panicked => (Status::Failed, Some(internal_error())),
    }
}

fn is_cut(kind: &ProviderErrorKind) -> bool {
    matches!(
        kind,
        ProviderErrorKind::Disconnected
            | ProviderErrorKind::ClosedUnanswered
            | ProviderErrorKind::TimedOut(_)
    )
}

fn provider_error(kind: &ProviderErrorKind) -> ErrorEvent {
    let detail = match kind {
        ProviderErrorKind::TooLong => "Start a new session, or send a shorter message.",
        kind if kind.is_retryable() => "What was written is kept. Try again in a moment.",
        _ => "The operator of this service has to look at this; what was written is kept.",
    };
    let retry_after_ms = kind
        .retry_after()
        .and_then(|wait| u64::try_from(wait.as_millis()).ok());
    ErrorEvent {
        code: kind.code(),
        title: format!("The tutor's model provider {}", predicate(kind)),
        detail: detail.to_owned(),
        retryable: kind.is_retryable(),
        retry_after_ms,
    }
}

/// What the provider did, in words for a learner.
fn predicate(kind: &ProviderErrorKind) -> &'static str {
    match kind {
        ProviderErrorKind::RateLimited { .. } => "takes no more requests for now",
        ProviderErrorKind::Overloaded { .. } => "is overloaded",
        ProviderErrorKind::Unauthorized => "does not accept this service's key",
        ProviderErrorKind::Rejected => "rejected the request",
        ProviderErrorKind::TooLong => "cannot read a conversation this long",
        ProviderErrorKind::TooLarge => "wrote more than the limit",
        ProviderErrorKind::TimedOut(_) => "did not answer in time",
        ProviderErrorKind::Disconnected | ProviderErrorKind::ClosedUnanswered => "cannot be reached",
        ProviderErrorKind::Malformed => "sent an answer that cannot be read",
    }
}

fn storage_error() -> ErrorEvent {
    ErrorEvent {
        code: "storage-unavailable",
        title: "The reply could not be stored".to_owned(),
        detail: "What was stored is kept. Try again in a moment.".to_owned(),
        retryable: true,
        retry_after_ms: Some(5_000),
    }
}

fn internal_error() -> ErrorEvent {
    ErrorEvent {
        code: "internal",
        title: "Something went wrong in this service".to_owned(),
        detail: "What was written is kept. Try again.".to_owned(),
        retryable: true,
        retry_after_ms: None,
    }
}
