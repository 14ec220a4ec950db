//! Turns that begin or are stopped while their session or the server ends.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};
use tokio::time::{sleep, timeout};

use super::joins::Stage;
use super::with_repository;
use crate::model::Status;
use crate::repository::{Repository, RepositoryError, SessionFields};
use crate::turn::TurnError;

const SOON: Duration = Duration::from_secs(1);

/// The writer does nothing until the answer is dropped; what comes meanwhile is one group.
fn hold_writer(repository: &Repository) -> (std::sync::mpsc::Sender<()>, BoxFuture<'static, ()>) {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let writer = repository.writer().clone();
    let held = async move {
        let held = writer.run(move |_| {
            // Ends when the other end is gone.
            let _ = released.recv();
            Ok(())
        });
        held.await.unwrap();
    };
    (release, held.boxed())
}

#[test]
fn a_stop_that_meets_the_end_of_the_server_is_not_said_to_be_final() {
    with_repository(async |repository, metrics| {
        let stage = Stage::new(&repository, &metrics);
        let (_, turn_id) = stage.begin(None).await;
        // The drain has told the turn to leave, and the turn has not heard of it yet.
        let mut drain = Box::pin(stage.turns.drain(Duration::ZERO));
        assert!((&mut drain).now_or_never().is_none());
        let (stopped, ()) = join(stage.turns.stop(&stage.user, turn_id), drain).await;
        assert!(matches!(stopped, Err(TurnError::Draining)), "{stopped:?}");
        let (turn, _) = stage.user.turn(turn_id).await.unwrap();
        assert_eq!(turn.status, Status::Streaming, "the next process goes on with it");
    });
}

#[test]
fn a_stop_that_comes_before_the_end_of_the_server_is_final() {
    with_repository(async |repository, metrics| {
        // The writer needs time that passes.
        tokio::time::resume();
        let stage = Stage::new(&repository, &metrics);
        let (_, turn_id) = stage.begin(None).await;
        let stop = stage.turns.stop(&stage.user, turn_id);
        let (stopped, ()) = join(stop, stage.turns.drain(Duration::ZERO)).await;
        assert!(stopped.is_ok(), "{stopped:?}");
        let (turn, _) = stage.user.turn(turn_id).await.unwrap();
        assert_eq!(turn.status, Status::Stopped);
    });
}

#[test]
fn a_turn_that_is_stored_right_before_its_session_is_deleted_ends_with_it() {
    with_repository(async |repository, metrics| {
        let stage = Stage::new(&repository, &metrics);
        let session = stage
            .user
            .create_session(SessionFields::default())
            .await
            .unwrap()
            .id;
        let (release, mut held) = hold_writer(&repository);
        assert!((&mut held).now_or_never().is_none());
        let mut start = Box::pin(stage.start(Some(session)));
        let mut deletion = Box::pin(stage.turns.delete_session(stage.user.clone(), session));
        // Both wait for the writer, the turn first; the deletion has found no turn to stop.
        assert!(timeout(SOON, &mut start).await.is_err());
        assert!(timeout(SOON, &mut deletion).await.is_err());
        drop(release);
        let (deleted, ()) = join(deletion, held).await;
        deleted.unwrap();
        assert_eq!(
            stage.turns.lock().all.len(),
            0,
            "nothing writes on in what is gone"
        );
        let started = start.await.unwrap();
        let gone = stage
            .turns
            .subscribe(stage.user.reading(), started.turn_id, 0)
            .await;
        assert!(matches!(
            gone,
            Err(TurnError::Repository(RepositoryError::NotFound))
        ));
    });
}

#[test]
fn a_turn_that_is_stored_when_the_server_has_given_up_waiting_is_left_for_the_next_process() {
    with_repository(async |repository, metrics| {
        let stage = Stage::new(&repository, &metrics);
        let (release, mut held) = hold_writer(&repository);
        assert!((&mut held).now_or_never().is_none());
        let mut start = Box::pin(stage.start(None));
        assert!(timeout(SOON, &mut start).await.is_err());
        stage.turns.drain(SOON).await;
        drop(release);
        held.await;
        let turn_id = start.await.unwrap().turn_id;
        sleep(SOON).await;
        assert_eq!(stage.turns.lock().all.len(), 0, "nobody drives it here");
        let (turn, _) = stage.user.turn(turn_id).await.unwrap();
        assert_eq!(turn.status, Status::Streaming);
        assert!(matches!(stage.start(None).await, Err(TurnError::Draining)));
    });
}

#[test]
fn a_drain_waits_for_a_turn_that_is_being_stored() {
    with_repository(async |repository, metrics| {
        let stage = Stage::new(&repository, &metrics);
        let (release, mut held) = hold_writer(&repository);
        assert!((&mut held).now_or_never().is_none());
        let mut start = Box::pin(stage.start(None));
        assert!(timeout(SOON, &mut start).await.is_err());
        let mut drain = Box::pin(stage.turns.drain(60 * SOON));
        assert!(
            timeout(SOON, &mut drain).await.is_err(),
            "a turn is about to begin"
        );
        drop(release);
        held.await;
        let turn_id = start.await.unwrap().turn_id;
        stage.end(turn_id).await;
        drain.await;
        let (turn, _) = stage.user.turn(turn_id).await.unwrap();
        assert_eq!(turn.status, Status::Complete);
    });
}
