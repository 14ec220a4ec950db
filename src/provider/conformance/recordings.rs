//! Streams as servers have sent them (llama.cpp, build 10434) or as the vendors document them, and what they say.

use bytes::Bytes;

use super::fake::{Outcome, gather, question};
use super::vendor::{ALL, Vendor};
use crate::config::ProviderSettings;
use crate::model::FinishReason;
use crate::provider::anthropic::Messages;
use crate::provider::call::{Dialect, HttpProvider};
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

/// Makes replies of bytes that come in pieces.
pub(super) type Reader = Box<dyn Fn(Vec<Bytes>) -> DeltaStream>;

/// A provider that reads what it is given.
pub(super) fn reader(vendor: Vendor, change: impl FnOnce(&mut ProviderSettings)) -> Reader {
    fn of<D: Dialect>(settings: &ProviderSettings) -> Reader {
        let provider = HttpProvider::<D>::new(settings).unwrap();
        Box::new(move |pieces| provider.read(&question(), pieces))
    }
    let base_url = "http://localhost".parse().unwrap();
    let mut settings = ProviderSettings::new("recorded", vendor.wire(), base_url, "m");
    change(&mut settings);
    match vendor {
        Vendor::Chat => of::<ChatCompletions>(&settings),
        Vendor::Responses => of::<Responses>(&settings),
        Vendor::Messages => of::<Messages>(&settings),
    }
}

/// Reads a recording that comes in these pieces.
pub(super) async fn replay(recording: &Recording, pieces: Vec<Bytes>) -> Outcome {
    thread_local! {
        static READERS: [Reader; 3] = ALL.map(|vendor| reader(vendor, |_| ()));
    }
    let place = ALL.iter().position(|vendor| *vendor == recording.vendor).unwrap();
    gather(READERS.with(|readers| readers[place](pieces))).await
}

#[tokio::test]
async fn a_recorded_stream_is_read_as_it_was_meant() {
    for recording in RECORDINGS {
        let name = recording.name;
        let outcome = replay(recording, vec![Bytes::from_static(recording.body.as_bytes())]).await;
        assert!(outcome.error.is_none(), "{name}: {outcome:?}");
        assert_eq!(outcome.text(), recording.text, "{name}");
        assert_eq!(outcome.reasoning(), recording.reasoning, "{name}");
        let Some(Delta::End(Completion { finish_reason, usage })) = outcome.deltas.last() else {
            panic!("{name}: {outcome:?}");
        };
        assert_eq!(*finish_reason, recording.finish_reason, "{name}");
        let tokens = usage.map(|usage| (usage.input_tokens, usage.output_tokens));
        assert_eq!(tokens, Some(recording.tokens), "{name}");
    }
}
