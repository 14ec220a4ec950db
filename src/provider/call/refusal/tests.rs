use serde_json::json;

use super::*;

const OVERLOADED: ProviderErrorKind = ProviderErrorKind::Overloaded { retry_after: None };
const LIMITED: ProviderErrorKind = ProviderErrorKind::RateLimited { retry_after: None };

#[test]
fn what_vendors_say_before_a_stream_is_understood() {
    use ProviderErrorKind::{Filtered, QuotaUsedUp, Rejected, TooLong, Unauthorized};
    for (status, error, kind) in [
        // Azure's filter, OpenAI's and Anthropic's, DashScope's, OpenRouter's.
        (
            400,
            json!({"message": "The response was filtered due to the prompt triggering Azure OpenAI's content \
                management policy.", "type": null, "param": "prompt", "code": "content_filter", "status": 400,
                "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
            Filtered,
        ),
        (
            400,
            json!({"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
            Filtered,
        ),
        (
            400,
            json!({"message": "Your request was rejected as a result of our safety system."}),
            Filtered,
        ),
        (
            400,
            json!({"type": "invalid_request_error", "message": "Output blocked by content filtering policy"}),
            Filtered,
        ),
        (
            400,
            json!({"code": "DataInspectionFailed", "message": "x"}),
            Filtered,
        ),
        (
            403,
            json!({"code": 403, "message": "openai/gpt-5 requires moderation on x. Your input was flagged for \"y\"."}),
            Filtered,
        ),
        (400, json!({"code": "content_policy_violation"}), Filtered),
        // Conversations that are too long.
        (
            400,
            json!({"object": "error", "type": "BadRequestError", "code": 400, "message": "This model's maximum \
                context length is 4096 tokens. However, you requested 5000 tokens."}),
            TooLong,
        ),
        (
            400,
            json!({"type": "invalid_request_error", "message": "input length and `max_tokens` exceed context limit: 9 + 8 > 10"}),
            TooLong,
        ),
        (
            400,
            json!({"code": 400, "status": "INVALID_ARGUMENT", "message": "The input token count (9) exceeds the \
                maximum number of tokens allowed (8)."}),
            TooLong,
        ),
        (
            422,
            json!("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9"),
            TooLong,
        ),
        (413, json!({"code": "tokens_limit_reached"}), TooLong),
        (
            413,
            json!({"code": "rate_limit_exceeded", "message": "Request too large"}),
            TooLong,
        ),
        // The operator's account.
        (
            429,
            json!({"code": "insufficient_quota", "type": "insufficient_quota"}),
            QuotaUsedUp,
        ),
        (429, json!({"type": "exceeded_current_quota_error"}), QuotaUsedUp),
        (402, json!({"message": "Insufficient Balance"}), QuotaUsedUp),
        (402, json!(null), QuotaUsedUp),
        (
            400,
            json!({"type": "invalid_request_error", "message": "Your credit balance is too low to access the Anthropic API."}),
            QuotaUsedUp,
        ),
        (400, json!({"code": "Arrearage"}), QuotaUsedUp),
        // Google says this of its limit per minute, too: that passes.
        (
            429,
            json!({"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota, please check your plan"}),
            LIMITED,
        ),
        // What may pass.
        (498, json!({"message": "capacity exceeded"}), OVERLOADED),
        (424, json!("Request failed during generation"), OVERLOADED),
        (409, json!(null), OVERLOADED),
        (425, json!(null), OVERLOADED),
        (529, json!({"type": "overloaded_error"}), OVERLOADED),
        // What a sentence does not change.
        (503, json!({"message": "the content filter is down"}), OVERLOADED),
        (
            429,
            json!({"message": "tokens per minute: reduce the length of your prompt"}),
            LIMITED,
        ),
        (401, json!({"message": "content policy"}), Unauthorized),
        (
            400,
            json!({"message": "max_tokens is too large: at most 4096 completion tokens"}),
            Rejected,
        ),
        (404, json!({"code": "model_not_found"}), Rejected),
        (400, json!({"message": 7, "code": [], "detail": {}}), Rejected),
    ] {
        assert_eq!(of_status(status, &error, None, false), kind, "{status} {error}");
    }
}

#[test]
fn a_web_page_says_nothing_of_the_key() {
    let of = |status| of_status(status, &Value::Null, None, true);
    assert_eq!(of(403), ProviderErrorKind::Rejected);
    assert_eq!(of(401), ProviderErrorKind::Unauthorized);
    assert_eq!((of(502), of(429)), (OVERLOADED, LIMITED));
}

#[test]
fn what_vendors_say_in_a_stream_is_understood() {
    use ProviderErrorKind::{Filtered, QuotaUsedUp, TooLong};
    for (error, kind) in [
        (
            json!({"code": "invalid_prompt", "message": "Invalid prompt: your prompt was flagged"}),
            Filtered,
        ),
        (
            json!({"code": 400, "message": "Input data may contain inappropriate content."}),
            Filtered,
        ),
        (json!({"code": 429, "type": "insufficient_quota"}), QuotaUsedUp),
        (
            json!({"message": "exceeds the available context size", "code": 500}),
            TooLong,
        ),
        (json!({"type": "overloaded_error"}), OVERLOADED),
        (json!({"error_code": 50002, "code": 429}), LIMITED),
        (json!({"status": "RESOURCE_EXHAUSTED"}), LIMITED),
        (json!({}), OVERLOADED),
        (json!("out of memory"), OVERLOADED),
        (json!([1]), OVERLOADED),
    ] {
        assert_eq!(of_object(&error), kind, "{error}");
    }
}
