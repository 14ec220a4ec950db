use diesel_migrations::MigrationHarness;

use super::*;
use crate::repository::learning::topics::Change;
use crate::repository::open::MIGRATIONS;

fn session() -> Session {
    Session {
        id: SessionId::new(),
        owner: "alice".to_owned(),
        title: String::new(),
        subject: Some("maths".to_owned()),
        learner_profile: None,
        revision: 1,
        created_at: 0,
        updated_at: 0,
        fields_revision: 1,
        resumable_from: 0,
    }
}

/// A plan that knows the message at `position`, and shows something of a topic.
fn plan(position: i64, text: &str) -> NewFocus {
    NewFocus {
        position,
        source: FocusSource::Planned,
        planned_at: position,
        plan: text.to_owned(),
        lessons: vec![Lesson {
            topic: text.to_owned(),
            change: Change::Up(0.5),
            evidence: None,
        }],
    }
}

#[test]
fn a_plan_is_carried_on_only_while_it_is_the_newest() {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    connection.run_pending_migrations(MIGRATIONS).unwrap();
    // The session has no row.
    diesel::sql_query("PRAGMA foreign_keys = OFF")
        .execute(&mut connection)
        .unwrap();
    let session = session();
    let known = |connection: &mut SqliteConnection| {
        let topics = topics::of_subject(connection, "alice", "maths").unwrap();
        let mut names: Vec<_> = topics.into_iter().map(|topic| topic.topic).collect();
        names.sort();
        names
    };
    let of = (&session, "alice");
    insert(&mut connection, of, &plan(1, "first")).unwrap();
    assert!(carry_on(&mut connection, of, &plan(2, "marked"), 1).unwrap());
    insert(&mut connection, of, &plan(2, "by a model")).unwrap();

    // It was made from the plan before the model's.
    assert!(!carry_on(&mut connection, of, &plan(2, "stale"), 2).unwrap());
    assert_eq!(last(&mut connection, session.id).unwrap(), (3, 2));
    assert_eq!(known(&mut connection), ["by a model", "first", "marked"]);

    // A later message has turned to something else already.
    insert(&mut connection, of, &plan(5, "another topic")).unwrap();
    assert!(carry_on(&mut connection, of, &plan(4, "late"), 3).unwrap());
    assert_eq!(last(&mut connection, session.id).unwrap(), (4, 5));
    assert!(
        known(&mut connection).contains(&"late".to_owned()),
        "what was learnt is kept"
    );
}
