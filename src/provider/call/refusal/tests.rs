use super::*;
use crate::provider::ProviderErrorKind as Kind;

const OVERLOADED: Kind = Kind::Overloaded { retry_after: None };
const LIMITED: Kind = Kind::RateLimited { retry_after: None };

/// What Azure, OpenAI, Anthropic, DashScope and OpenRouter say when a filter refuses a message.
const FILTERED: &[(u16, &str)] = &[
    (
        400,
        r#"{"message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", "type": null, "param": "prompt", "code": "content_filter", "status": 400, "innererror": {"code": "ResponsibleAIPolicyViolation"}}"#,
    ),
    (
        400,
        r#"{"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}"#,
    ),
    (
        400,
        r#"{"message": "Your request was rejected as a result of our safety system."}"#,
    ),
    (
        400,
        r#"{"type": "invalid_request_error", "message": "Output blocked by content filtering policy"}"#,
    ),
    (400, r#"{"code": "DataInspectionFailed", "message": "x"}"#),
    (400, r#"{"code": "data_inspection_failed", "message": "x"}"#),
    (
        403,
        r#"{"code": 403, "message": "openai/gpt-5 requires moderation on x. Your input was flagged for \"y\"."}"#,
    ),
    (400, r#"{"code": "content_policy_violation"}"#),
    (422, r#"{"type": "content_filter_error"}"#),
];

/// What OpenAI, vLLM, Anthropic, Google, TGI, GitHub and Groq say when a conversation is too long.
const TOO_LONG: &[(u16, &str)] = &[
    (
        400,
        r#"{"type": "invalid_request_error", "code": "context_length_exceeded", "message": "x"}"#,
    ),
    (
        400,
        r#"{"object": "error", "type": "BadRequestError", "code": 400, "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."}"#,
    ),
    (
        400,
        r#"{"type": "invalid_request_error", "message": "input length and `max_tokens` exceed context limit: 9 + 8 > 10"}"#,
    ),
    (
        400,
        r#"{"code": 400, "status": "INVALID_ARGUMENT", "message": "The input token count (9) exceeds the maximum number of tokens allowed (8)."}"#,
    ),
    (
        422,
        r#""Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9""#,
    ),
    (
        400,
        r#"{"message": "The decoder prompt (length 9) is longer than the maximum model length of 8."}"#,
    ),
    (413, r#"{"code": "tokens_limit_reached"}"#),
    (
        413,
        r#"{"code": "rate_limit_exceeded", "message": "Request too large"}"#,
    ),
];

/// What the operator's account is refused with.
const USED_UP: &[(u16, &str)] = &[
    (
        429,
        r#"{"code": "insufficient_quota", "type": "insufficient_quota"}"#,
    ),
    (429, r#"{"type": "exceeded_current_quota_error"}"#),
    (402, r#"{"message": "Insufficient Balance"}"#),
    (402, "null"),
    (
        400,
        r#"{"type": "invalid_request_error", "message": "Your credit balance is too low to access the Anthropic API."}"#,
    ),
    (
        400,
        r#"{"type": "invalid_request_error", "message": "You have reached your specified API usage limits."}"#,
    ),
    (400, r#"{"code": "Arrearage"}"#),
    (403, r#"{"message": "Your team has used all available credits."}"#),
    (400, r#"{"code": "billing_hard_limit_reached"}"#),
];

/// What may pass.
const PASSING: &[(u16, &str)] = &[
    (498, r#"{"message": "capacity exceeded"}"#),
    (424, r#""Request failed during generation""#),
    (409, "null"),
    (425, "null"),
    (529, r#"{"type": "overloaded_error"}"#),
    (503, r#"{"message": "the content filter is down"}"#),
];

/// What a sentence, or a word that is no code, does not change.
const OTHERS: &[(u16, &str, Kind)] = &[
    // Google says this of its limit per minute, too: that passes.
    (
        429,
        r#"{"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota, please check your plan"}"#,
        LIMITED,
    ),
    (
        429,
        r#"{"message": "tokens per minute: reduce the length of your prompt"}"#,
        LIMITED,
    ),
    (401, r#"{"message": "content policy"}"#, Kind::Unauthorized),
    (
        400,
        r#"{"message": "max_tokens is too large: at most 4096 completion tokens"}"#,
        Kind::Rejected,
    ),
    (404, r#"{"code": "model_not_found"}"#, Kind::Rejected),
    (400, r#"{"message": 7, "code": [], "detail": {}}"#, Kind::Rejected),
];

fn of(status: u16, error: &str) -> Kind {
    of_status(status, &serde_json::from_str(error).unwrap(), None, false)
}

#[test]
fn what_vendors_say_before_a_stream_is_understood() {
    for (table, kind) in [
        (FILTERED, Kind::Filtered),
        (TOO_LONG, Kind::TooLong),
        (USED_UP, Kind::QuotaUsedUp),
        (PASSING, OVERLOADED),
    ] {
        for (status, error) in table {
            assert_eq!(of(*status, error), kind, "{status} {error}");
        }
    }
    for (status, error, kind) in OTHERS {
        assert_eq!(of(*status, error), *kind, "{status} {error}");
    }
}

#[test]
fn a_web_page_says_nothing_of_the_key() {
    let of = |status| of_status(status, &Value::Null, None, true);
    assert_eq!(of(403), Kind::Rejected);
    assert_eq!(of(401), Kind::Unauthorized);
    assert_eq!((of(502), of(429)), (OVERLOADED, LIMITED));
}

#[test]
fn what_vendors_say_in_a_stream_is_understood() {
    for (error, kind) in [
        (
            r#"{"code": "invalid_prompt", "message": "your prompt was flagged"}"#,
            Kind::Filtered,
        ),
        (
            r#"{"code": 400, "message": "Input data may contain inappropriate content."}"#,
            Kind::Filtered,
        ),
        (
            r#"{"code": 429, "type": "insufficient_quota"}"#,
            Kind::QuotaUsedUp,
        ),
        (
            r#"{"message": "exceeds the available context size", "code": 500}"#,
            Kind::TooLong,
        ),
        (r#"{"type": "overloaded_error"}"#, OVERLOADED),
        (r#"{"error_code": 50002, "code": 429}"#, LIMITED),
        (r#"{"status": "RESOURCE_EXHAUSTED"}"#, LIMITED),
        ("{}", OVERLOADED),
        (r#""out of memory""#, OVERLOADED),
        ("[1]", OVERLOADED),
    ] {
        assert_eq!(of_object(&serde_json::from_str(error).unwrap()), kind, "{error}");
    }
}
