//! What each vendor sends for the same reply.

use serde_json::{Value, json};

use crate::config::Wire;
use crate::model::FinishReason;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Vendor {
    Chat,
    Responses,
    Messages,
}

pub(in crate::provider) const ALL: [Vendor; 3] = [Vendor::Chat, Vendor::Responses, Vendor::Messages];

/// A record of a wire whose events have no names.
pub(in crate::provider) fn event(json: &str) -> String {
    format!("data: {json}\n\n")
}

/// A record of a wire whose events are called as their type.
fn named(json: &Value) -> String {
    let name = json["type"].as_str().unwrap();
    format!("event: {name}\ndata: {json}\n\n")
}

fn choice(delta: &Value, reason: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
    event(&json!({"id": "chatcmpl-1", "choices": [choice], "usage": null}).to_string())
}

impl Vendor {
    pub(in crate::provider) fn wire(self) -> Wire {
        match self {
            Self::Chat => Wire::OpenaiChat,
            Self::Responses => Wire::OpenaiResponses,
            Self::Messages => Wire::Anthropic,
        }
    }

    /// Where a fake at `/v1` is asked.
    pub(in crate::provider) fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Messages => "/v1/messages",
        }
    }

    /// What comes before the first delta.
    pub(in crate::provider) fn begin(self) -> String {
        match self {
            Self::Chat => choice(&json!({"role": "assistant", "content": ""}), None),
            Self::Responses => named(
                &json!({"type": "response.created", "sequence_number": 0, "response": {
                    "id": "r", "status": "in_progress", "error": null, "incomplete_details": null, "usage": null,
                }}),
            ),
            Self::Messages => {
                let usage = json!({"input_tokens": 7, "cache_read_input_tokens": 2, "output_tokens": 1});
                named(
                    &json!({"type": "message_start", "message": {"id": "m", "content": [], "usage": usage}}),
                ) + &named(
                    &json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                )
            }
        }
    }

    pub(in crate::provider) fn text(self, text: &str) -> String {
        match self {
            Self::Chat => choice(&json!({"content": text}), None),
            Self::Responses => named(
                &json!({"type": "response.output_text.delta", "output_index": 0, "delta": text, "logprobs": []}),
            ),
            Self::Messages => self.block(&json!({"type": "text_delta", "text": text})),
        }
    }

    pub(in crate::provider) fn reasoning(self, text: &str) -> String {
        match self {
            Self::Chat => choice(&json!({"reasoning_content": text}), None),
            Self::Responses => {
                named(&json!({"type": "response.reasoning_text.delta", "output_index": 0, "delta": text}))
            }
            Self::Messages => self.block(&json!({"type": "thinking_delta", "thinking": text})),
        }
    }

    /// A piece of the arguments of the one tool.
    pub(in crate::provider) fn arguments(self, piece: &str) -> String {
        match self {
            Self::Chat => choice(
                &json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}),
                None,
            ),
            Self::Responses => {
                named(&json!({"type": "response.function_call_arguments.delta", "delta": piece}))
            }
            Self::Messages => self.block(&json!({"type": "input_json_delta", "partial_json": piece})),
        }
    }

    fn block(self, delta: &Value) -> String {
        named(&json!({"type": "content_block_delta", "index": 0, "delta": delta}))
    }

    /// The end, with nine tokens read and twelve written.
    pub(in crate::provider) fn end(self, reason: FinishReason) -> String {
        match self {
            Self::Chat => {
                let usage = json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 12}});
                self.finish(reason) + &event(&usage.to_string()) + "data: [DONE]\n\n"
            }
            Self::Responses => self.finish(reason),
            Self::Messages => self.finish(reason) + &named(&json!({"type": "message_stop"})),
        }
    }

    /// The reason of the end.
    pub(in crate::provider) fn finish(self, reason: FinishReason) -> String {
        let word = match (self, reason) {
            (Self::Chat, FinishReason::Stop) => "stop",
            (Self::Chat, FinishReason::Length) => "length",
            (Self::Chat, FinishReason::ToolCalls) => "tool_calls",
            (Self::Messages, FinishReason::Stop) => "end_turn",
            (Self::Messages, FinishReason::Length) => "max_tokens",
            (Self::Messages, FinishReason::ToolCalls) => "tool_use",
            (Self::Messages, FinishReason::ContentFilter) => "refusal",
            (Self::Responses, FinishReason::Length) => "max_output_tokens",
            (_, _) => "content_filter",
        };
        match self {
            Self::Chat => choice(&json!({}), Some(word)),
            Self::Responses => self.response_end(reason, word),
            Self::Messages => named(&json!({
                "type": "message_delta", "delta": {"stop_reason": word, "stop_sequence": null},
                "usage": {"output_tokens": 12},
            })),
        }
    }

    fn response_end(self, reason: FinishReason, word: &str) -> String {
        let is_whole = matches!(reason, FinishReason::Stop | FinishReason::ToolCalls);
        let kind = if is_whole {
            "response.completed"
        } else {
            "response.incomplete"
        };
        let details = (!is_whole).then(|| json!({"reason": word}));
        named(&json!({"type": kind, "response": {
            "error": null, "incomplete_details": details,
            "usage": {"input_tokens": 9, "output_tokens": 12, "total_tokens": 21},
        }}))
    }

    /// An error in the stream, as this vendor writes it.
    pub(in crate::provider) fn error(self, error: &Value) -> String {
        match self {
            Self::Chat => event(&json!({"error": error}).to_string()),
            Self::Responses => named(&json!({"type": "response.failed", "response": {"error": error}})),
            Self::Messages => named(&json!({"type": "error", "error": error})),
        }
    }

    /// An event that says nothing.
    pub(in crate::provider) fn nothing(self) -> String {
        match self {
            Self::Chat => event("{}"),
            Self::Responses => named(&json!({"type": "response.in_progress", "response": {}})),
            Self::Messages => named(&json!({"type": "ping"})),
        }
    }
}
