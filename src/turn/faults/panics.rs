//! A panic inside a turn is that turn's alone.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use tokio::sync::Notify;

use super::scenario::{engine, question};
use super::with_repository;
use crate::ids::TurnId;
use crate::model::{FinishReason, Status};
use crate::provider::{
    Chain, Completion, CompletionRequest, Delta, DeltaStream, Policy, Provider, ProviderError, Random,
};
use crate::repository::{NewTurn, Scope, UserRepository};
use crate::turn::event::frames;
use crate::turn::{Next, Turns};

/// Panics after the first delta of a question that names it, and answers others when it may.
struct Fragile {
    go_on: Arc<Notify>,
}

impl Provider for Fragile {
    fn name(&self) -> &str {
        "fragile"
    }

    fn model(&self) -> &str {
        "m"
    }

    fn continues_partial(&self) -> bool {
        false
    }

    fn stream(&self, request: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>> {
        let breaks = request
            .messages
            .iter()
            .any(|message| message.content == "Why? 13");
        let go_on = Arc::clone(&self.go_on);
        let begin = stream::iter([Ok(Delta::Text("Because".to_owned()))]);
        let end = stream::once(async move {
            assert!(!breaks, "a bug in this provider");
            go_on.notified().await;
            Ok(Delta::End(Completion {
                finish_reason: FinishReason::Stop,
                usage: None,
            }))
        });
        Box::pin(async move { Ok(begin.chain(end).boxed()) })
    }
}

async fn ask(turns: &Arc<Turns>, user: &UserRepository, seed: u64) -> TurnId {
    let new = NewTurn {
        task: question(seed),
        key: None,
        answering: turns.answering(),
    };
    turns.start(user.clone(), new).await.unwrap().turn_id
}

/// The names of a turn's events, read to the end.
async fn read(turns: &Arc<Turns>, user: &UserRepository, turn_id: TurnId) -> Vec<String> {
    let following = turns.subscribe(user.reading(), turn_id, 0).await.unwrap();
    let mut subscription = following.subscription;
    let mut log = Vec::new();
    loop {
        match subscription.next().await.unwrap() {
            Next::Frames(more) => log.extend_from_slice(&more),
            Next::Passing(_) => {}
            Next::End => break,
            Next::Cut => panic!("nobody ends the server"),
        }
    }
    frames(&log).map(|frame| frame.name.to_owned()).collect()
}

#[test]
fn a_panic_fails_its_turn_with_the_text_kept_and_spares_the_others() {
    with_repository(async |repository, metrics| {
        let go_on = Arc::new(Notify::new());
        let fragile = Arc::new(Fragile {
            go_on: Arc::clone(&go_on),
        });
        let chain = Chain::new(vec![fragile], &[], Policy::default(), Random::seeded(1));
        let turns = engine(&repository, &metrics, chain);
        let user = repository.for_user(Scope::of("learner"));
        let spared = ask(&turns, &user, 1).await;
        let broken = ask(&turns, &user, 13).await;

        let names = read(&turns, &user, broken).await;
        assert_eq!(names, ["turn-start", "text-delta", "error", "turn-end"]);
        let (turn, message) = user.turn(broken).await.unwrap();
        assert_eq!(
            (turn.status, turn.error_code.as_deref(), message.content.as_str()),
            (Status::Failed, Some("internal"), "Because")
        );

        go_on.notify_one();
        let names = read(&turns, &user, spared).await;
        assert_eq!(names, ["turn-start", "text-delta", "turn-end"]);
        let (turn, _) = user.turn(spared).await.unwrap();
        assert_eq!(turn.status, Status::Complete);
    });
}
