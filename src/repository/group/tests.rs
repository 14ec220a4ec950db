use diesel::connection::SimpleConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::*;
use crate::repository::call::{Answer, Patience};
use crate::repository::job::{Changed, Work};
use crate::repository::savepoint::write_segments;
use crate::repository::scripted_log::{ScriptedLog, TestDatabase};

fn job<F>(ends: Option<&Arc<ScriptedLog>>, mut work: F) -> (Box<dyn Job>, Answer<()>)
where
    F: FnMut(&mut SqliteConnection) -> Result<(), RepositoryError> + Send + 'static,
{
    let ends = ends.map(|log| Arc::clone(log) as Arc<dyn CommitSource>);
    let work = move |connection: &mut SqliteConnection| work(connection).map(Changed::none);
    let (job, answer) = Work::new(work, Patience::Sign, ends);
    (job, answer)
}

fn group(jobs: Vec<Box<dyn Job>>) -> Group {
    let mut group = Group::new(1, 1);
    group.absorb(Waiting::of(jobs, Vec::new()));
    group
}

fn failing(words: &str) -> RepositoryError {
    DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(words.to_owned())).into()
}

#[test]
fn a_log_that_ends_is_stored_whole_by_the_second_try() {
    let (database, mut connection) = TestDatabase::new();
    let mut look = database.look();
    let log = ScriptedLog::new(5);
    look.add_turn(&log);
    log.end();
    let (ending, _) = job(Some(&log), |_| Ok(()));
    let mut fails = true;
    let (later, _) = job(None, move |_| {
        if std::mem::take(&mut fails) {
            Err(failing("database or disk is full"))
        } else {
            Ok(())
        }
    });
    let mut group = group(vec![ending, later]);
    let failed = group.store(&mut connection);
    assert!(matches!(failed, Err(StoreError::InJob(1, _))), "{failed:?}");
    group.undo();
    assert_eq!(look.in_segments(&log), 0);
    group.store(&mut connection).unwrap();
    group.publish(&Fanout::default());
    assert_eq!((look.in_segments(&log), log.shown()), (5, 5));
}

#[test]
fn a_log_that_has_aged_is_stored_whole_by_the_second_try() {
    let (database, mut connection) = TestDatabase::new();
    let mut look = database.look();
    let log = ScriptedLog::new(3);
    look.add_turn(&log);
    let mut group = group(Vec::new());
    group.add_segment_of(&(Arc::clone(&log) as Arc<dyn CommitSource>));
    group.grow_older();
    look.run("BEGIN IMMEDIATE");
    assert!(group.store(&mut connection).is_err());
    group.undo();
    look.run("COMMIT");
    // Segments were taken, and something after them failed.
    let mut taken = Vec::new();
    connection.batch_execute("BEGIN IMMEDIATE").unwrap();
    let aged = &group.aged[0];
    write_segments(&mut connection, (aged, &mut taken), || aged.take_segment()).unwrap();
    connection.batch_execute("ROLLBACK").unwrap();
    group.segmented = taken;
    group.undo();
    group.store(&mut connection).unwrap();
    assert_eq!(look.in_segments(&log), 3);
}

#[test]
fn an_end_that_is_refused_is_not_shown_and_the_others_are_stored() {
    let (database, mut connection) = TestDatabase::new();
    let mut look = database.look();
    let (refused, other) = (ScriptedLog::new(5), ScriptedLog::new(2));
    for log in [&refused, &other] {
        look.add_turn(log);
        log.end();
    }
    let constraint = |connection: &mut SqliteConnection| {
        let twice = "INSERT INTO commit_batches (id, frames) VALUES (90, x''), (90, x'')";
        Ok(connection.batch_execute(twice)?)
    };
    let (refused_end, mut answer) = job(Some(&refused), constraint);
    let (other_end, mut of_other) = job(Some(&other), |_| Ok(()));
    let mut group = group(vec![refused_end, other_end]);
    group.store(&mut connection).unwrap();
    group.publish(&Fanout::default());
    assert!(matches!(
        answer.result.try_recv(),
        Ok(Err(RepositoryError::Database(_)))
    ));
    assert!(matches!(of_other.result.try_recv(), Ok(Ok(()))));
    assert_eq!((look.in_segments(&refused), refused.shown()), (0, 0));
    assert_eq!((look.in_segments(&other), other.shown()), (2, 2));
}

#[test]
fn a_log_whose_rest_is_refused_does_not_end_and_the_others_are_stored() {
    let (database, mut connection) = TestDatabase::new();
    let mut look = database.look();
    let (refused, other) = (ScriptedLog::new(5), ScriptedLog::new(2));
    for log in [&refused, &other] {
        look.add_turn(log);
        log.end();
    }
    // The place of its segment is taken.
    look.run(&format!(
        "INSERT INTO turn_events VALUES ('{}', 1, 1, x'')",
        refused.turn_id()
    ));
    let (refused_end, mut answer) = job(Some(&refused), |_| panic!("its log is not stored"));
    let (other_end, _) = job(Some(&other), |_| Ok(()));
    let mut group = group(vec![refused_end, other_end]);
    group.store(&mut connection).unwrap();
    group.publish(&Fanout::default());
    assert!(matches!(
        answer.result.try_recv(),
        Ok(Err(RepositoryError::Database(_)))
    ));
    assert_eq!(
        (refused.shown(), other.shown(), look.in_segments(&other)),
        (0, 2, 2)
    );
}

#[test]
fn a_segment_that_is_refused_keeps_every_batch_and_spares_the_other_logs() {
    let (database, mut connection) = TestDatabase::new();
    let mut look = database.look();
    let (refused, other) = (ScriptedLog::new(5), ScriptedLog::new(2));
    for log in [&refused, &other] {
        look.add_turn(log);
    }
    look.run(&format!(
        "INSERT INTO turn_events VALUES ('{}', 1, 1, x'')",
        refused.turn_id()
    ));
    look.run("INSERT INTO commit_batches (id, frames) VALUES (-1, x'')");
    let mut group = group(Vec::new());
    for log in [&refused, &other] {
        group.add_segment_of(&(Arc::clone(log) as Arc<dyn CommitSource>));
    }
    group.delete_batches_before(0);
    group.store(&mut connection).unwrap();
    assert_eq!(group.refused(), [refused.turn_id()]);
    group.publish(&Fanout::default());
    assert_eq!((refused.shown(), other.shown()), (0, 2));
    assert_eq!(
        look.number("SELECT count(*) FROM commit_batches"),
        1,
        "its frames stand there alone"
    );
}

#[test]
fn a_batch_that_is_there_already_is_no_batch_to_try_again() {
    let (database, mut connection) = TestDatabase::new();
    database
        .look()
        .run("INSERT INTO commit_batches (id, frames) VALUES (1, x'')");
    let mut group = Group::new(1, 1);
    group.absorb(Waiting::of(Vec::new(), vec![ScriptedLog::new(1)]));
    let failed = group.store(&mut connection).unwrap_err();
    assert!(
        matches!(failed, StoreError::Present) && failed.may_be_stored(),
        "{failed:?}"
    );
}

#[test]
fn only_a_commit_that_stored_nothing_for_certain_is_tried_again() {
    for (words, may_be_stored) in [
        ("database is locked", false),
        ("database or disk is full", false),
        ("disk I/O error", true),
        ("out of memory", true),
        ("unable to open database file", true),
        ("words of another version", true),
    ] {
        let error = StoreError::Commit(failing(words));
        assert_eq!(error.may_be_stored(), may_be_stored, "{words}");
        assert!(!StoreError::Before(failing(words)).may_be_stored(), "{words}");
    }
}

#[test]
fn what_was_withdrawn_is_not_stored() {
    let (_database, mut connection) = TestDatabase::new();
    let (work, mut answer) = Work::new(
        |_: &mut _| -> Result<Changed<()>, _> { panic!("it was withdrawn") },
        Patience::Answer,
        None,
    );
    crate::repository::call::Impatient::give_up(&**work.call());
    let mut group = group(vec![work]);
    group.store(&mut connection).unwrap();
    group.forget_withdrawn();
    assert!(!group.has_work());
    assert!(matches!(
        answer.result.try_recv(),
        Ok(Err(RepositoryError::NotStored))
    ));
}
