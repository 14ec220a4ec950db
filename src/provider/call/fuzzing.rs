//! The bytes of a reply, whatever they are, over each wire.

use std::sync::LazyLock;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::runtime::{Builder, Runtime};

use super::{Dialect, HttpProvider};
use crate::config::{AnswerLimits, ProviderSettings, Wire};
use crate::provider::anthropic::Messages;
use crate::provider::openai_chat::ChatCompletions;
use crate::provider::openai_responses::Responses;
use crate::provider::{Completion, CompletionRequest, Delta, ProviderErrorKind};

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

/// What is made of a reply is the same in any split, has no NUL, keeps its bounds, and ends once. The first byte says
/// how the rest is split.
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

async fn check<D: Dialect>(provider: &HttpProvider<D>, size: usize, document: &[u8]) {
    let whole = outcome(provider, [document].into_iter()).await;
    let split = outcome(provider, document.chunks(size)).await;
    assert_eq!(whole, split, "{provider:?} in pieces of {size}");
    let Outcome { text, reasoning, .. } = whole;
    assert!(
        !text.contains('\0') && !reasoning.contains('\0'),
        "{text:?} {reasoning:?}"
    );
    // What stands for a NUL takes three bytes.
    assert!(
        text.len() + reasoning.len() <= 3 * LIMITS.answer,
        "{text:?} {reasoning:?}"
    );
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
            Ok(Delta::End(completion)) => end = Some(Ok(completion)),
            Err(error) => end = Some(Err(error.kind)),
        }
    }
    let Some(end) = end else { panic!("it has no end") };
    Outcome { text, reasoning, end }
}
