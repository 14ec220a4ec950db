use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use diesel_migrations::MigrationHarness;

use super::PARTS;
use crate::repository::open::MIGRATIONS;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
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
/// `export.rs` and `account.rs`.
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
        ("session_summaries", Fate::Exported),
        ("sessions", Fate::Exported),
        ("stream_tickets", Fate::Derived),
        ("turn_events", Fate::Derived),
        ("turns", Fate::Exported),
        ("usage_days", Fate::Exported),
    ])
}

#[test]
fn every_table_is_exported_or_left_out_for_a_reason() {
    let mut connection = SqliteConnection::establish(":memory:").expect("a database");
    connection.run_pending_migrations(MIGRATIONS).expect("migrations");
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
