//! How a turn ends: what came to pass becomes a status, the error that the learner is told of, and the last events.

use std::sync::Arc;

use super::Turns;
use super::errors::{
    INTERNAL, STORAGE_UNAVAILABLE, TOKENS_SPENT, errors, internal_error, provider_error, storage_error,
    tokens_error,
};
use super::event::{ErrorEvent, Event, TurnEnd};
use super::live::{Interruption, LiveTurn};
use super::reply::{self, Reply};
use crate::model::{FinishReason, Status, Usage};
use crate::provider::{Completion, ProviderError, ProviderErrorKind};
use crate::repository::{RepositoryError, TurnOutcome, now};

/// How a reply came to its end.
pub(super) enum Ending {
    Complete(Completion),
    Provider(ProviderError),
    Repository(RepositoryError),
    Interrupted(Interruption),
    /// What is left of the user's day is less than the call would read.
    TokensSpent,
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
            Self::TokensSpent => TOKENS_SPENT,
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
        if let Some(call) = &outcome.call {
            self.count_tokens(call);
        }
        let ended = Ended::of(live, &outcome);
        let log = Arc::clone(&live.log);
        live.give_seat_back();
        let turn = (live.repository.owner(), live.turn.clone());
        match self.repository.finalise(log, turn, outcome).await {
            Ok(_) => ended.log(live),
            Err(error) => {
                log::error!("turn.not_finalised turn.id={} error={error:?}", live.turn.id);
                live.log.close();
            }
        }
        self.metrics.turn_ended(status);
        self.forget(live);
    }
}

/// What the log says of a turn that has ended.
struct Ended {
    status: Status,
    provider: String,
    usage: Usage,
}

impl Ended {
    fn of(live: &LiveTurn, outcome: &TurnOutcome) -> Self {
        let answered = outcome.answered.as_ref();
        Self {
            status: outcome.status,
            provider: answered.map_or_else(|| live.turn.provider.clone(), |(provider, _)| provider.clone()),
            usage: outcome.usage,
        }
    }

    fn log(&self, live: &LiveTurn) {
        let turn = &live.turn;
        log::info!(
            "turn.id":% = turn.id,
            "status":% = self.status,
            "user" = live.repository.owner(),
            "session.id":% = turn.session_id,
            "provider.name" = self.provider.as_str(),
            "input_tokens" = self.usage.input_tokens,
            "output_tokens" = self.usage.output_tokens,
            "duration_ms" = (now() - turn.created_at).max(0);
            "turn.ended"
        );
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
        Ending::TokensSpent if !nothing_shown => (Status::Interrupted, None),
        Ending::TokensSpent => (Status::Failed, Some(tokens_error())),
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

/// Every word for how a call can end.
#[must_use]
pub fn outcomes() -> Vec<&'static str> {
    let mut outcomes: Vec<_> = errors().map(|error| error.code).collect();
    outcomes.extend([reply::COMPLETE, reply::STOPPED, reply::RESTARTED]);
    outcomes.sort_unstable();
    outcomes.dedup();
    outcomes
}
