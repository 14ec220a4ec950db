//! A whole service for one test: the real program, a folder, a database and a fake upstream of its own.

mod discretion;
mod operator;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use rustix::process::Pid;
use tempfile::TempDir;

use self::discretion::check_log;
use crate::checker::check_database;
use crate::client::Client;
use crate::database::Database;
use crate::server::{ErrorLog, Launch, Refusal, Server};
pub(crate) use crate::setup::Setup;
use crate::upstream::Upstream;

/// A running service. When a test is through with it, nothing may be left streaming, nothing may have panicked, and
/// the log may not tell what is nobody's business.
pub(crate) struct TestApp {
    /// The browser of the one learner.
    pub(crate) learner: Client,
    pub(crate) upstream: Upstream,
    server: Server,
    log: ErrorLog,
    variables: Vec<(String, String)>,
    database: PathBuf,
    folder: TempDir,
}

impl TestApp {
    /// Starts what is set up.
    pub(crate) fn launch(setup: Setup) -> Result<Self, Refusal> {
        let log = ErrorLog::default();
        let Setup {
            variables,
            database,
            folder,
            upstream,
            descriptors,
            ..
        } = setup;
        let server = Server::start(
            &Launch {
                folder: folder.path(),
                variables: &variables,
                descriptors,
            },
            &log,
        )?;
        let learner = Client::new(&server.address);
        Ok(TestApp {
            learner,
            upstream,
            server,
            log,
            variables,
            database,
            folder,
        })
    }

    /// A service as it comes out of the box.
    pub(crate) fn start() -> Self {
        Setup::new().start()
    }

    /// Where the database is.
    pub(crate) fn database_path(&self) -> &Path {
        &self.database
    }

    /// A look into the database.
    pub(crate) fn database(&self) -> Database {
        Database::open(self.database_path())
    }

    /// How old the database was when the server noted it last.
    pub(crate) fn noted_age(&self) -> String {
        let mut marker = self.database_path().as_os_str().to_owned();
        marker.push(".lock");
        let noted = std::fs::read_to_string(marker).expect("the marker");
        noted.lines().last().expect("an age").to_owned()
    }

    /// Nothing of a request that was refused may be found afterwards.
    pub(crate) fn assert_untouched(&self) {
        for table in ["sessions", "messages", "turns", "idempotency_keys"] {
            assert_eq!(self.database().count(table), 0, "{table}");
        }
        assert_eq!(self.upstream.count(), 0);
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> Pid {
        self.server.pid()
    }

    /// What the server has logged.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Ends the server at once, as `kill -9` does.
    pub(crate) fn kill_9(&mut self) {
        self.server.kill_9();
    }

    /// Asks the server to end.
    pub(crate) fn sigterm(&self) {
        self.server.sigterm();
    }

    /// Waits until the server has ended.
    pub(crate) async fn exited(&mut self) -> ExitStatus {
        self.server.exited().await
    }

    /// Starts the server again on the same database; the learner finds it at its new address.
    pub(crate) fn restart(&mut self) {
        self.kill_9();
        let launch = Launch {
            folder: self.folder.path(),
            variables: &self.variables,
            descriptors: None,
        };
        self.server = Server::start(&launch, &self.log).unwrap_or_else(|refusal| panic!("{refusal:?}"));
        self.learner.move_to(&self.server.address);
    }

    /// Starts the server again with another variable.
    pub(crate) fn restart_with(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
        self.restart();
    }

    /// Starts a second server on the same database while the first one runs.
    pub(crate) fn try_second(&self) -> Result<Server, Refusal> {
        let launch = Launch {
            folder: self.folder.path(),
            variables: &self.variables,
            descriptors: None,
        };
        Server::start(&launch, &ErrorLog::default())
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the server's log\n{}---", self.log.text());
            return;
        }
        let mut database = self.database();
        check_database(&mut database);
        self.server.kill_9();
        let log = self.log.text();
        assert!(!log.contains("panicked"), "the server panicked:\n{log}");
        check_log(&log, &self.variables, &mut database);
    }
}
