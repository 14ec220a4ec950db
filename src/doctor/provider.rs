//! Each provider, by one tiny call.

use std::error::Error;

use super::Finding;
use super::answer::{self, Answer};
use crate::config::{ProviderSettings, Wire};
use crate::model::{Parameters, Role};
use crate::provider::{
    self, CompletionRequest, PromptMessage, Provider, ProviderError, ProviderErrorKind, TimeLimit,
};

/// Enough for an answer, too few to cost anything. Some models refuse less.
const TOKENS: u32 = 16;

/// What is to be said of each, in the order of the chain.
pub(super) async fn examine_all(settings: &[ProviderSettings]) -> Vec<Finding> {
    if settings.is_empty() {
        let words = "none is configured: the bundled practice tutor answers, offline";
        return vec![Finding::well("providers", words)];
    }
    let mut findings = Vec::with_capacity(settings.len());
    for settings in settings {
        findings.push(examine(settings).await);
    }
    findings
}

async fn examine(settings: &ProviderSettings) -> Finding {
    let subject = format!("provider {:?}", settings.name);
    if settings.wire == Wire::Practice {
        return Finding::well(subject, "the bundled practice tutor, offline");
    }
    let asked = match provider::from_settings(std::slice::from_ref(settings)) {
        Ok(providers) => ask(&*providers[0]).await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(answer) => answer.finding(subject, settings),
        Err(error) => {
            let mend = advice(&error.kind, settings);
            Finding::problem(subject, told(&error), mend)
        }
    }
}

/// Waits for the whole reply, which is short.
async fn ask(provider: &dyn Provider) -> Result<Answer, ProviderError> {
    let message = PromptMessage {
        role: Role::User,
        content: "Count from one to ten.".to_owned(),
    };
    let request = CompletionRequest {
        messages: vec![message],
        parameters: Parameters {
            max_tokens: Some(TOKENS),
            ..Parameters::default()
        },
        ..CompletionRequest::default()
    };
    answer::listen(provider.stream(request).await?).await
}

/// The error and its causes. They hold no key, no prompt and none of the provider's own sentences.
fn told(error: &ProviderError) -> String {
    let mut told = error.kind.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        told.push_str(": ");
        told.push_str(&cause.to_string());
        source = cause.source();
    }
    told
}

fn advice(kind: &ProviderErrorKind, settings: &ProviderSettings) -> String {
    let base_url = &settings.base_url;
    match kind {
        ProviderErrorKind::Unauthorized => {
            "Check api_key (or api_key_variable), and auth: how this provider wants the key.".to_owned()
        }
        ProviderErrorKind::Rejected | ProviderErrorKind::TooLong => format!(
            "Check model ({:?}), base_url ({base_url}), wire, and the parameters in the provider's table.",
            settings.model
        ),
        ProviderErrorKind::RateLimited { .. } => {
            "The key is right, but its account may ask no more for now: check its quota and its balance."
                .to_owned()
        }
        ProviderErrorKind::Overloaded { .. } => {
            "The provider has a fault or is overloaded: look at its status page or log, and try again."
                .to_owned()
        }
        ProviderErrorKind::TimedOut(TimeLimit::Connect)
        | ProviderErrorKind::Disconnected
        | ProviderErrorKind::ClosedUnanswered => format!(
            "Check that {base_url} is right, that the server runs, and that this machine may reach it (name, firewall, certificate)."
        ),
        ProviderErrorKind::TimedOut(_) => {
            "It accepts connections but is slow: look at its load, or raise first_delta_timeout_seconds."
                .to_owned()
        }
        ProviderErrorKind::Empty { .. } => format!(
            "It answers, but without text: check model ({:?}), and whether it can follow instructions at all.",
            settings.model
        ),
        ProviderErrorKind::OutOfTokens { .. } => {
            "It thinks for long: raise max_tokens, or lower reasoning_effort.".to_owned()
        }
        ProviderErrorKind::Malformed | ProviderErrorKind::TooLarge | ProviderErrorKind::Unreadable => {
            format!("Something answers at {base_url}, but not over this wire: check wire and base_url.")
        }
    }
}
