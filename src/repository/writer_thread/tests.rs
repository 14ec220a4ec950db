use std::sync::atomic::AtomicUsize;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sqlite::SqliteConnection;

use super::*;
use crate::repository::job::Changed;
use crate::repository::queue::Waiting;
use crate::repository::scripted_log::{ScriptedLog, TestDatabase};
use crate::repository::{StorageHealth, Writer};

struct Running {
    writer: Writer,
    thread: std::thread::JoinHandle<()>,
    database: TestDatabase,
}

impl Running {
    fn start() -> Self {
        let (mut database, connection) = TestDatabase::new();
        let age_note = database.age_note();
        let opened = (database.connector.clone(), connection);
        let (writer, thread) = Writer::start(
            opened,
            age_note,
            Duration::ZERO,
            &Arc::default(),
            (Arc::default(), Arc::default()),
        )
        .unwrap();
        Self {
            writer,
            thread,
            database,
        }
    }

    fn health(&self) -> StorageHealth {
        *self.writer.health().borrow()
    }

    /// Whoever comes after the writer has ended is answered, whatever it asks for.
    async fn assert_gone(self) {
        // One that has panicked has ended, too.
        let _ = self.thread.join();
        let health = self.writer.health();
        assert_eq!(*health.borrow(), StorageHealth::Lost);
        assert!(health.has_changed().is_ok(), "the channel is not closed");
        let asked = self.writer.run(|_| Ok(())).await;
        assert!(matches!(asked, Err(RepositoryError::NotStored)), "{asked:?}");
        let noted = self.writer.run_at_last(|_| Ok(())).await;
        assert!(matches!(noted, Err(RepositoryError::NotStored)), "{noted:?}");
        let ended = self
            .writer
            .end(ScriptedLog::new(1), |_| Ok(Changed::none(())))
            .await;
        assert!(matches!(ended, Err(RepositoryError::NotStored)), "{ended:?}");
        let begun = self.writer.change_for_certain(|_| Ok(Changed::none(()))).split();
        let begun = begun.0.await;
        assert!(matches!(begun, Err(RepositoryError::NotStored)), "{begun:?}");
    }
}

fn failing(words: &str) -> RepositoryError {
    DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(words.to_owned())).into()
}

#[tokio::test]
async fn a_log_that_got_a_segment_and_new_frames_in_one_group_keeps_its_batch() {
    let (mut database, connection) = TestDatabase::new();
    let age_note = database.age_note();
    let opened = (database.connector.clone(), connection);
    let told = (Arc::default(), Arc::default());
    let mut thread = WriterThread::new(opened, age_note, Arc::default(), told).unwrap();
    let log = ScriptedLog::new(3);
    let mut look = database.look();
    look.add_turn(&log);

    // Its segment is taken, and then another event comes, before its frames are taken.
    log.comes_after_segment(1);
    let source = Arc::clone(&log) as Arc<dyn CommitSource>;
    let mut group = Group::new(thread.next_batch, 1);
    group.absorb(Waiting::of(Vec::new(), vec![Arc::clone(&source)]));
    group.add_segment_of(&source);
    group.store(&mut thread.connection).unwrap();
    thread.committed(group);
    assert_eq!((look.in_segments(&log), log.shown()), (3, 4));

    thread.housekeeping_at = Instant::now();
    let mut housekeeping = Group::new(thread.next_batch, 2);
    thread.keep_house(&mut housekeeping);
    housekeeping.store(&mut thread.connection).unwrap();
    assert_eq!(
        look.number("SELECT count(*) FROM commit_batches"),
        1,
        "the fourth event stands there alone"
    );
}

#[tokio::test]
async fn a_job_that_fails_with_the_disk_each_time_is_given_up_and_the_others_are_stored() {
    let running = Running::start();
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let poison = running.writer.run_at_last(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Err::<(), _>(failing("disk I/O error"))
    });
    let beside = running
        .writer
        .run_at_last(|connection| crate::repository::turn_events::insert_batch(connection, 77, b"frames"));
    let (poison, beside) = tokio::join!(poison, beside);
    assert!(matches!(poison, Err(RepositoryError::Database(_))), "{poison:?}");
    beside.unwrap();
    assert_eq!(
        running
            .database
            .look()
            .number("SELECT count(*) FROM commit_batches WHERE id = 77"),
        1
    );
    assert_eq!(tries.load(Ordering::SeqCst), 9);
    assert_eq!(running.health(), StorageHealth::Ok);
    running.writer.run(|_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_waited_for_and_no_job_is_given_up() {
    let running = Running::start();
    let mut left = 20;
    let ended = running.writer.run_at_last(move |_| {
        left -= 1;
        if left > 0 {
            Err(failing("database or disk is full"))
        } else {
            Ok(())
        }
    });
    ended.await.unwrap();
}

#[tokio::test]
async fn errors_of_the_disk_that_pass_cost_no_job() {
    let running = Running::start();
    // The disk is bad for all: also the group without the first job fails.
    let bad_for = Arc::new(AtomicUsize::new(12));
    let touch = |bad_for: &Arc<AtomicUsize>| {
        let bad_for = Arc::clone(bad_for);
        move |_: &mut SqliteConnection| {
            let bad = bad_for.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            bad.map_or(Ok(()), |_| Err(failing("disk I/O error")))
        }
    };
    let (first, second) = (
        running.writer.run_at_last(touch(&bad_for)),
        running.writer.run_at_last(touch(&bad_for)),
    );
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
}

#[tokio::test]
async fn a_batch_that_was_stored_after_all_ends_the_writer_instead_of_stopping_it_for_ever() {
    let running = Running::start();
    running
        .database
        .look()
        .run("INSERT INTO commit_batches (id, frames) VALUES (1, x'')");
    running.writer.store_now(ScriptedLog::new(1));
    running
        .writer
        .health()
        .wait_for(|health| *health == StorageHealth::Lost)
        .await
        .unwrap();
    running.assert_gone().await;
}

#[tokio::test]
async fn when_the_writer_panics_everybody_is_answered() {
    let running = Running::start();
    let asked = running
        .writer
        .run(|_| -> Result<(), _> { panic!("a fault of the program") });
    let beside = running.writer.run_at_last(|_| Ok(()));
    let (asked, beside) = tokio::join!(asked, beside);
    assert!(matches!(asked, Err(RepositoryError::MaybeStored)), "{asked:?}");
    assert!(
        matches!(
            beside,
            Err(RepositoryError::NotStored | RepositoryError::MaybeStored) | Ok(())
        ),
        "{beside:?}"
    );
    running.assert_gone().await;
}
