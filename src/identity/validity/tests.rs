use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use diesel::RunQueryDsl;
use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::{Ground, LOOK, Right, Validities};
use crate::identity::Identity;
use crate::ids::{SessionId, TokenId};
use crate::repository::{RepositoryError, now};
use crate::turn::faults::with_repository;

fn identity(expires_in: Option<i64>, token_id: Option<TokenId>) -> Identity {
    Identity {
        subject: "alice".into(),
        observes: Arc::default(),
        token_id,
        expires_at: expires_in.map(|rest| now() + rest),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_the_moment_its_token_expires() {
    let all = Validities::new();
    for rest in [-5_000, 0, 1_000, 90_000, 400 * 86_400_000] {
        let begin = Instant::now();
        all.of(&identity(Some(rest), None), None).ended().await;
        let late = begin
            .elapsed()
            .as_millis()
            .abs_diff(u128::try_from(rest.max(0)).unwrap_or(0));
        // A wall clock and a timer: each counts milliseconds.
        assert!(late < 1_000, "{rest}: {late}");
    }
    let never = all.of(&identity(None, None), None);
    let year = Duration::from_secs(365 * 86_400);
    assert!(timeout(year, never.ended()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn streams_of_what_is_taken_back_end_and_others_go_on() {
    let all = Validities::new();
    let (token, session) = (TokenId::new(), SessionId::new());
    let streams = [
        all.of(&identity(None, Some(token)), None),
        all.of(&identity(None, Some(TokenId::new())), None),
        all.of(&identity(None, Some(TokenId::new())), Some(session)),
    ];
    let ended = async |stream: usize| {
        let ended = timeout(Duration::from_secs(1), streams[stream].ended());
        ended.await.is_ok()
    };
    all.end(&Ground::Token(token));
    assert_eq!(
        [ended(0).await, ended(1).await, ended(2).await],
        [true, false, false]
    );
    let take_from = async |user: &str| {
        let right = Right::Observe(session, user.to_owned());
        all.take_away(right, ready(Ok::<_, RepositoryError>(()))).await
    };
    take_from("bob").await.unwrap();
    assert!(!ended(2).await, "bob is somebody else");
    take_from("alice").await.unwrap();
    assert_eq!([ended(1).await, ended(2).await], [false, true]);
}

#[tokio::test]
async fn nothing_is_kept_for_streams_that_are_gone() {
    let all = Validities::new();
    let token = Some(TokenId::new());
    let streams = [(); 3].map(|()| all.of(&identity(None, token), Some(SessionId::new())));
    assert!(all.has_tokens());
    drop(streams);
    assert!(all.held.lock().expect("a lock").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_away_while_it_is_being_checked_ends_the_stream() {
    let all = Validities::new();
    let (session, alice) = (SessionId::new(), identity(None, None));
    // Sees what was there before.
    let check = async {
        let right = Right::Observe(session, "alice".to_owned());
        all.take_away(right, ready(Ok::<_, RepositoryError>(()))).await
    };
    let validity = all.hold((&alice, Some(session)), check).await.unwrap();
    assert_eq!(timeout(LOOK, validity.ended()).await, Ok(()));
    let refused = async { Err(RepositoryError::NotFound) };
    assert!(all.hold((&alice, Some(session)), refused).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_right_is_taken_away_when_its_owner_does_not_wait_for_it() {
    let all = Validities::new();
    let (session, others) = (SessionId::new(), SessionId::new());
    let streams = [session, others].map(|session| all.of(&identity(None, None), Some(session)));
    let (commit, committed) = oneshot::channel();
    let right = Right::Observe(session, "alice".to_owned());
    let committed = async { committed.await.unwrap_or(Err(RepositoryError::Unavailable)) };
    let mut taking = Box::pin(all.take_away(right, committed));
    assert!((&mut taking).now_or_never().is_none());
    drop(taking);
    assert!(
        timeout(LOOK, streams[0].ended()).await.is_err(),
        "nothing is taken yet"
    );
    commit.send(Ok(())).unwrap();
    assert_eq!(timeout(LOOK, streams[0].ended()).await, Ok(()));
    assert!(timeout(LOOK, streams[1].ended()).await.is_err());

    let account = Right::ObserveAny("alice".to_owned());
    all.take_away(account, ready(Ok::<_, RepositoryError>(())))
        .await
        .unwrap();
    assert_eq!(timeout(LOOK, streams[1].ended()).await, Ok(()));
}

#[test]
fn a_revocation_that_is_stored_long_after_its_moment_ends_the_streams_of_its_token() {
    with_repository(async |repository, _| {
        let all = Validities::new();
        let watching =
            tokio::runtime::Handle::current().spawn(Arc::clone(&all).watch(Arc::clone(&repository)));
        let token = TokenId::new();
        let stream = all.of(&identity(None, Some(token)), None);
        sleep(3 * LOOK).await;
        // As when the database was locked while the operator waited.
        let (id, moment) = (token.to_string(), now() - 30_000);
        let revoke = move |connection: &mut _| {
            let row = format!(
                "INSERT INTO api_tokens (id, hash, owner, created_at, revoked_at) VALUES ('{id}', 'h', 'alice', 0, {moment})"
            );
            diesel::sql_query(row).execute(connection)?;
            Ok(())
        };
        repository.writer().run(revoke).await.unwrap();
        assert_eq!(timeout(3 * LOOK, stream.ended()).await, Ok(()));
        watching.abort();
    });
}
