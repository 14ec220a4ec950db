//! What waits to be stored has a bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::scenario::{engine, question};
use super::with_repository;
use crate::model::{FinishReason, Status};
use crate::provider::{
    Chain, Completion, CompletionRequest, Delta, DeltaStream, Policy, Provider, ProviderError, Random,
};
use crate::repository::{NewTurn, Scope};
use crate::turn::Next;

const DELTA: usize = 64 * 1024;
const DELTAS: usize = 100;

/// Writes on without end, as fast as it is read, once it may.
struct Torrent {
    read: Arc<AtomicUsize>,
    go_on: Arc<Notify>,
}

impl Provider for Torrent {
    fn name(&self) -> &str {
        "torrent"
    }

    fn model(&self) -> &str {
        "m"
    }

    fn continues_partial(&self) -> bool {
        false
    }

    fn stream(&self, _: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>> {
        let (read, go_on) = (Arc::clone(&self.read), Arc::clone(&self.go_on));
        let deltas = stream::iter(0..DELTAS).then(move |number| {
            let (read, go_on) = (Arc::clone(&read), Arc::clone(&go_on));
            async move {
                if number == 1 {
                    go_on.notified().await;
                }
                read.fetch_add(1, Ordering::SeqCst);
                Ok(Delta::Text("x".repeat(DELTA)))
            }
        });
        let end = Completion {
            finish_reason: FinishReason::Stop,
            usage: None,
        };
        Box::pin(async move { Ok(deltas.chain(stream::iter([Ok(Delta::End(end))])).boxed()) })
    }
}

#[test]
fn a_provider_is_read_no_further_than_a_mebibyte_while_nothing_can_be_stored() {
    with_repository(async |repository, metrics| {
        let (read, go_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let torrent = Arc::new(Torrent {
            read: Arc::clone(&read),
            go_on: Arc::clone(&go_on),
        });
        let chain = Chain::new(vec![torrent], &[], Policy::default(), Random::seeded(1));
        let turns = engine(&repository, &metrics, chain);
        let user = repository.for_user(Scope::of("learner"));
        let new = NewTurn {
            task: question(1),
            key: None,
            answering: turns.answering(),
        };
        let started = turns.start(user.clone(), new).await.unwrap();
        let mut reader = turns
            .subscribe(user.reading(), started.turn_id, 0)
            .await
            .unwrap()
            .subscription;
        while reader.number() < 2 {
            reader.next().await.unwrap();
        }

        let (release, released) = std::sync::mpsc::channel::<()>();
        let writer = repository.writer().clone();
        let paused = writer.run(move |_| {
            // Ends when the other end is gone.
            let _ = released.recv();
            Ok(())
        });
        let meanwhile = async {
            go_on.notify_one();
            sleep(Duration::from_secs(5)).await;
            let bytes = read.load(Ordering::SeqCst) * DELTA;
            assert!(
                (1 << 20..(1 << 20) + 3 * DELTA).contains(&bytes),
                "{bytes} bytes were read"
            );
            drop(release);
        };
        let (result, ()) = tokio::join!(paused, meanwhile);
        result.unwrap();
        while !matches!(reader.next().await.unwrap(), Next::End) {}
        let (turn, message) = user.turn(started.turn_id).await.unwrap();
        assert_eq!(
            (turn.status, message.content.len()),
            (Status::Complete, DELTAS * DELTA)
        );
    });
}
