//! The words that servers end a reply with, for all wires in one table: what each means, whoever says it.
//!
//! First whole words, then families: a word is split into its parts (at `_`, `-`, other marks, and where a capital
//! follows a small letter), and a part that begins as a family does belongs to it. A word that fits two families is of
//! the first one, so a cut is never taken for an end. Whatever fits none is an end: servers invent words for it.

use crate::model::FinishReason;

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Meaning {
    /// Nothing has ended yet.
    None,
    /// The reply was broken off: it can be gone on with.
    Cut,
    /// It has ended.
    End(FinishReason),
    /// It has ended, for a reason that this table does not know.
    Unknown,
}

/// Whole words, in small letters with `_` between their parts. Sources: the API references of OpenAI (chat completions,
/// Responses), Anthropic (`stop_reason`), Gemini (`FinishReason`), Mistral, Cohere (`finish_reason` of chat, v1 and v2),
/// Bedrock (`stopReason` of Converse), DeepSeek; the source of vLLM, llama.cpp, TGI and Ollama (`done_reason`).
const WORDS: &[(&str, Meaning)] = &[
    // Printed by servers whose language calls it so.
    ("", Meaning::None),
    ("null", Meaning::None),
    ("none", Meaning::None),
    ("nil", Meaning::None),
    ("undefined", Meaning::None),
    ("stop", Meaning::End(FinishReason::Stop)),
    ("stopped", Meaning::End(FinishReason::Stop)),
    ("stop_sequence", Meaning::End(FinishReason::Stop)),
    ("end", Meaning::End(FinishReason::Stop)),
    ("end_turn", Meaning::End(FinishReason::Stop)),
    ("eos", Meaning::End(FinishReason::Stop)),
    ("eos_token", Meaning::End(FinishReason::Stop)),
    ("complete", Meaning::End(FinishReason::Stop)),
    ("completed", Meaning::End(FinishReason::Stop)),
    ("finish_reason_stop", Meaning::End(FinishReason::Stop)),
    ("tool_call", Meaning::End(FinishReason::ToolCalls)),
    ("tool_calls", Meaning::End(FinishReason::ToolCalls)),
    ("tool_use", Meaning::End(FinishReason::ToolCalls)),
    ("function_call", Meaning::End(FinishReason::ToolCalls)),
    // Anthropic's server breaks off a long turn that may go on.
    ("pause_turn", Meaning::End(FinishReason::Length)),
    // Cohere calls both an error: the context was full, the text was filtered.
    ("error_limit", Meaning::End(FinishReason::Length)),
    ("error_toxic", Meaning::End(FinishReason::ContentFilter)),
];

/// `abort` (vLLM, SGLang), `cancel` (Cohere's USER_CANCEL), `error` (OpenRouter, Mistral, Cohere), `timeout` (Cohere),
/// `resource` (DeepSeek's insufficient_system_resource), `malformed` (Gemini's MALFORMED_FUNCTION_CALL); gateways name
/// what their upstream met.
const CUTS: &[&str] = &[
    "abort",
    "cancel",
    "error",
    "fail",
    "timeout",
    "time",
    "rate",
    "quota",
    "resource",
    "unavailable",
    "malformed",
    "overload",
    "network",
    "disconnect",
    "interrupt",
];

/// `safety`, `blocklist`, `prohibited`, `recitation`, `spii` (Gemini), `content_filter` (OpenAI, Azure),
/// `guardrail_intervened` (Bedrock), `refusal` (Anthropic), `sensitive` (Zhipu), `toxic` (Cohere).
const FILTERS: &[&str] = &[
    "safety",
    "filter",
    "block",
    "prohibit",
    "guard",
    "recitation",
    "sensitive",
    "spii",
    "refus",
    "policy",
    "moderat",
    "toxic",
];

/// `length` (OpenAI, Ollama, TGI), `max_tokens` (Anthropic, Gemini, Cohere), `max_output_tokens` (Responses),
/// `model_length` (Mistral), `model_context_window_exceeded` (Anthropic).
const LENGTHS: &[&str] = &[
    "length", "max", "limit", "exceed", "truncat", "context", "window", "budget",
];

const FAMILIES: &[(&[&str], Meaning)] = &[
    (CUTS, Meaning::Cut),
    (FILTERS, Meaning::End(FinishReason::ContentFilter)),
    (LENGTHS, Meaning::End(FinishReason::Length)),
];

/// What a word means, whatever its case.
pub(in crate::provider) fn meaning(word: &str) -> Meaning {
    let parts = parts(word);
    let whole = parts.join("_");
    if let Some((_, meaning)) = WORDS.iter().find(|(known, _)| *known == whole) {
        return *meaning;
    }
    let is_of = |family: &[&str]| {
        let begins = |part: &String| family.iter().any(|beginning| part.starts_with(beginning));
        parts.iter().any(begins)
    };
    let family = FAMILIES.iter().find(|(family, _)| is_of(family));
    family.map_or(Meaning::Unknown, |(_, meaning)| *meaning)
}

/// The parts of a word, in small letters.
fn parts(word: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut after_small = false;
    for character in word.chars() {
        let begins = !character.is_alphanumeric() || (after_small && character.is_uppercase());
        if begins && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(part) = parts.last_mut()
        {
            part.extend(character.to_lowercase());
        }
        after_small = character.is_lowercase();
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: Meaning = Meaning::End(FinishReason::Stop);
    const LENGTH: Meaning = Meaning::End(FinishReason::Length);
    const FILTER: Meaning = Meaning::End(FinishReason::ContentFilter);
    const TOOLS: Meaning = Meaning::End(FinishReason::ToolCalls);

    #[track_caller]
    fn assert_mean(words: &[&str], expected: Meaning) {
        for word in words {
            assert_eq!(meaning(word), expected, "{word:?}");
        }
    }

    /// What words mean, as their vendors say.
    const KNOWN: &[(Meaning, &[&str])] = &[
        (Meaning::None, &["", " ", "null", "NULL", "None", "undefined"]),
        (
            STOP,
            &[
                "stop",
                "STOP",
                "end_turn",
                "endTurn",
                "eos",
                "eos_token",
                "stop-sequence",
            ],
        ),
        (
            TOOLS,
            &[
                "tool_calls",
                "toolCalls",
                "TOOL_CALL",
                "tool_use",
                "function_call",
            ],
        ),
        (
            Meaning::Cut,
            &[
                "abort",
                "aborted",
                "insufficient_system_resource",
                "error",
                "ERROR",
                "USER_CANCEL",
                "cancelled",
                "timeout",
                "time_out",
                "timedOut",
                "MALFORMED_FUNCTION_CALL",
                "RESOURCE_EXHAUSTED",
                "failed",
                "upstream-failure",
                "networkError",
                "network_error",
                "service unavailable",
                "overloaded",
                "client.disconnected",
                "INTERRUPTED",
                "quotaExceeded",
            ],
        ),
        (
            FILTER,
            &[
                "SAFETY",
                "IMAGE_SAFETY",
                "content_filter",
                "contentFilter",
                "content_filtered",
                "BLOCKLIST",
                "PROHIBITED_CONTENT",
                "guardrail_intervened",
                "RECITATION",
                "sensitive",
                "SPII",
                "refusal",
                "policy_violation",
                "moderation",
                "moderated",
                "ERROR_TOXIC",
            ],
        ),
        (
            LENGTH,
            &[
                "length",
                "LENGTH",
                "max_tokens",
                "MAX_TOKENS",
                "maxTokens",
                "max_output_tokens",
                "model_length",
                "model_context_window_exceeded",
                "token-limit",
                "truncated",
                "thinking_budget",
                "pause_turn",
                "FINISH_REASON_MAX_TOKENS",
                "ERROR_LIMIT",
            ],
        ),
        (
            Meaning::Unknown,
            &["OTHER", "LANGUAGE", "something_new", "fertig", "終"],
        ),
    ];

    #[test]
    fn words_of_servers_mean_what_their_vendors_say() {
        for (meaning, words) in KNOWN {
            assert_mean(words, *meaning);
        }
    }

    #[test]
    fn a_word_of_two_families_is_a_cut_before_a_filter_before_a_length() {
        assert_mean(
            &[
                "rate_limit",
                "rateLimitExceeded",
                "time_limit",
                "max_time",
                "quota_exceeded",
                "length_error",
                "context_timeout",
                "safety_error",
                "filter_failed",
                "moderation_timeout",
                "policy-abort",
                "limit_of_resources",
                "max_retries_error",
            ],
            Meaning::Cut,
        );
        assert_mean(
            &[
                "filter_limit",
                "max_toxicity_blocked",
                "context_policy",
                "length_guard",
                "limitSafety",
            ],
            FILTER,
        );
    }

    #[test]
    fn a_family_is_known_by_how_a_part_begins_and_not_by_what_stands_within_it() {
        assert_mean(
            &["unlimited", "terror", "accurate", "climax", "prefilter"],
            Meaning::Unknown,
        );
        assert_mean(&["limits", "limited", "__limit__"], LENGTH);
    }
}
