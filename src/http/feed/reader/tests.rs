use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::*;
use crate::limits::Shares;
use crate::model::Role;
use crate::repository::{Scope, SessionFields};
use crate::turn::faults::{engine, held_chain, with_repository};

/// Until the reads that were begun are through, whoever waits for them.
async fn reads_end(idle: usize) {
    while Handle::current().metrics().num_alive_tasks() > idle {
        yield_now().await;
    }
}

#[test]
fn a_change_between_the_first_look_and_the_first_wait_of_a_feed_is_told() {
    with_repository(async |repository, metrics| {
        let turns = engine(&repository, &metrics, held_chain(&Arc::default()));
        let user = repository.for_user(Scope::of("learner"));
        let id = user.create_session(SessionFields::default()).await.unwrap().id;
        user.reading().session(id).await.unwrap();
        let idle = Handle::current().metrics().num_alive_tasks();
        let origin = Origin {
            turns: Arc::clone(&turns),
            reading: user.reading().clone(),
            shares: Shares::default(),
            session_id: id,
        };
        let mut opening = Box::pin(Feed::open(origin, repository.fanout(), None));
        assert!((&mut opening).now_or_never().is_none(), "the rows are being read");
        reads_end(idle).await;
        let message = (Role::User, "What came between".to_owned());
        user.add_message(id, message, None).await.unwrap();
        let mut feed = opening.await.unwrap();
        let mut told = String::new();
        while let Ok(next) = timeout(Duration::from_secs(1), feed.next()).await {
            let Next::Frames(frames) = next.unwrap() else {
                panic!("the session goes on")
            };
            told += &String::from_utf8(frames).unwrap();
        }
        assert!(told.contains("What came between"), "{told}");
    });
}
