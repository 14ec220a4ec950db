//! Each provider, by one tiny call, and one more where it is to know how answers of a given shape are asked for.

use std::error::Error;
use std::sync::Arc;

use super::Finding;
use super::answer::{self, Answer};
use crate::config::{ProviderSettings, StructuredOutput, Wire};
use crate::model::Parameters;
use crate::provider::{
    self, CompletionRequest, Conversation, OutputFormat, Provider, ProviderError, ProviderErrorKind,
    TimeLimit,
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
        Ok(providers) => examine_fields(&*providers[0], settings).await,
        Err(error) => Err(error),
    };
    match asked {
        Ok((answer, left_out)) => answer.finding(subject, settings, &left_out),
        Err(error) => {
            let mend = advice(&error.kind, settings);
            Finding::problem(subject, told(&error), mend)
        }
    }
}

/// Asks, and answers which fields of requests it refuses. How plans are asked for is found out by a call of its own; that
/// this gives no answer is no problem: plans are then made by local rules.
async fn examine_fields(
    provider: &dyn Provider,
    settings: &ProviderSettings,
) -> Result<(Answer, Vec<&'static str>), ProviderError> {
    let answer = ask(provider, None).await?;
    if matches!(
        settings.structured_output,
        StructuredOutput::JsonSchema | StructuredOutput::JsonObject
    ) {
        // Only what it refuses is asked for here.
        let _ = ask(provider, Some(Arc::new(shape()))).await;
    }
    Ok((answer, provider.left_out()))
}

fn shape() -> OutputFormat {
    OutputFormat {
        name: "answer",
        schema: serde_json::json!({
            "type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"],
            "additionalProperties": false,
        }),
    }
}

/// Waits for the whole reply, which is short.
async fn ask(provider: &dyn Provider, format: Option<Arc<OutputFormat>>) -> Result<Answer, ProviderError> {
    let request = CompletionRequest {
        messages: Conversation::question("Count from one to ten."),
        parameters: Parameters {
            max_tokens: Some(TOKENS),
            ..Parameters::default()
        },
        format,
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
        ProviderErrorKind::RateLimited { .. } | ProviderErrorKind::QuotaUsedUp => {
            "The key is right, but its account may ask no more for now: check its quota and its balance."
                .to_owned()
        }
        ProviderErrorKind::Filtered => {
            "The provider's content filter refuses even a greeting: check the filter of the deployment."
                .to_owned()
        }
        ProviderErrorKind::NoPlace => "All its places are taken: raise max_concurrent.".to_owned(),
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
