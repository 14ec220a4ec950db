//! Rows that are older than what has come of their turn since.

use std::cell::Cell;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use tokio::sync::Notify;

use super::scenario::{engine, question};
use super::with_repository;
use crate::ids::{SessionId, TurnId};
use crate::model::{FinishReason, Status};
use crate::provider::{
    Chain, Completion, CompletionRequest, Delta, DeltaStream, Policy, Provider, ProviderError, Random,
};
use crate::repository::{NewMessage, NewTurn, Repository, Scope, Task, UserRepository};
use crate::telemetry::Metrics;
use crate::turn::{Next, Started, TurnError, Turns};

/// Writes a word, and ends when it may.
struct Held(Arc<Notify>);

impl Provider for Held {
    fn name(&self) -> &str {
        "held"
    }

    fn model(&self) -> &str {
        "m"
    }

    fn continues_partial(&self) -> bool {
        false
    }

    fn stream(&self, _: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>> {
        let go_on = Arc::clone(&self.0);
        let begin = stream::iter([Ok(Delta::Text("Because".to_owned()))]);
        let end = stream::once(async move {
            go_on.notified().await;
            Ok(Delta::End(Completion {
                finish_reason: FinishReason::Stop,
                usage: None,
            }))
        });
        Box::pin(async move { Ok(begin.chain(end).boxed()) })
    }
}

/// Whoever is asked writes a word, and ends when it may.
pub(crate) fn held_chain(go_on: &Arc<Notify>) -> Arc<Chain> {
    let held = Arc::new(Held(Arc::clone(go_on)));
    Chain::new(vec![held], &[], Policy::default(), Random::seeded(1))
}

/// A service whose replies end when they may.
pub(super) struct Stage {
    pub(super) turns: Arc<Turns>,
    pub(super) user: UserRepository,
    go_on: Arc<Notify>,
}

impl Stage {
    pub(super) fn new(repository: &Arc<Repository>, metrics: &Arc<Metrics>) -> Self {
        let go_on = Arc::new(Notify::new());
        Self {
            turns: engine(repository, metrics, held_chain(&go_on)),
            user: repository.for_user(Scope::of("learner")),
            go_on,
        }
    }

    /// A turn that has written its word.
    pub(super) async fn begin(&self, session_id: Option<SessionId>) -> (SessionId, TurnId) {
        let started = self.start(session_id).await.unwrap();
        self.read(started.turn_id, 2).await;
        (started.session_id, started.turn_id)
    }

    pub(super) async fn start(&self, session_id: Option<SessionId>) -> Result<Started, TurnError> {
        let Task::Answer(message) = question(1) else {
            unreachable!()
        };
        let new = NewTurn {
            task: Task::Answer(NewMessage {
                session_id,
                ..message
            }),
            key: None,
            answering: self.turns.answering(),
        };
        self.turns.start(self.user.clone(), new).await
    }

    /// Reads up to this event.
    async fn read(&self, turn_id: TurnId, number: u64) {
        let following = self.turns.subscribe(self.user.reading(), turn_id, 0).await;
        let mut subscription = following.unwrap().subscription;
        while subscription.number() < number && subscription.next().await.unwrap() != Next::End {}
    }

    /// Lets the turn end.
    pub(super) async fn end(&self, turn_id: TurnId) {
        self.go_on.notify_one();
        self.read(turn_id, u64::MAX).await;
    }

    /// Lets the turn end, and holds the moment when that is stored and the turn can still be found.
    async fn end_and_hold(&self, turn_id: TurnId) {
        let live = self.turns.find_live(turn_id).unwrap();
        self.end(turn_id).await;
        self.turns.hold_live(turn_id, live);
    }
}

#[test]
fn rows_of_a_turn_that_has_ended_since_they_were_read_are_read_again() {
    with_repository(async |repository, metrics| {
        let stage = Stage::new(&repository, &metrics);
        let (session_id, turn_id) = stage.begin(None).await;
        let reads = Cell::new(0);
        let read = async || {
            let page = stage.user.reading().messages(session_id, None, 10).await?;
            if reads.replace(reads.get() + 1) == 0 {
                stage.end_and_hold(turn_id).await;
            }
            Ok(page)
        };
        let (page, live) = stage.turns.with_live_text(read).await.unwrap();
        assert_eq!((live, reads.get()), (None, 2));
        let reply = page.messages.last().unwrap();
        assert!(page.active.is_none(), "nothing more comes of the turn");
        assert_eq!((reply.status, &*reply.content), (Status::Complete, "Because"));
    });
}

#[test]
fn a_turn_that_begins_when_another_has_ended_is_the_one_that_rows_tell_of() {
    with_repository(async |repository, metrics| {
        let stage = Stage::new(&repository, &metrics);
        let (session_id, first) = stage.begin(None).await;
        let second = Cell::new(None);
        let read = async || {
            let changes = stage.user.reading().changes(session_id, None).await?;
            if second.get().is_none() {
                stage.end_and_hold(first).await;
                second.set(Some(stage.begin(Some(session_id)).await.1));
            }
            Ok(changes)
        };
        let (changes, live) = stage.turns.with_live_text(read).await.unwrap();
        let live = live.expect("the second turn runs");
        let running: Vec<_> = changes.streaming.iter().map(|turn| turn.id).collect();
        assert_eq!(running, Vec::from_iter(second.get()));
        assert_eq!((&*live.text, live.last_event_id), ("Because", 2));
        stage.end(running[0]).await;
    });
}

#[test]
fn a_turn_that_is_stored_as_running_and_driven_nowhere_is_told_from_its_first_event() {
    with_repository(async |repository, metrics| {
        let stage = Stage::new(&repository, &metrics);
        let (session_id, turn_id) = stage.begin(None).await;
        let elsewhere = Stage::new(&repository, &metrics);
        let read = async || stage.user.reading().messages(session_id, None, 10).await;
        let (page, live) = elsewhere.turns.with_live_text(read).await.unwrap();
        assert_eq!(page.active.map(|turn| turn.id), Some(turn_id));
        assert_eq!(live, None);
        stage.end(turn_id).await;
    });
}
