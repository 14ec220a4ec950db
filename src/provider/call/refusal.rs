//! What a refusal means: one table from a provider's status, codes and words to a kind. Sources are the error pages of
//! OpenAI, Azure, Anthropic, Google, Mistral, DeepSeek, DashScope, Groq, OpenRouter, vLLM, TGI, llama.cpp, and reports
//! of what these really send. The words themselves are never kept.

use std::time::Duration;

use serde_json::Value;

use crate::provider::{ProviderErrorKind, TimeLimit};

/// What is refused whoever asks, and why: these are told by codes, or by a provider that has none in a sentence.
struct Ground {
    kind: ProviderErrorKind,
    /// Parts of codes, in small letters and digits alone.
    codes: &'static [&'static str],
    /// Parts of sentences, in small letters.
    sentences: &'static [&'static str],
    /// The statuses that may come with such a sentence.
    statuses: &'static [u16],
}

/// In this order: a code of one beats a code of the next, and any code beats a sentence.
const GROUNDS: [Ground; 3] = [
    Ground {
        kind: ProviderErrorKind::QuotaUsedUp,
        codes: &[
            "insufficientquota",
            "quotaexceeded",
            "currentquota",
            "billing",
            "insufficientbalance",
            "insufficientcredit",
            "insufficientfunds",
            "creditbalance",
            "paymentrequired",
            "arrearage",
        ],
        sentences: &[
            "credit balance is too low",
            "insufficient balance",
            "insufficient credit",
            "requires more credits",
            "used all available credits",
            "run out of credits",
            "spending limit",
            "api usage limits",
            "hard limit has been reached",
            "free quota has been exhausted",
        ],
        statuses: &[400, 402, 403, 429],
    },
    Ground {
        kind: ProviderErrorKind::Filtered,
        codes: &[
            "contentfilter",
            "contentpolicy",
            "responsibleai",
            "policyviolation",
            "datainspection",
            "moderation",
            "prohibitedcontent",
            "sensitivecontent",
            "safety",
            "flagged",
            "invalidprompt",
        ],
        sentences: &[
            "content management policy",
            "content filter",
            "content policy",
            "usage polic",
            "safety system",
            "safety filter",
            "was flagged",
            "inappropriate content",
            "sensitive content",
            "moderation",
        ],
        statuses: &[400, 403, 422, 451],
    },
    Ground {
        kind: ProviderErrorKind::TooLong,
        codes: &[
            "contextlength",
            "contextsize",
            "contextwindow",
            "requesttoolarge",
            "promptistoolong",
            "prompttoolong",
            "inputtoolong",
            "tokenslimitreached",
            "stringabovemaxlength",
        ],
        sentences: &[
            "context length",
            "context window",
            "context limit",
            "context size",
            "prompt is too long",
            "input is too long",
            "maximum number of tokens",
            "maximum model length",
            "maximum input length",
            "max_new_tokens` must be",
            "reduce the length of",
            "prompt contains too many tokens",
        ],
        statuses: &[400, 404, 413, 422],
    },
];

/// Codes and types that say what a status would have said.
fn of_code(code: &str) -> Option<ProviderErrorKind> {
    Some(match code {
        "ratelimitexceeded" | "ratelimiterror" | "ratelimitreached" | "toomanyrequests"
        | "resourceexhausted" => ProviderErrorKind::RateLimited { retry_after: None },
        "invalidapikey" | "authenticationerror" | "permissionerror" | "unauthenticated" => {
            ProviderErrorKind::Unauthorized
        }
        "invalidrequesterror" | "modelnotfound" | "notfounderror" | "badrequesterror" | "invalidargument" => {
            ProviderErrorKind::Rejected
        }
        "timeout" | "timeouterror" | "deadlineexceeded" => ProviderErrorKind::TimedOut(TimeLimit::Remote),
        "servererror"
        | "overloadederror"
        | "apierror"
        | "internalservererror"
        | "serviceunavailable"
        | "unavailable" => ProviderErrorKind::Overloaded { retry_after: None },
        _ => return None,
    })
}

/// What a status says by itself.
fn of_number(status: u16, retry_after: Option<Duration>) -> Option<ProviderErrorKind> {
    Some(match status {
        429 => ProviderErrorKind::RateLimited { retry_after },
        401 | 403 => ProviderErrorKind::Unauthorized,
        402 => ProviderErrorKind::QuotaUsedUp,
        408 => ProviderErrorKind::TimedOut(TimeLimit::Remote),
        413 => ProviderErrorKind::TooLong,
        // Conflict, a dependency that failed (TGI), too early, no capacity (Groq): the same request may pass later.
        409 | 424 | 425 | 498 | 500..=599 => ProviderErrorKind::Overloaded { retry_after },
        300..=499 => ProviderErrorKind::Rejected,
        _ => return None,
    })
}

/// The kind of an answer with this status and this error in its body. `is_page` when the body is a web page: what
/// stands before the provider writes those, and it knows no keys.
pub(super) fn of_status(
    status: u16,
    error: &Value,
    retry_after: Option<Duration>,
    is_page: bool,
) -> ProviderErrorKind {
    let by_words = (400..500).contains(&status).then(|| ground(error, Some(status)));
    if let Some(kind) = by_words.flatten() {
        return kind;
    }
    match of_number(status, retry_after) {
        Some(ProviderErrorKind::Unauthorized) if is_page && status == 403 => ProviderErrorKind::Rejected,
        Some(kind) => kind,
        None => ProviderErrorKind::Malformed,
    }
}

/// The kind of an error in a stream, or in a body that claims to be an answer.
pub(super) fn of_object(error: &Value) -> ProviderErrorKind {
    let number = |field: &str| {
        let value = error.get(field)?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
        of_number(u16::try_from(number).ok()?, None)
    };
    let by_code = || codes(error).iter().find_map(|code| of_code(code));
    ground(error, None)
        .or_else(|| number("code"))
        .or_else(|| number("error_code"))
        .or_else(|| number("status"))
        .or_else(by_code)
        .unwrap_or(ProviderErrorKind::Overloaded { retry_after: None })
}

/// The ground that codes name, or else a sentence.
fn ground(error: &Value, status: Option<u16>) -> Option<ProviderErrorKind> {
    let codes = codes(error);
    let named = GROUNDS.iter().find(|ground| {
        let mut parts = ground.codes.iter();
        parts.any(|part| codes.iter().any(|code| code.contains(part)))
    });
    let told = || {
        let sentence = sentences(error).join("\n").to_lowercase();
        GROUNDS
            .iter()
            .filter(|ground| status.is_none_or(|status| ground.statuses.contains(&status)))
            .find(|ground| ground.sentences.iter().any(|part| sentence.contains(part)))
    };
    named.or_else(told).map(|ground| ground.kind.clone())
}

/// The codes of an error, the most telling first, in small letters and digits alone.
fn codes(error: &Value) -> Vec<String> {
    let inner = error.pointer("/innererror/code");
    let fields = ["code", "type", "status", "error_type"].map(|field| error.get(field));
    let words = [inner]
        .into_iter()
        .chain(fields)
        .flatten()
        .filter_map(Value::as_str);
    let plain = words.map(|word| {
        let kept = word.chars().filter(char::is_ascii_alphanumeric);
        kept.collect::<String>().to_ascii_lowercase()
    });
    plain.collect()
}

/// What an error says in words, wherever servers put that: never what it echoes of the request.
pub(super) fn sentences(error: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    found.extend(error.as_str());
    for field in ["message", "msg", "error_msg", "detail", "error", "param"] {
        match error.get(field) {
            Some(Value::String(text)) => found.push(text),
            // FastAPI: where the fault is, and what it is.
            Some(Value::Array(faults)) => {
                for fault in faults {
                    found.extend(fault.get("msg").and_then(Value::as_str));
                    let place = fault.get("loc").and_then(Value::as_array);
                    found.extend(place.into_iter().flatten().filter_map(Value::as_str));
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests;
