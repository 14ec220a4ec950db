//! A whole service for one test: the real program, a folder, a database and a fake upstream of its own.

mod operator;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tempfile::TempDir;

use crate::checker::check_database;
use crate::client::Client;
use crate::database::Database;
use crate::server::{ErrorLog, Launch, Refusal, Server};
use crate::upstream::Upstream;

/// How a service is to be set up.
pub(crate) struct Setup {
    variables: Vec<(String, String)>,
    settings: Vec<String>,
    limits: Vec<String>,
    descriptors: Option<u32>,
    provider: Vec<String>,
    tables: String,
    database: PathBuf,
    folder: TempDir,
    upstream: Upstream,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let upstream = Upstream::start();
        let (database, base_url) = (folder.path().join("tutor.db"), upstream.base_url());
        let setup = Self {
            variables: Vec::new(),
            settings: Vec::new(),
            limits: Vec::new(),
            descriptors: None,
            provider: Vec::new(),
            tables: String::new(),
            database: database.clone(),
            folder,
            upstream,
        };
        setup
            .database_at(&database)
            .variable("TUTORSTREAM_BIND", "127.0.0.1:0")
            .variable("OPENAI_BASE_URL", &base_url)
            .variable("OPENAI_API_KEY", "test-key-not-a-secret")
            .variable("OPENAI_MODEL", "fake-model")
            .variable("RUST_LOG", "info")
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A line of the settings file, outside of its tables.
    pub(crate) fn setting(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.settings.push(format!("{name} = {value}\n"));
        self
    }

    /// A line of the settings file's table `[limits]`.
    pub(crate) fn limit(mut self, name: &str, value: u64) -> Self {
        self.limits.retain(|line| !line.starts_with(&format!("{name} ")));
        self.limits.push(format!("{name} = {value}\n"));
        self
    }

    /// How many file descriptors the server may have.
    pub(crate) fn descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// A line of the settings file's table `[[providers]]`.
    pub(crate) fn provider(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.provider.push(format!("{name} = {value}\n"));
        self
    }

    /// Tables of the settings file beside `[provider]`.
    pub(crate) fn tables(mut self, text: &str) -> Self {
        self.tables.push_str(text);
        self
    }

    /// Nobody comes in without a token. How often users ask is not limited: tests ask as fast as they can.
    pub(crate) fn require_auth(self) -> Self {
        let unlimited = ["requests_per_second", "requests_per_minute"];
        let setup = unlimited
            .into_iter()
            .fold(self, |setup, name| setup.limit(name, 0));
        setup.variable("TUTORSTREAM_REQUIRE_AUTH", "true")
    }

    /// Where the service's files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The provider goes on from a partial reply.
    pub(crate) fn continues_partial(self) -> Self {
        self.provider("continues_partial", true)
    }

    /// Nearly every delta becomes an event of its own.
    pub(crate) fn without_merging(self) -> Self {
        self.variable("TUTORSTREAM_MERGE_WINDOW_MS", "0")
    }

    /// How long turns may go on after SIGTERM.
    pub(crate) fn drain_seconds(self, seconds: u32) -> Self {
        self.variable("TUTORSTREAM_DRAIN_SECONDS", &seconds.to_string())
    }

    /// The database is to be there, instead of in the service's own folder.
    pub(crate) fn database_at(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.database);
        self.variable("DATABASE_URL", &format!("sqlite://{}", path.display()))
    }

    /// Nobody is configured to answer.
    pub(crate) fn without_provider(mut self) -> Self {
        self.variables.retain(|(name, _)| !name.starts_with("OPENAI_"));
        self
    }

    pub(crate) fn start(self) -> TestApp {
        self.try_start().unwrap_or_else(|refusal| panic!("{refusal:?}"))
    }

    pub(crate) fn try_start(mut self) -> Result<TestApp, Refusal> {
        let [settings, limits, provider] =
            [&self.settings, &self.limits, &self.provider].map(|lines| lines.concat());
        let tables = &self.tables;
        if !(settings.is_empty() && limits.is_empty() && provider.is_empty() && tables.is_empty()) {
            let file = self.folder.path().join("settings.toml");
            let mut text = format!("{settings}{tables}\n[limits]\n{limits}");
            if !provider.is_empty() {
                text += &format!("[[providers]]\nwire = \"openai-chat\"\n{provider}");
            }
            std::fs::write(&file, text).expect("a settings file");
            self = self.variable("TUTORSTREAM_CONFIG", &file.to_string_lossy());
        }
        let log = ErrorLog::default();
        let Self {
            variables,
            database,
            folder,
            upstream,
            descriptors,
            ..
        } = self;
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
}

/// A running service. When a test is through with it, nothing may be left streaming and nothing may have panicked.
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
        check_database(&mut self.database());
        self.server.kill_9();
        let log = self.log.text();
        assert!(!log.contains("panicked"), "the server panicked:\n{log}");
    }
}
