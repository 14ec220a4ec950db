//! A provider that fails as a seed decides, and whose texts are known beforehand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use tokio::time::sleep;

use super::Chance;
use crate::model::{FinishReason, Usage, UsageSource};
use crate::provider::{
    Completion, CompletionRequest, Delta, DeltaStream, Provider, ProviderError, ProviderErrorKind, TimeLimit,
};

const NAMES: [&str; 3] = ["first", "second", "third"];
const WORDS: [&str; 6] = ["blå ", "漢字", "🧑‍🚀 ", "\n\n", "x\u{301} ", "data: {} "];

/// The whole reply that the provider at this place writes to this seed's question.
pub(super) fn whole(seed: u64, place: usize) -> String {
    let chance = Chance::new(seed ^ (place as u64 + 1) << 40);
    let count = 1 + chance.below(12);
    let word = |number| format!("{place}.{number}:{}", WORDS[chance.index(WORDS.len())]);
    (0..count).map(word).collect()
}

/// Whether a text may stand as a part of a reply, and whether it is all of one.
pub(super) fn is_part(seed: u64, text: &str) -> bool {
    (0..NAMES.len()).any(|place| whole(seed, place).starts_with(text))
}

pub(super) fn is_whole(seed: u64, text: &str) -> bool {
    (0..NAMES.len()).any(|place| whole(seed, place) == text)
}

pub(super) struct Scripted {
    place: usize,
    continues: bool,
    seed: u64,
    chance: Arc<Chance>,
    pub(super) calls: Arc<AtomicUsize>,
}

impl Scripted {
    pub(super) fn new(place: usize, seed: u64, chance: &Arc<Chance>, calls: &Arc<AtomicUsize>) -> Self {
        Self {
            place,
            continues: chance.once_in(2),
            seed,
            chance: Arc::clone(chance),
            calls: Arc::clone(calls),
        }
    }

    /// The deltas of what is missing after `kept`, in random pieces.
    fn deltas(&self, kept: &str) -> Vec<Delta> {
        let texts = (0..NAMES.len()).map(|place| whole(self.seed, place));
        let rest = if kept.is_empty() {
            Some(whole(self.seed, self.place))
        } else {
            texts
                .filter_map(|text| text.strip_prefix(kept).map(str::to_owned))
                .next()
        };
        let mut rest = rest.expect("what is to be gone on with is a part of a reply");
        let mut deltas = Vec::new();
        while !rest.is_empty() {
            if self.chance.once_in(8) {
                deltas.push(Delta::Reasoning("hm ".to_owned()));
            }
            let cut = rest.ceil_char_boundary(1 + self.chance.index(9));
            let tail = rest.split_off(cut);
            deltas.push(Delta::Text(std::mem::replace(&mut rest, tail)));
        }
        deltas
    }

    fn end(&self) -> Delta {
        let usage = Usage {
            input_tokens: 7,
            output_tokens: 5,
            source: UsageSource::Reported,
        };
        Delta::End(Completion {
            finish_reason: FinishReason::Stop,
            usage: self.chance.once_in(2).then_some(usage),
        })
    }

    fn error(&self, kind: ProviderErrorKind) -> ProviderError {
        ProviderError {
            provider: NAMES[self.place].to_owned(),
            kind,
            source: None,
        }
    }

    fn refusal(&self) -> ProviderErrorKind {
        let retry_after = self
            .chance
            .once_in(2)
            .then(|| Duration::from_secs(self.chance.below(200)));
        match self.chance.below(12) {
            0 => ProviderErrorKind::Unauthorized,
            1 => ProviderErrorKind::Rejected,
            2 => ProviderErrorKind::TooLong,
            3 | 4 => ProviderErrorKind::RateLimited { retry_after },
            5 => ProviderErrorKind::ClosedUnanswered,
            6 => ProviderErrorKind::TimedOut(TimeLimit::Connect),
            7 => ProviderErrorKind::TimedOut(TimeLimit::FirstDelta),
            8 => ProviderErrorKind::Disconnected,
            9 => ProviderErrorKind::Malformed,
            _ => ProviderErrorKind::Overloaded { retry_after },
        }
    }

    fn break_off(&self) -> ProviderErrorKind {
        match self.chance.below(8) {
            0 => ProviderErrorKind::TimedOut(TimeLimit::Idle),
            1 => ProviderErrorKind::TimedOut(TimeLimit::Total),
            2 => ProviderErrorKind::Malformed,
            3 => ProviderErrorKind::TooLarge,
            4 => ProviderErrorKind::Overloaded { retry_after: None },
            _ => ProviderErrorKind::Disconnected,
        }
    }

    /// What comes, each after its wait. `None` at the end: the stream ends without a word.
    fn items(&self, kept: &str) -> Vec<(Duration, Result<Delta, ProviderError>)> {
        let mut items: Vec<_> = self.deltas(kept).into_iter().map(Ok).collect();
        items.push(Ok(self.end()));
        if self.chance.once_in(2) {
            items.truncate(self.chance.index(items.len()));
            if !self.chance.once_in(5) {
                items.push(Err(self.error(self.break_off())));
            }
        }
        items.into_iter().map(|item| (self.pause(), item)).collect()
    }

    fn pause(&self) -> Duration {
        if self.chance.once_in(3) {
            self.chance.wait()
        } else {
            Duration::ZERO
        }
    }
}

impl Provider for Scripted {
    fn name(&self) -> &str {
        NAMES[self.place]
    }

    fn model(&self) -> &str {
        "scripted"
    }

    fn continues_partial(&self) -> bool {
        self.continues
    }

    fn stream(&self, request: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let before = self.chance.wait();
        let refusal = self.chance.once_in(2).then(|| self.error(self.refusal()));
        let items = if refusal.is_none() {
            self.items(&request.kept)
        } else {
            Vec::new()
        };
        Box::pin(async move {
            sleep(before).await;
            if let Some(refusal) = refusal {
                return Err(refusal);
            }
            let paced = stream::iter(items).then(|(wait, item)| async move {
                if !wait.is_zero() {
                    sleep(wait).await;
                }
                item
            });
            Ok(paced.boxed())
        })
    }
}
