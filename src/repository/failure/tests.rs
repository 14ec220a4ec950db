//! Each failure is provoked in the real SQLite, so that a version with other words is noticed.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::Failure;

fn open(path: &Path) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    connection
        .batch_execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;")
        .unwrap();
    connection
}

/// A table with a few pages in the log, and a place for more.
fn fill(connection: &mut SqliteConnection) {
    let fill = "CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB NOT NULL CHECK (length(x) < 9000)); \
                INSERT INTO t (x) SELECT randomblob(4000) FROM (VALUES (1), (2), (3), (4), (5), (6));";
    connection.batch_execute(fill).unwrap();
}

fn failure(connection: &mut SqliteConnection, sql: &str) -> Failure {
    let error = connection.batch_execute(sql).expect_err(sql);
    Failure::of(&error)
}

struct File {
    folder: tempfile::TempDir,
    connection: SqliteConnection,
}

impl File {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = open(&folder.path().join("f.db"));
        fill(&mut connection);
        Self { folder, connection }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn fails(&mut self, sql: &str) -> Failure {
        failure(&mut self.connection, sql)
    }
}

const INSERT: &str = "INSERT INTO t (x) VALUES (randomblob(4000))";

#[test]
fn a_lock_of_another_connection_is_a_lock() {
    let mut file = File::new();
    let mut other = open(&file.path("f.db"));
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    assert_eq!(file.fails("BEGIN IMMEDIATE"), Failure::Locked);
    assert_eq!(file.fails(INSERT), Failure::Locked);
}

#[test]
fn a_full_database_is_full_in_the_statement_and_in_the_commit() {
    let mut file = File::new();
    file.connection
        .batch_execute("PRAGMA max_page_count = 1; BEGIN IMMEDIATE")
        .unwrap();
    assert_eq!(file.fails(INSERT), Failure::Full);
}

#[test]
fn a_log_that_was_cut_under_it_is_an_error_of_the_disk() {
    let file = File::new();
    let mut other = open(&file.path("f.db"));
    let log = std::fs::File::options()
        .write(true)
        .open(file.path("f.db-wal"))
        .unwrap();
    log.set_len(32).unwrap();
    let words = "SELECT count(*) FROM t WHERE length(x) > 5";
    assert_eq!(failure(&mut other, words), Failure::Broken);
}

#[test]
fn a_log_that_cannot_be_opened_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.db");
    let mut first = open(&path);
    fill(&mut first);
    drop(first);
    std::fs::create_dir(folder.path().join("f.db-wal")).unwrap();
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    assert_eq!(failure(&mut connection, INSERT), Failure::Broken);
}

#[test]
fn a_connection_that_may_not_write_is_broken() {
    let mut file = File::new();
    file.connection.batch_execute("PRAGMA query_only = ON").unwrap();
    assert_eq!(file.fails(INSERT), Failure::Broken);
}

#[test]
fn a_file_of_something_else_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.db");
    std::fs::write(&path, "no database at all, whatever its name says".repeat(300)).unwrap();
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    assert_eq!(failure(&mut connection, INSERT), Failure::Broken);
}

#[test]
fn a_damaged_page_is_the_fault_of_the_statement_that_reads_it() {
    use std::os::unix::fs::FileExt;
    let file = File::new();
    let path = file.path("f.db");
    drop(file.connection);
    let pages = std::fs::File::options().write(true).open(&path).unwrap();
    let length = pages.metadata().unwrap().len();
    // All but the schema.
    pages
        .write_all_at(&vec![0xa5; usize::try_from(length).unwrap() - 4096], 4096)
        .unwrap();
    let mut connection = open(&path);
    assert_eq!(
        failure(&mut connection, "SELECT sum(length(x)) FROM t"),
        Failure::Statement
    );
    connection
        .batch_execute("CREATE TABLE another (id INTEGER)")
        .unwrap();
}

#[test]
fn what_is_wrong_with_a_statement_is_no_failure_of_the_database() {
    let mut file = File::new();
    file.connection
        .batch_execute(
            "CREATE TRIGGER refuse BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'the disk I/O error is full and locked'); END",
        )
        .unwrap();
    for sql in [
        "INSERT INTO t (id, x) VALUES (1, x'00')",
        "INSERT INTO t (x) VALUES (NULL)",
        "INSERT INTO t (x) VALUES (zeroblob(9000))",
        "INSERT INTO t (id, x) VALUES ('a word', x'00')",
        "INSERT INTO t (x) VALUES (zeroblob(1000000001))",
        "SELECT abs(-9223372036854775808)",
        "INSERT INTO no_such_table VALUES (1)",
        "DELETE FROM t",
        "COMMIT",
    ] {
        assert_eq!(file.fails(sql), Failure::Statement, "{sql}");
    }
}
