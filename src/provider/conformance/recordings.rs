//! Streams as servers have sent them (llama.cpp, build 10434) or as the vendors document them, and what they say.

use bytes::Bytes;
use futures_util::StreamExt;

use super::fake::{Outcome, question};
use super::vendor::Vendor;
use crate::config::{ProviderSettings, Wire};
use crate::model::FinishReason;
use crate::provider::anthropic::Messages;
use crate::provider::call::HttpProvider;
use crate::provider::openai_chat::ChatCompletions;
use crate::provider::openai_responses::Responses;
use crate::provider::{Completion, Delta, DeltaStream};

pub(super) struct Recording {
    pub(super) name: &'static str,
    pub(super) body: &'static str,
    vendor: Vendor,
    text: &'static str,
    reasoning: &'static str,
    finish_reason: FinishReason,
    tokens: (i64, i64),
}

macro_rules! recording {
    ($vendor:ident, $name:literal, $text:literal, $reasoning:literal, $reason:ident, $tokens:expr) => {
        Recording {
            name: $name,
            body: include_str!(concat!("recordings/", $name, ".sse")),
            vendor: Vendor::$vendor,
            text: $text,
            reasoning: $reasoning,
            finish_reason: FinishReason::$reason,
            tokens: $tokens,
        }
    };
}

pub(super) const RECORDINGS: &[Recording] = &[
    recording!(
        Chat,
        "chat_llama",
        "One colour is not possible.",
        "",
        Stop,
        (34, 7)
    ),
    recording!(
        Chat,
        "chat_documented",
        "Héllo 😀",
        "Let me think.",
        Length,
        (9, 12)
    ),
    recording!(
        Responses,
        "responses_llama",
        "One colour is blue.",
        "",
        Stop,
        (21, 6)
    ),
    recording!(
        Responses,
        "responses_documented",
        "Héllo 😀I cannot help.",
        "First.\n\nThen.",
        ContentFilter,
        (9, 12)
    ),
    recording!(
        Messages,
        "messages_llama",
        "One colour is blue.",
        "",
        Stop,
        (21, 6)
    ),
    recording!(
        Messages,
        "messages_documented",
        "Héllo 😀",
        "Let me think.",
        ContentFilter,
        (472, 15)
    ),
];

impl Recording {
    /// How many bytes make the reply whole.
    pub(super) fn needed(&self) -> usize {
        let field = match self.vendor {
            Vendor::Chat => "\"finish_reason\":\"",
            Vendor::Messages => "\"stop_reason\":\"",
            Vendor::Responses => return self.body.trim_end().len() + 2,
        };
        let reason = self.body.rfind(field).unwrap();
        reason + self.body[reason..].find("\n\n").unwrap() + 2
    }
}

/// Reads a recording that comes in these pieces.
pub(super) async fn replay(recording: &Recording, pieces: Vec<Bytes>) -> Outcome {
    let mut outcome = Outcome {
        deltas: Vec::new(),
        error: None,
    };
    let mut stream = stream(recording.vendor, pieces);
    while let Some(item) = stream.next().await {
        match item {
            Ok(delta) => outcome.deltas.push(delta),
            Err(error) => outcome.error = Some(error),
        }
    }
    outcome
}

fn stream(vendor: Vendor, pieces: Vec<Bytes>) -> DeltaStream {
    thread_local! {
        static PROVIDERS: (HttpProvider<ChatCompletions>, HttpProvider<Responses>, HttpProvider<Messages>) = {
            let base_url = "http://localhost".parse().unwrap();
            let settings = ProviderSettings::new("recorded", Wire::OpenaiChat, base_url, "m");
            (
                HttpProvider::new(&settings).unwrap(),
                HttpProvider::new(&settings).unwrap(),
                HttpProvider::new(&settings).unwrap(),
            )
        };
    }
    PROVIDERS.with(|(chat, responses, messages)| match vendor {
        Vendor::Chat => chat.read(&question(), pieces),
        Vendor::Responses => responses.read(&question(), pieces),
        Vendor::Messages => messages.read(&question(), pieces),
    })
}

#[tokio::test]
async fn a_recorded_stream_is_read_as_it_was_meant() {
    for recording in RECORDINGS {
        let name = recording.name;
        let outcome = replay(recording, vec![Bytes::from_static(recording.body.as_bytes())]).await;
        assert!(outcome.error.is_none(), "{name}: {outcome:?}");
        let reasoning = outcome.deltas.iter().filter_map(|delta| match delta {
            Delta::Reasoning(text) => Some(text.as_str()),
            _ => None,
        });
        assert_eq!(outcome.text(), recording.text, "{name}");
        assert_eq!(reasoning.collect::<String>(), recording.reasoning, "{name}");
        let Some(Delta::End(Completion { finish_reason, usage })) = outcome.deltas.last() else {
            panic!("{name}: {outcome:?}");
        };
        assert_eq!(*finish_reason, recording.finish_reason, "{name}");
        let tokens = usage.map(|usage| (usage.input_tokens, usage.output_tokens));
        assert_eq!(tokens, Some(recording.tokens), "{name}");
    }
}
