use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use diesel_migrations::MigrationHarness;

use super::parts::PARTS;
use super::{ExportPlace, page};
use crate::repository::open::MIGRATIONS;
use crate::repository::page::PAGE_BYTES;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn empty() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").expect("a database");
    connection.run_pending_migrations(MIGRATIONS).expect("migrations");
    connection
}

/// What a table means to its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Exported, and deleted with the account.
    Exported,
    /// Deleted, and not exported: it is made from what is.
    Derived,
    /// The operator's.
    Kept,
}

/// A new table is a question: is it in the export, and does it go with the account? The answer stands here, and in
/// `export/parts.rs` and `account.rs`.
fn fates() -> BTreeMap<&'static str, Fate> {
    BTreeMap::from([
        ("__diesel_schema_migrations", Fate::Kept),
        ("api_tokens", Fate::Kept),
        ("attempts", Fate::Exported),
        ("commit_batches", Fate::Derived),
        ("idempotency_keys", Fate::Exported),
        ("log_gaps", Fate::Derived),
        ("learner_topics", Fate::Exported),
        ("learners", Fate::Exported),
        ("messages", Fate::Exported),
        // How much of the rate of this minute is taken: goes by itself, and must not be had anew.
        ("request_rates", Fate::Kept),
        ("session_focus", Fate::Exported),
        ("session_observers", Fate::Exported),
        ("session_readers", Fate::Exported),
        ("session_summaries", Fate::Exported),
        ("sessions", Fate::Exported),
        ("stream_tickets", Fate::Derived),
        // What calls under way may yet cost today: goes when they end, and must not be had anew.
        ("token_reservations", Fate::Kept),
        ("turn_events", Fate::Derived),
        ("turn_reasoning", Fate::Exported),
        ("turns", Fate::Exported),
        ("usage_days", Fate::Exported),
        // Sums of what is exported.
        ("user_storage", Fate::Derived),
    ])
}

#[test]
fn every_table_is_exported_or_left_out_for_a_reason() {
    let mut connection = empty();
    let names =
        diesel::sql_query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    let names = names.load::<Name>(&mut connection).expect("tables");
    let mut tables: Vec<_> = names.into_iter().map(|row| row.name).collect();
    tables.sort();
    assert_eq!(tables, fates().keys().copied().collect::<Vec<_>>());

    for (table, fate) in fates() {
        let exported = PARTS.iter().any(|part| part.rows.contains(&format!("{table} ")));
        assert_eq!(exported, fate == Fate::Exported, "{table}");
    }
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[test]
fn every_page_of_an_export_is_read_by_an_index_and_sorts_nothing() {
    let mut connection = empty();
    let begun = ExportPlace {
        after: Some(std::array::from_fn(|_| "1".to_owned())),
        session: "s".to_owned(),
        part: 0,
    };
    for part in PARTS {
        for place in [&ExportPlace::default(), &begun] {
            for mut statement in part.statements("alice", place) {
                statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
                let sql = statement.sql.clone();
                let steps = statement.query().load::<Step>(&mut connection).expect("a plan");
                let plan: Vec<_> = steps.into_iter().map(|step| step.detail).collect();
                let by_index = plan
                    .iter()
                    .all(|step| step.starts_with("SEARCH ") && !step.contains("TEMP"));
                assert!(by_index && !plan.is_empty(), "{plan:?}: {sql}");
            }
        }
    }
}

/// A user with two sessions of 1,500 messages, one that is empty, and another user between them.
const ROWS: &str = "INSERT INTO sessions (id, owner, title, revision, created_at, updated_at) VALUES
    ('a', 'alice', 'A', 1, 1, 1), ('b', 'bob', 'B', 1, 1, 1), ('c', 'alice', 'C', 1, 1, 1), ('d', 'alice', 'D', 1, 1, 1);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
    INSERT INTO messages (id, session_id, position, role, content, status, created_at, updated_at)
    SELECT s.id || i, s.id, i, 'user', printf('%1000d', i), 'complete', 1, 1 FROM n, sessions s WHERE s.id <> 'c'";

#[test]
fn pages_of_an_export_have_all_rows_once_in_their_order_and_a_bound() {
    use diesel::connection::SimpleConnection;
    let mut connection = empty();
    connection.batch_execute(ROWS).expect("rows");
    let (mut place, mut pages, mut found) = (ExportPlace::default(), 0, Vec::new());
    while let Some((lines, next)) = page(&mut connection, "alice", &place).expect("a page") {
        assert!(lines.len() <= PAGE_BYTES + 1, "{}", lines.len());
        (place, pages) = (next, pages + 1);
        for line in lines.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            if line["type"] == "message" {
                let session = line["sessionId"].as_str().expect("an id").to_owned();
                found.push((session, line["position"].as_i64().expect("a number")));
            }
        }
    }
    let expected = ["a", "d"].map(|session| (1..=1_500).map(move |place| (session.to_owned(), place)));
    assert_eq!(found, expected.into_iter().flatten().collect::<Vec<_>>());
    assert!(pages > 3, "{pages}");
}
