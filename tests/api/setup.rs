//! How a service for one test is set up.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::app::TestApp;
use crate::server::Refusal;
use crate::upstream::Upstream;

/// What the provider is asked with. Nobody else ever sees it.
pub(crate) const PROVIDER_KEY: &str = "test-key-not-a-secret";

/// What is logged where much is asked: see [`Setup::flooded`].
pub(crate) const FLOODED: &str = "info,tutorstream=trace";

/// How a service is to be set up.
pub(crate) struct Setup {
    pub(crate) variables: Vec<(String, String)>,
    settings: Vec<String>,
    limits: Vec<String>,
    pub(crate) descriptors: Option<u32>,
    provider: Vec<String>,
    tables: String,
    retry: Vec<String>,
    pub(crate) database: PathBuf,
    pub(crate) folder: TempDir,
    pub(crate) upstream: Upstream,
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
            // Learners wait for a provider; tests need not.
            retry: vec!["base_ms = 2\n".to_owned()],
            database: database.clone(),
            folder,
            upstream,
        };
        setup
            .database_at(&database)
            .variable("TUTORSTREAM_BIND", "127.0.0.1:0")
            .variable("OPENAI_BASE_URL", &base_url)
            .variable("OPENAI_API_KEY", PROVIDER_KEY)
            .variable("OPENAI_MODEL", "fake-model")
            .variable("TUTORSTREAM_PLANNER", "off")
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

    /// A line of the settings file's table `[retry]`.
    pub(crate) fn retry(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.retry.retain(|line| !line.starts_with(&format!("{name} =")));
        self.retry.push(format!("{name} = {value}\n"));
        self
    }

    /// A provider that fails is not asked again.
    pub(crate) fn without_retries(self) -> Self {
        self.retry("tries", 1).retry("further_attempts", 0)
    }

    /// Sessions are planned, which they are not in tests of other things.
    pub(crate) fn planning(self) -> Self {
        self.variable("TUTORSTREAM_PLANNER", "on")
    }

    /// The provider goes on from a partial reply.
    pub(crate) fn continues_partial(self) -> Self {
        self.provider("continues_partial", true)
    }

    /// Nearly every delta becomes an event of its own.
    pub(crate) fn without_merging(self) -> Self {
        self.variable("TUTORSTREAM_MERGE_WINDOW_MS", "0")
    }

    /// So much is asked that the lines of libraries would be most of the work: at TRACE the service logs alone.
    pub(crate) fn flooded(self) -> Self {
        self.variable("RUST_LOG", FLOODED)
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

    fn settings_file(&self) -> String {
        let [settings, limits, provider, retry] =
            [&self.settings, &self.limits, &self.provider, &self.retry].map(|lines| lines.concat());
        let mut file = format!("{settings}{}\n[limits]\n{limits}[retry]\n{retry}", self.tables);
        if !provider.is_empty() {
            file += &format!("[[providers]]\nwire = \"openai-chat\"\n{provider}");
        }
        file
    }

    pub(crate) fn try_start(mut self) -> Result<TestApp, Refusal> {
        // A test may have a settings file of its own.
        if !self
            .variables
            .iter()
            .any(|(name, _)| name == "TUTORSTREAM_CONFIG")
        {
            let file = self.folder.path().join("settings.toml");
            std::fs::write(&file, self.settings_file()).expect("a settings file");
            self = self.variable("TUTORSTREAM_CONFIG", &file.to_string_lossy());
        }
        TestApp::launch(self)
    }
}
