//! How a turn ends: what came to pass becomes a status, the error that the learner is told of, and the last events.

use std::sync::Arc;

use super::Turns;
use super::event::{ErrorEvent, Event, TurnEnd};
use super::live::{Interruption, LiveTurn};
use super::reply::{self, Reply};
use crate::model::{FinishReason, Status};
use crate::provider::{Completion, ProviderError, ProviderErrorKind};
use crate::repository::{RepositoryError, TurnOutcome};

const STORAGE_UNAVAILABLE: &str = "storage-unavailable";
const INTERNAL: &str = "internal";

/// How a reply came to its end.
pub(super) enum Ending {
    Complete(Completion),
    Provider(ProviderError),
    Repository(RepositoryError),
    Interrupted(Interruption),
    Panicked,
}

impl Ending {
    /// The word for the call that ended so.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Complete(_) => reply::COMPLETE,
            Self::Provider(error) => error.kind.code(),
            Self::Interrupted(Interruption::Stop) => reply::STOPPED,
            Self::Interrupted(Interruption::Abandon) => reply::RESTARTED,
            Self::Interrupted(Interruption::StorageUnavailable) | Self::Repository(_) => STORAGE_UNAVAILABLE,
            Self::Panicked => INTERNAL,
        }
    }
}

/// What is stored of an end.
pub(super) struct Conclusion {
    status: Status,
    finish_reason: Option<FinishReason>,
    error: Option<ErrorEvent>,
    reply: Reply,
}

impl Conclusion {
    /// `fallback` is the operator's wording for a learner whom nobody could answer.
    pub(super) fn of(ending: &Ending, reply: Reply, fallback: Option<&str>) -> Self {
        let (status, mut error) = verdict(ending, !reply.has_text());
        if let (Ending::Provider(_), Some(error), Some(words)) = (ending, &mut error, fallback) {
            words.clone_into(&mut error.detail);
        }
        let finish_reason = match ending {
            Ending::Complete(completion) => Some(completion.finish_reason),
            _ => None,
        };
        Self {
            status,
            finish_reason,
            error,
            reply,
        }
    }

    /// The end of a turn that a crash left over and that is not taken up.
    pub(super) fn interrupted(reply: Reply) -> Self {
        Self {
            status: Status::Interrupted,
            finish_reason: None,
            error: None,
            reply,
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
            reply,
        } = conclusion;
        let (text, mut calls) = reply.into_parts();
        let usage = calls.usage();
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
            attempt: calls.number(),
            answered: calls.answered(),
            call: calls.take_last(),
            last_number,
        };
        let log = Arc::clone(&live.log);
        live.give_seat_back();
        let turn = (live.repository.owner(), live.turn.clone());
        match self.repository.finalise(log, turn, outcome).await {
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

/// The terminal status, and the error that the learner is told of.
fn verdict(ending: &Ending, nothing_shown: bool) -> (Status, Option<ErrorEvent>) {
    match ending {
        Ending::Complete(_) => (Status::Complete, None),
        Ending::Interrupted(Interruption::StorageUnavailable) => (Status::Failed, Some(storage_error())),
        Ending::Interrupted(_) => (Status::Stopped, None),
        // A reply that was cut is kept and can be continued.
        Ending::Provider(error) if is_cut(&error.kind) && !nothing_shown => (Status::Interrupted, None),
        Ending::Provider(error) => (Status::Failed, Some(provider_error(&error.kind))),
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
            | ProviderErrorKind::NoPlace
    )
}

fn provider_error(kind: &ProviderErrorKind) -> ErrorEvent {
    let detail = match kind {
        ProviderErrorKind::NoPlace => {
            "Others are being answered. Nothing that was written is lost. Try again in a moment."
        }
        ProviderErrorKind::Filtered => {
            "Say it in other words, or ask about something else. What was written is kept."
        }
        ProviderErrorKind::TooLong => "Start a new session, or send a shorter message.",
        ProviderErrorKind::OutOfTokens { .. } => {
            "A simpler question may help. The operator of this service can allow longer answers (max_tokens)."
        }
        kind if kind.is_retryable() => "Nothing that was written is lost. Try again in a moment.",
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
        ProviderErrorKind::Filtered => "does not let this message through its content filter",
        ProviderErrorKind::QuotaUsedUp => "takes no more requests: this service's quota there is used up",
        ProviderErrorKind::TooLong => "cannot read a conversation this long",
        ProviderErrorKind::TooLarge => "wrote more than the limit",
        ProviderErrorKind::TimedOut(_) => "did not answer in time",
        ProviderErrorKind::Disconnected | ProviderErrorKind::ClosedUnanswered => "cannot be reached",
        ProviderErrorKind::NoPlace => "has no free place for now",
        ProviderErrorKind::Malformed | ProviderErrorKind::Unreadable => "sent an answer that cannot be read",
        ProviderErrorKind::Empty { .. } => "ended its answer without a word",
        ProviderErrorKind::OutOfTokens { .. } => "used up its length for thinking, before it wrote anything",
    }
}

fn storage_error() -> ErrorEvent {
    ErrorEvent {
        code: STORAGE_UNAVAILABLE,
        title: "The reply could not be stored".to_owned(),
        detail: "What was stored is kept. Try again in a moment.".to_owned(),
        retryable: true,
        retry_after_ms: Some(5_000),
    }
}

fn internal_error() -> ErrorEvent {
    ErrorEvent {
        code: INTERNAL,
        title: "Something went wrong in this service".to_owned(),
        detail: "Nothing that was written is lost. Try again.".to_owned(),
        retryable: true,
        retry_after_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::TimeLimit;

    /// Every error that a turn can end with.
    fn errors() -> Vec<ErrorEvent> {
        let limits = [
            TimeLimit::Connect,
            TimeLimit::FirstDelta,
            TimeLimit::Idle,
            TimeLimit::Total,
            TimeLimit::Remote,
        ];
        let kinds = [
            ProviderErrorKind::RateLimited { retry_after: None },
            ProviderErrorKind::Overloaded { retry_after: None },
            ProviderErrorKind::Unauthorized,
            ProviderErrorKind::Rejected,
            ProviderErrorKind::Filtered,
            ProviderErrorKind::QuotaUsedUp,
            ProviderErrorKind::TooLong,
            ProviderErrorKind::TooLarge,
            ProviderErrorKind::ClosedUnanswered,
            ProviderErrorKind::Disconnected,
            ProviderErrorKind::NoPlace,
            ProviderErrorKind::Malformed,
            ProviderErrorKind::Unreadable,
            ProviderErrorKind::Empty { usage: None },
            ProviderErrorKind::OutOfTokens { usage: None },
        ];
        let kinds = kinds.into_iter().chain(limits.map(ProviderErrorKind::TimedOut));
        let of_providers = kinds.map(|kind| provider_error(&kind));
        of_providers.chain([storage_error(), internal_error()]).collect()
    }

    #[test]
    fn the_documentation_lists_exactly_the_codes_that_a_turn_can_fail_with() {
        let documentation = include_str!("../../docs/http-api.md");
        let (_, table) = documentation
            .split_once("| `code` | Retryable | When |\n|---|---|---|\n")
            .unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        let mut listed: Vec<_> = table
            .lines()
            .map(|row| row.split(" | ").take(2).collect::<Vec<_>>().join(" | "))
            .collect();
        let mut known: Vec<_> = errors()
            .iter()
            .map(|error| {
                let retryable = if error.retryable { "yes" } else { "no" };
                format!("| `{}` | {retryable}", error.code)
            })
            .collect();
        listed.sort_unstable();
        known.sort_unstable();
        known.dedup();
        assert_eq!(listed, known);
    }
}
