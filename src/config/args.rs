//! What the command line and the variables say.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

use super::Durability;
use super::planner::Planning;
use crate::telemetry::LogFormat;

/// What `serve` is told on the command line and by variables.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// Address to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "TUTORSTREAM_BIND")]
    pub bind: Option<SocketAddr>,
    /// Where the database is [default: sqlite://data/tutorstream.db]
    #[arg(long, env = "DATABASE_URL")]
    pub database_url: Option<String>,
    /// How much a power cut may take [default: full]
    #[arg(long, env = "TUTORSTREAM_DURABILITY")]
    pub durability: Option<Durability>,
    /// Deltas of a turn that arrive within so many milliseconds become one event [default: 25]
    #[arg(long, env = "TUTORSTREAM_MERGE_WINDOW_MS")]
    pub merge_window_ms: Option<u64>,
    /// Least time between two commits under load, in milliseconds [default: 2]
    #[arg(long, env = "TUTORSTREAM_COMMIT_WINDOW_MS")]
    pub commit_window_ms: Option<u64>,
    /// How long running turns may go on after SIGTERM, in seconds [default: 20]
    #[arg(long, env = "TUTORSTREAM_DRAIN_SECONDS")]
    pub drain_seconds: Option<u64>,
    /// Whether sessions are planned [default: on]
    #[arg(long, env = "TUTORSTREAM_PLANNER")]
    pub planner: Option<Planning>,
    /// Serve the chat page and the API's documentation [default: true on loopback, false elsewhere]
    #[arg(long, env = "TUTORSTREAM_PAGES", num_args = 0..=1, default_missing_value = "true")]
    pub pages: Option<bool>,
    /// Settings file [default: tutorstream.toml, if there is one]
    #[arg(long, env = "TUTORSTREAM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Providers' names may lead into private networks, unless their tables say otherwise
    #[arg(long, env = "TUTORSTREAM_ALLOW_PRIVATE_ADDRESSES")]
    pub allow_private_addresses: bool,
    /// Base URL of an OpenAI-compatible API [default: OpenAI's]
    #[arg(long, env = "OPENAI_BASE_URL")]
    pub openai_base_url: Option<String>,
    /// Key of that API; variable only, so that it does not stand in the process list
    #[arg(skip)]
    pub openai_api_key: Option<SecretString>,
    /// Model to ask for
    #[arg(long, env = "OPENAI_MODEL")]
    pub openai_model: Option<String>,
    /// Base URL of an API that speaks Anthropic's Messages [default: Anthropic's]
    #[arg(long, env = "ANTHROPIC_BASE_URL")]
    pub anthropic_base_url: Option<String>,
    /// Key of that API; variable only, too
    #[arg(skip)]
    pub anthropic_api_key: Option<SecretString>,
    /// Model to ask it for
    #[arg(long, env = "ANTHROPIC_MODEL")]
    pub anthropic_model: Option<String>,
    /// Refuse requests without a token also on loopback [default: false, or true with [auth.jwt]]
    #[arg(long, env = "TUTORSTREAM_REQUIRE_AUTH", num_args = 0..=1, default_missing_value = "true")]
    pub require_auth: Option<bool>,
    /// Secret of HS256 tokens; variable only
    #[arg(skip)]
    pub jwt_secret: Option<SecretString>,
    /// What `/metrics` asks for; variable only
    #[arg(skip)]
    pub metrics_token: Option<SecretString>,
}

/// Which database the commands beside `serve` work on.
#[derive(Args, Clone, Debug, Default)]
pub struct DatabaseArgs {
    /// Where the database is [default: sqlite://data/tutorstream.db]
    #[arg(long, env = "DATABASE_URL", global = true)]
    pub database_url: Option<String>,
    /// Settings file [default: tutorstream.toml, if there is one]
    #[arg(long, env = "TUTORSTREAM_CONFIG", global = true)]
    pub config: Option<PathBuf>,
}

impl ServeArgs {
    /// Reads the keys, which no flag may say, so that they do not stand in the process list.
    pub fn read_keys(&mut self) {
        self.openai_api_key = secret_variable("OPENAI_API_KEY");
        self.jwt_secret = secret_variable("TUTORSTREAM_JWT_SECRET");
        self.metrics_token = secret_variable("TUTORSTREAM_METRICS_TOKEN");
        self.anthropic_api_key = secret_variable("ANTHROPIC_API_KEY");
    }
}

/// A secret from its variable. An empty one counts as none.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads variables by itself"
)]
pub(super) fn secret_variable(name: &str) -> Option<SecretString> {
    std::env::var(name)
        .ok()
        .filter(|secret| !secret.is_empty())
        .map(SecretString::from)
}

/// How the log looks, from `TUTORSTREAM_LOG_FORMAT`: `json`, or else text. Read before anything can be logged.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the log is set up before the settings are read"
)]
pub fn log_format() -> LogFormat {
    match std::env::var("TUTORSTREAM_LOG_FORMAT") {
        Ok(format) if format.eq_ignore_ascii_case("json") => LogFormat::Json,
        _ => LogFormat::Text,
    }
}
