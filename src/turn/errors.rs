//! What a learner is told of a turn that failed: one error for each reason, with a stable code.

use super::event::ErrorEvent;
use crate::provider::{ProviderErrorKind, TimeLimit};

pub(super) const STORAGE_UNAVAILABLE: &str = "storage-unavailable";
pub(super) const INTERNAL: &str = "internal";
pub(super) const TOKENS_SPENT: &str = "tokens-spent";

pub(super) fn provider_error(kind: &ProviderErrorKind) -> ErrorEvent {
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

pub(super) fn storage_error() -> ErrorEvent {
    ErrorEvent {
        code: STORAGE_UNAVAILABLE,
        title: "The reply could not be stored".to_owned(),
        detail: "What was stored is kept. Try again in a moment.".to_owned(),
        retryable: true,
        retry_after_ms: Some(5_000),
    }
}

pub(super) fn internal_error() -> ErrorEvent {
    ErrorEvent {
        code: INTERNAL,
        title: "Something went wrong in this service".to_owned(),
        detail: "Nothing that was written is lost. Try again.".to_owned(),
        retryable: true,
        retry_after_ms: None,
    }
}

pub(super) fn tokens_error() -> ErrorEvent {
    ErrorEvent {
        code: TOKENS_SPENT,
        title: "Your tokens of this day do not suffice for this".to_owned(),
        detail: "Wait until other replies have ended, or until the next day (UTC) begins.".to_owned(),
        retryable: true,
        retry_after_ms: None,
    }
}

/// One of each kind of error that a provider's call can end with.
fn kinds() -> impl Iterator<Item = ProviderErrorKind> {
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
    kinds.into_iter().chain(limits.map(ProviderErrorKind::TimedOut))
}

/// Every error that a turn can end with.
pub(super) fn errors() -> impl Iterator<Item = ErrorEvent> {
    let of_providers = kinds().map(|kind| provider_error(&kind));
    of_providers.chain([storage_error(), tokens_error(), internal_error()])
}

#[cfg(test)]
mod tests {
    use super::*;

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
