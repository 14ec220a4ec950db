//! One sequence of faults: a chain, a question, readers, perhaps a stop and a pause of the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use super::Chance;
use super::checks::{Seen, check};
use super::pages::Told;
use super::scripted::Scripted;
use super::world::{World, Worlds};
use crate::agent::{Agent, ContextBudget, Template};
use crate::config::{BreakerSettings, RetrySettings};
use crate::ids::TurnId;
use crate::limits::Seats;
use crate::model::{BusyPolicy, Status};
use crate::provider::{Chain, Policy, Provider, Random};
use crate::repository::{IdempotencyKey, NewMessage, NewTurn, Repository, RepositoryError, Task};
use crate::telemetry::Metrics;
use crate::turn::{Next, Parts, Started, TurnError, Turns};

pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) worlds: Worlds,
    pub(super) calls: Arc<AtomicUsize>,
    pub(super) chance: Arc<Chance>,
}

/// The real engine with this chain.
pub(crate) fn engine(repository: &Arc<Repository>, metrics: &Arc<Metrics>, chain: Arc<Chain>) -> Arc<Turns> {
    Turns::new(Parts {
        repository: Arc::clone(repository),
        chain,
        agent: Agent::new(Template::new(None).unwrap(), ContextBudget::default(), None),
        metrics: Arc::clone(metrics),
        merge_window: Duration::ZERO,
        seats: Seats::new(None),
        fallback_message: None,
    })
}

/// A learner's message.
pub(super) fn question(seed: u64) -> Task {
    Task::Answer(NewMessage {
        session_id: None,
        subject: None,
        content: format!("Why? {seed}"),
        client_message_id: None,
        on_busy: BusyPolicy::Reject,
    })
}

impl Scenario {
    pub(super) fn new(seed: u64, repository: &Arc<Repository>, metrics: &Arc<Metrics>) -> Self {
        let chance = Arc::new(Chance::new(seed));
        let calls = Arc::new(AtomicUsize::new(0));
        let count = 1 + chance.index(3);
        let scripted = |place| -> Arc<dyn Provider> { Arc::new(Scripted::new(place, seed, &chance, &calls)) };
        let policy = Policy {
            retry: RetrySettings {
                tries: 1 + u32::try_from(chance.below(5)).unwrap(),
                further_attempts: u32::try_from(chance.below(3)).unwrap(),
                ..RetrySettings::default()
            },
            breaker: BreakerSettings {
                failures: 2 + u32::try_from(chance.below(9)).unwrap(),
                ..BreakerSettings::default()
            },
            choice: false,
        };
        let providers = (0..count).map(scripted).collect();
        let chain = Chain::new(providers, &[], policy, Random::seeded(seed));
        let shared = Some(repository).filter(|_| !chance.once_in(8));
        Self {
            seed,
            worlds: Worlds::new(seed, chain, shared, metrics),
            calls,
            chance,
        }
    }

    pub(super) async fn play(self) {
        let started = self.ask().await;
        let seen = self.live_through(started.turn_id).await;
        check(&self, started.turn_id, &seen).await;
        let (turn, _) = self.worlds.now().user.turn(started.turn_id).await.unwrap();
        if turn.status != Status::Complete && self.chance.once_in(2) {
            let further = self.begin(Task::Continue(turn.id), "continue").await.unwrap();
            let seen = self.live_through(further.turn_id).await;
            check(&self, further.turn_id, &seen).await;
        }
        self.worlds.end().await;
    }

    async fn ask(&self) -> Started {
        self.begin(question(self.seed), "ask").await.unwrap()
    }

    /// The same request again begins nothing.
    pub(super) async fn ask_again(&self) -> Started {
        let calls = self.calls.load(Ordering::SeqCst);
        let again = self.ask().await;
        assert_eq!(
            self.calls.load(Ordering::SeqCst),
            calls,
            "P5: nobody is called again"
        );
        again
    }

    async fn begin(&self, task: Task, key: &str) -> Result<Started, TurnError> {
        let key = IdempotencyKey {
            key: key.to_owned(),
            fingerprint: key.to_owned(),
        };
        let World { turns, user, .. } = self.worlds.now();
        let new = NewTurn {
            task,
            key: Some(key),
            answering: turns.answering(),
        };
        turns.start(user, new).await
    }

    /// Everything that happens during one turn, up to its end.
    async fn live_through(&self, turn_id: TurnId) -> (Vec<Seen>, Told) {
        let stops = self.chance.once_in(4);
        let pauses = self.chance.once_in(4);
        let crashes = if self.worlds.can_crash() {
            1 + self.chance.below(2)
        } else {
            0
        };
        let (steady, fickle, told, (), (), ()) = tokio::join!(
            self.read(turn_id, false),
            self.read(turn_id, true),
            async {
                // Some are looked at: each look reads.
                if self.seed.is_multiple_of(4) {
                    self.look(turn_id).await
                } else {
                    Told::new()
                }
            },
            async {
                if stops {
                    self.stop(turn_id).await;
                }
            },
            async {
                if pauses {
                    self.pause_database().await;
                }
            },
            async {
                for _ in 0..crashes {
                    sleep(self.chance.wait()).await;
                    self.worlds.crash().await;
                }
            },
        );
        (vec![steady, fickle], told)
    }

    /// After a stop nothing is added.
    async fn stop(&self, turn_id: TurnId) {
        sleep(self.chance.wait()).await;
        let stop = async |world: World| (world.turns.stop(&world.user, turn_id).await, world.user);
        let (stopped, user) = loop {
            // A request to a process that dies is made again.
            if let Some(answer) = self.worlds.while_it_lives(stop).await {
                break answer;
            }
        };
        match stopped {
            Ok(()) => {
                let (turn, _) = user.turn(turn_id).await.unwrap();
                assert_ne!(turn.status, Status::Streaming, "P9: a stop is final");
            }
            // The database paused for longer than a stop waits.
            Err(TurnError::Repository(RepositoryError::MaybeStored)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// The writer does nothing for a while of the paused clock.
    async fn pause_database(&self) {
        sleep(self.chance.wait()).await;
        let (release, released) = std::sync::mpsc::channel::<()>();
        let world = self.worlds.now();
        let paused = world.repository.writer().run(move |_| {
            // Also when the scenario fails and lets go of the other end.
            let _ = released.recv();
            Ok(())
        });
        let waits = async {
            sleep(self.chance.wait()).await;
            drop(release);
        };
        let (result, ()) = tokio::join!(paused, waits);
        // Nobody hears of it from a process that has died.
        assert!(result.is_ok() || self.worlds.crashes() > 0, "{result:?}");
    }

    /// Reads to the end; a fickle reader leaves again and again, and comes back with its last event.
    async fn read(&self, turn_id: TurnId, fickle: bool) -> Seen {
        let mut seen = Seen::default();
        if fickle {
            sleep(self.chance.wait()).await;
        }
        loop {
            let connection = async |world: World| self.read_on(&world, turn_id, (&mut seen, fickle)).await;
            match self.worlds.while_it_lives(connection).await {
                Some(true) => return seen,
                Some(false) => sleep(self.chance.wait()).await,
                None => {}
            }
        }
    }

    /// One connection. Answers whether the reader has all.
    async fn read_on(&self, world: &World, turn_id: TurnId, (seen, fickle): (&mut Seen, bool)) -> bool {
        let following = world
            .turns
            .subscribe(world.user.reading(), turn_id, seen.last())
            .await;
        let Ok(mut following) = following else {
            sleep(Duration::from_millis(10)).await;
            return false;
        };
        assert!(!following.rewound, "P3: event {} is stored", seen.last());
        let mut patience = if fickle { self.chance.below(3) } else { u64::MAX };
        while patience > 0 && !following.finished {
            patience -= 1;
            match following.subscription.next().await.unwrap() {
                Next::Frames(frames) => seen.add(&frames),
                Next::Passing(_) => {}
                Next::End => return true,
                Next::Cut => panic!("nobody ends the server"),
            }
        }
        following.finished
    }
}
