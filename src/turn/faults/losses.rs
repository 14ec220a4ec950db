//! Power cuts, processes that die in their first moments, and copies of earlier days, in any order, and readers who
//! come back at any of them: what a reader may keep is what is stored, or it is told to rewind.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diesel::RunQueryDsl;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use tokio::time::{sleep, timeout};

use super::Chance;
use super::checks::Seen;
use super::scenario::question;
use super::world::{NextStart, World, Worlds};
use crate::ids::TurnId;
use crate::provider::{
    Chain, CompletionRequest, Delta, DeltaStream, Policy, Provider, ProviderError, Random,
};
use crate::repository::NewTurn;
use crate::telemetry::Metrics;
use crate::turn::Next;

const READERS: usize = 4;
const STEPS: usize = 24;
/// Between two words.
const PACE: Duration = Duration::from_millis(10);

/// Never writes the same word twice, whatever it has written before, and ends when it is told to.
struct Narrator {
    words: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
}

impl Provider for Narrator {
    fn name(&self) -> &str {
        "narrator"
    }

    fn model(&self) -> &str {
        "m"
    }

    fn continues_partial(&self) -> bool {
        true
    }

    fn stream(&self, _: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>> {
        let (words, ends) = (Arc::clone(&self.words), Arc::clone(&self.ends));
        let deltas = stream::unfold((words, ends), |(words, ends)| async move {
            sleep(PACE).await;
            let word = format!("w{} ", words.fetch_add(1, Ordering::SeqCst));
            (!ends.load(Ordering::SeqCst)).then_some((Ok(Delta::Text(word)), (words, ends)))
        });
        Box::pin(async move { Ok(deltas.boxed()) })
    }
}

/// How often readers had to rewind, and how often they could go on.
#[derive(Default)]
struct Counts {
    rewound: usize,
    resumed: usize,
}

/// One turn over many lives of its service.
struct History {
    worlds: Worlds,
    chance: Chance,
    turn_id: TurnId,
    readers: Vec<Seen>,
    copies: Vec<PathBuf>,
    counts: Counts,
}

impl History {
    async fn begin(seed: u64, ends: &Arc<AtomicBool>) -> Self {
        let narrator = Arc::new(Narrator {
            words: Arc::default(),
            ends: Arc::clone(ends),
        });
        let chain = Chain::new(vec![narrator], &[], Policy::default(), Random::seeded(seed));
        let worlds = Worlds::new(seed, chain, None, &Arc::new(Metrics::default()));
        let World { turns, user, .. } = worlds.now();
        let new = NewTurn {
            task: question(seed),
            key: None,
            answering: turns.answering(),
        };
        let turn_id = turns.start(user, new).await.unwrap().turn_id;
        Self {
            worlds,
            chance: Chance::new(seed),
            turn_id,
            readers: std::iter::repeat_with(Seen::default).take(READERS).collect(),
            copies: Vec::new(),
            counts: Counts::default(),
        }
    }

    async fn step(&mut self) {
        match self.chance.below(8) {
            0 | 1 => sleep(PACE * u32::try_from(1 + self.chance.below(30)).unwrap()).await,
            2..=4 => {
                let reader = self.chance.index(READERS);
                self.read(reader).await;
            }
            5 => {
                let name = format!("copy-{}", self.copies.len());
                let copy = self.worlds.copy(&name).await;
                self.copies.push(copy);
            }
            _ => self.die().await,
        }
    }

    /// On the file as it was left, or on any copy: of this life, as after a power cut, or of one long ago.
    async fn die(&mut self) {
        let loses = !self.copies.is_empty() && !self.chance.once_in(3);
        let copy = loses.then(|| self.copies[self.chance.index(self.copies.len())].clone());
        let deaths_before_any_turn = usize::try_from(self.chance.below(3)).unwrap();
        let next = NextStart {
            copy,
            deaths_before_any_turn,
        };
        self.worlds.die(next).await;
        if !self.chance.once_in(12) {
            self.forget_crash().await;
        }
    }

    /// The turn was taken up long ago: it is no crash loop when that happens again.
    async fn forget_crash(&self) {
        let forget = |connection: &mut _| {
            diesel::sql_query("UPDATE turns SET resumed_at = NULL").execute(connection)?;
            Ok(())
        };
        self.worlds.now().repository.writer().run(forget).await.unwrap();
    }

    /// A reader comes back with its last event, reads for a while and leaves.
    async fn read(&mut self, reader: usize) {
        let World { turns, user, .. } = self.worlds.now();
        let seen = &mut self.readers[reader];
        let following = turns.subscribe(user.reading(), self.turn_id, seen.last()).await;
        let mut following = following.unwrap();
        if following.rewound {
            *seen = Seen::default();
            self.counts.rewound += 1;
        } else if seen.last() > 0 {
            self.counts.resumed += 1;
        }
        for _ in 0..self.chance.below(12) {
            match timeout(4 * PACE, following.subscription.next()).await {
                Ok(Ok(Next::Frames(frames))) => seen.add(&frames),
                Ok(Ok(Next::Passing(_))) => {}
                _ => break,
            }
        }
        self.check(reader).await;
    }

    /// What a reader shows is what the log says up to there.
    async fn check(&self, reader: usize) {
        let World { turns, user, .. } = self.worlds.now();
        let seen = &self.readers[reader];
        let following = turns.subscribe(user.reading(), self.turn_id, 0).await.unwrap();
        let mut subscription = following.subscription;
        let mut whole = Seen::default();
        while whole.last() < seen.last() {
            match subscription.next().await.unwrap() {
                Next::Frames(frames) => whole.add(&frames),
                Next::Passing(_) => {}
                Next::End | Next::Cut => break,
            }
        }
        assert!(
            whole.begins_with(seen),
            "P3: reader {reader} shows what is not stored"
        );
    }
}

fn play(seed: u64) -> Counts {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let ends = Arc::default();
        let mut history = History::begin(seed, &ends).await;
        for _ in 0..STEPS {
            history.step().await;
        }
        ends.store(true, Ordering::SeqCst);
        for reader in 0..READERS {
            history.read(reader).await;
        }
        history.worlds.end().await;
        history.counts
    })
}

#[test]
fn readers_keep_what_is_stored_or_rewind_whatever_was_lost_and_in_any_order() {
    let (mut rewound, mut resumed) = (0, 0);
    for seed in 1..=20 {
        let counts = std::panic::catch_unwind(|| play(seed)).unwrap_or_else(|panic| {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(panic)
        });
        rewound += counts.rewound;
        resumed += counts.resumed;
    }
    assert!(
        rewound > 5 && resumed > 30,
        "{rewound} rewound, {resumed} resumed"
    );
}
