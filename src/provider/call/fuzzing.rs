//! The bytes of a reply, whatever they are, over each wire.

use std::sync::LazyLock;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::runtime::{Builder, Runtime};

use super::{Dialect, HttpProvider, Loose, is_done, record};
use crate::config::{AnswerLimits, ProviderSettings, Wire};
use crate::provider::anthropic::Messages;
use crate::provider::openai_chat::ChatCompletions;
use crate::provider::openai_responses::Responses;
use crate::provider::{Completion, CompletionRequest, Delta, ProviderErrorKind, SseDecoder};

/// Small ones, so that they are met.
const LIMITS: AnswerLimits = AnswerLimits {
    line: 2_048,
    answer: 256,
};

/// What a reply was in all.
#[derive(Debug, PartialEq)]
struct Outcome {
    text: String,
    reasoning: String,
    end: Result<Completion, ProviderErrorKind>,
}

/// A provider of each wire, and what their timers need.
struct Stage {
    runtime: Runtime,
    chat: HttpProvider<ChatCompletions>,
    responses: HttpProvider<Responses>,
    messages: HttpProvider<Messages>,
}

impl Stage {
    fn new() -> Option<Self> {
        Some(Self {
            runtime: Builder::new_current_thread().enable_time().build().ok()?,
            chat: HttpProvider::new(&settings(Wire::OpenaiChat)?).ok()?,
            responses: HttpProvider::new(&settings(Wire::OpenaiResponses)?).ok()?,
            messages: HttpProvider::new(&settings(Wire::Anthropic)?).ok()?,
        })
    }
}

fn settings(wire: Wire) -> Option<ProviderSettings> {
    let base_url = "http://127.0.0.1:9/v1".parse().ok()?;
    let settings = ProviderSettings::new("fuzzed", wire, base_url, "none");
    Some(ProviderSettings {
        limits: LIMITS,
        ..settings
    })
}

/// What is made of a reply is the same in any split, has no NUL, keeps its bounds, and ends once. It is complete only
/// where the events say why it ended, and then nothing that follows undoes it. The first byte says how the rest is split.
pub fn provider_chunks(input: &[u8]) {
    static STAGE: LazyLock<Option<Stage>> = LazyLock::new(Stage::new);
    let Some((size, document)) = input.split_first() else {
        return;
    };
    let Some(stage) = &*STAGE else {
        panic!("the providers cannot be set up")
    };
    let size = usize::from(*size).max(1);
    stage.runtime.block_on(async {
        check(&stage.chat, size, document).await;
        check(&stage.responses, size, document).await;
        check(&stage.messages, size, document).await;
    });
}

/// What comes behind the end of a reply and is none of its business.
const AFTER_THE_END: [&[u8]; 6] = [
    b"data: {\"error\": {\"code\": 500}}\n\n",
    b"data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 12.5}}\n\n",
    b"data: {\"half\n\n",
    b"event: error\ndata: broken\n\n",
    b"data: \xC3\x28\n\n",
    b"data: [done]\n\n",
];

async fn check<D: Dialect>(provider: &HttpProvider<D>, size: usize, document: &[u8]) {
    let whole = outcome(provider, [document].into_iter()).await;
    let split = outcome(provider, document.chunks(size)).await;
    assert_eq!(whole, split, "{provider:?} in pieces of {size}");
    check_end(provider, document).await;
    let Outcome { text, reasoning, end } = whole;
    assert!(
        !text.contains('\0') && !reasoning.contains('\0'),
        "{text:?} {reasoning:?}"
    );
    // What stands for a NUL takes three bytes.
    assert!(
        text.len() + reasoning.len() <= 3 * LIMITS.answer,
        "{text:?} {reasoning:?}"
    );
    assert!(
        end.is_err() || tells_an_end(document),
        "{provider:?} is complete without a reason"
    );
}

/// A reply that is complete at the end of these events stays so, whatever follows.
async fn check_end<D: Dialect>(provider: &HttpProvider<D>, document: &[u8]) {
    let ended = [document, b"\n\n"].concat();
    let Outcome {
        text, end: Ok(end), ..
    } = outcome(provider, [&ended[..]].into_iter()).await
    else {
        return;
    };
    if is_one_document(document) {
        return;
    }
    for after in AFTER_THE_END {
        let more = outcome(provider, [&ended[..], after].into_iter()).await;
        let reason = more.end.map(|end| end.finish_reason);
        assert_eq!(
            (more.text, reason),
            (text.clone(), Ok(end.finish_reason)),
            "{provider:?} before {after:?}"
        );
    }
}

/// One JSON document tells its own end.
fn is_one_document(body: &[u8]) -> bool {
    let body = body
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(body)
        .trim_ascii_start();
    matches!(body.first(), Some(b'{' | b'['))
}

/// Whether any event has a reason, the mark of the end, or is a terminal one of any wire.
fn tells_an_end(document: &[u8]) -> bool {
    let mut decoder = SseDecoder::with_limit(LIMITS.line);
    decoder.push(Bytes::copy_from_slice(document));
    let mut tells = is_one_document(document);
    while let Ok(Some(event)) = decoder.next_event() {
        let json = record(event.data).unwrap_or_default();
        let value = Loose::parse(&json).ok();
        tells |= is_done(event.data) || is_terminal(event.name) || value.is_some_and(has_reason);
    }
    tells
}

fn is_terminal(kind: &str) -> bool {
    matches!(
        kind,
        "response.completed" | "response.incomplete" | "message_stop"
    )
}

fn has_reason(value: Loose<'_>) -> bool {
    let kind = value.get("type").and_then(Loose::word).unwrap_or_default();
    let choices = value.get("choices").map(Loose::items).unwrap_or_default();
    let delta = value.get("delta");
    is_terminal(&kind)
        || choices.iter().any(|choice| choice.get("finish_reason").is_some())
        || value
            .get("stop_reason")
            .or_else(|| delta?.get("stop_reason"))
            .is_some()
}

async fn outcome<'a, D: Dialect>(
    provider: &HttpProvider<D>,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> Outcome {
    let body = pieces.map(Bytes::copy_from_slice).collect();
    let mut deltas = provider.read(&CompletionRequest::default(), body);
    let (mut text, mut reasoning, mut end) = (String::new(), String::new(), None);
    while let Some(delta) = deltas.next().await {
        assert_eq!(end, None, "{delta:?} comes after the end");
        match delta {
            Ok(Delta::Text(more)) => text += &more,
            Ok(Delta::Reasoning(more)) => reasoning += &more,
            Ok(Delta::Restart { text: new, .. }) => {
                assert!(!text.is_empty() && !new.is_empty(), "nothing stands for nothing");
                text = new;
            }
            Ok(Delta::End(completion)) => end = Some(Ok(completion)),
            Err(error) => end = Some(Err(error.kind)),
        }
    }
    let Some(end) = end else { panic!("it has no end") };
    Outcome { text, reasoning, end }
}
