//! Every setting, its default and its variable. Flags win over variables, variables over `tutorstream.toml`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use secrecy::SecretString;
use serde::Deserialize;

/// How much a power cut may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// Nothing that was shown: every group commit is synced to the disk.
    #[default]
    Full,
    /// At most the last moments: synced when the log is moved into the database. A crash of the process takes nothing.
    Normal,
    /// Never synced: a reference for measurements, not for use.
    Off,
}

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
    /// How long running turns may go on after SIGTERM, in seconds [default: 20]
    #[arg(long, env = "TUTORSTREAM_DRAIN_SECONDS")]
    pub drain_seconds: Option<u64>,
    /// Settings file [default: tutorstream.toml, if there is one]
    #[arg(long, env = "TUTORSTREAM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Base URL of an OpenAI-compatible API [default: OpenAI's]
    #[arg(long, env = "OPENAI_BASE_URL")]
    pub openai_base_url: Option<String>,
    /// Key of that API; variable only, so that it does not stand in the process list
    #[arg(skip)]
    pub openai_api_key: Option<SecretString>,
    /// Model to ask for
    #[arg(long, env = "OPENAI_MODEL")]
    pub openai_model: Option<String>,
}

/// `tutorstream.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bind: Option<SocketAddr>,
    database_url: Option<String>,
    durability: Option<Durability>,
    merge_window_ms: Option<u64>,
    commit_window_ms: Option<u64>,
    drain_seconds: Option<u64>,
    #[serde(default)]
    allowed_origins: Vec<String>,
    instructions: Option<String>,
    context_tokens: Option<usize>,
    provider: Option<ProviderFile>,
}

/// The table `[provider]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    name: Option<String>,
    base_url: Option<String>,
    model: Option<String>,
    api_key: Option<SecretString>,
    continues_partial: Option<bool>,
    continuation: Option<Continuation>,
    first_delta_timeout_seconds: Option<u64>,
    idle_timeout_seconds: Option<u64>,
    total_timeout_seconds: Option<u64>,
}

/// How a provider is asked to go on from a partial reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Continuation {
    /// The conversation ends with the partial reply (llama.cpp, OpenRouter).
    #[default]
    LastMessage,
    /// The last message carries `"prefix": true` (Mistral, DeepSeek).
    Prefix,
    /// `"continue_final_message": true` (vLLM).
    ContinueFinalMessage,
}

/// How to reach an OpenAI-compatible API.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Its name for people, logs and `turn-start`.
    pub name: String,
    /// Without a slash at the end.
    pub base_url: String,
    /// Model to ask for.
    pub model: String,
    /// Sent as a bearer token.
    pub api_key: Option<SecretString>,
    /// Whether it goes on from a partial reply.
    pub continues_partial: bool,
    /// How it is asked to.
    pub continuation: Continuation,
    /// Longest wait for the first delta.
    pub first_delta_timeout: Duration,
    /// Longest silence between deltas.
    pub idle_timeout: Duration,
    /// Longest reply.
    pub total_timeout: Duration,
}

/// Everything `serve` needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address to listen on.
    pub bind: SocketAddr,
    /// The database file.
    pub database: PathBuf,
    /// How much a power cut may take.
    pub durability: Durability,
    /// Deltas of a turn that arrive within this time become one event.
    pub merge_window: Duration,
    /// Least time between two group commits.
    pub commit_window: Duration,
    /// How long running turns may go on after SIGTERM.
    pub drain: Duration,
    /// Origins that browsers may call from, exactly as they send them.
    pub allowed_origins: Vec<String>,
    /// The tutor's instructions, instead of the bundled ones.
    pub instructions: Option<String>,
    /// How many tokens of conversation a prompt may have.
    pub context_tokens: usize,
    /// `None`: the practice tutor answers.
    pub provider: Option<ProviderSettings>,
}

/// Why the settings cannot be used. The words are meant for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The settings file says something that is no setting.
    #[error("{path}: {source}")]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        source: toml::de::Error,
    },
    /// The database cannot be used by this program.
    #[error("database URL {0:?} is not supported: use sqlite://path/to/file.db")]
    Database(String),
    /// What a browser sends as `Origin` looks otherwise.
    #[error(
        "allowed_origins: {0:?} is no origin: write it as a browser sends it, https://chat.example or http://localhost:3000"
    )]
    Origin(String),
    /// Without authentication the service is for this machine only.
    #[error("refusing to listen on {0}: no authentication is configured, so only a loopback address is safe")]
    NotLoopback(SocketAddr),
}

const DEFAULT_CONFIG: &str = "tutorstream.toml";
const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
const DEFAULT_MODEL: &str = "gpt-5-mini";

impl Settings {
    /// Flags, variables and file, merged and checked.
    ///
    /// # Errors
    /// One [`ConfigError`] for each reason not to start.
    pub fn load(args: ServeArgs) -> Result<Self, ConfigError> {
        let file = read_file(args.config.as_deref())?;
        let provider = provider(&args, file.provider.unwrap_or_default());
        let milliseconds = Duration::from_millis;
        let settings = Self {
            bind: args
                .bind
                .or(file.bind)
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            database: database_path(args.database_url.or(file.database_url))?,
            durability: args.durability.or(file.durability).unwrap_or_default(),
            merge_window: milliseconds(args.merge_window_ms.or(file.merge_window_ms).unwrap_or(25)),
            commit_window: milliseconds(file.commit_window_ms.unwrap_or(2)),
            drain: Duration::from_secs(args.drain_seconds.or(file.drain_seconds).unwrap_or(20)),
            allowed_origins: origins(file.allowed_origins)?,
            instructions: file.instructions,
            context_tokens: file.context_tokens.unwrap_or(8_000),
            provider,
        };
        if settings.bind.ip().is_loopback() {
            Ok(settings)
        } else {
            Err(ConfigError::NotLoopback(settings.bind))
        }
    }
}

fn read_file(path: Option<&Path>) -> Result<File, ConfigError> {
    let default = Path::new(DEFAULT_CONFIG);
    let path = match path {
        Some(path) => path,
        None if default.exists() => default,
        None => return Ok(File::default()),
    };
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|source| ConfigError::Parse {
        path: path.to_owned(),
        source,
    })
}

/// Scheme, host and perhaps a port (RFC 6454, section 6.2); nothing after them, no wildcard.
fn origins(origins: Vec<String>) -> Result<Vec<String>, ConfigError> {
    let host = |origin: &str| origin.split_once("://").map(|(_, host)| host.to_owned());
    let fits = |origin: &String| {
        let scheme = origin.starts_with("http://") || origin.starts_with("https://");
        scheme
            && host(origin)
                .is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']))
    };
    match origins.iter().find(|origin| !fits(origin)) {
        Some(origin) => Err(ConfigError::Origin(origin.clone())),
        None => Ok(origins),
    }
}

fn database_path(url: Option<String>) -> Result<PathBuf, ConfigError> {
    let url = url.unwrap_or_else(|| "sqlite://data/tutorstream.db".to_owned());
    match url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))
    {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err(ConfigError::Database(url)),
    }
}

/// A provider is configured when a key, a base URL or a table says so.
fn provider(args: &ServeArgs, file: ProviderFile) -> Option<ProviderSettings> {
    let api_key = args.openai_api_key.clone().or(file.api_key);
    let base_url = args.openai_base_url.clone().or(file.base_url);
    if api_key.is_none() && base_url.is_none() {
        return None;
    }
    let base_url = base_url.unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
    let seconds = |value: Option<u64>, default| Duration::from_secs(value.unwrap_or(default));
    Some(ProviderSettings {
        name: file.name.unwrap_or_else(|| "openai".to_owned()),
        base_url: base_url.trim_end_matches('/').to_owned(),
        model: args
            .openai_model
            .clone()
            .or(file.model)
            .unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
        api_key,
        continues_partial: file.continues_partial.unwrap_or(false),
        continuation: file.continuation.unwrap_or_default(),
        first_delta_timeout: seconds(file.first_delta_timeout_seconds, 60),
        idle_timeout: seconds(file.idle_timeout_seconds, 30),
        total_timeout: seconds(file.total_timeout_seconds, 900),
    })
}

/// The key of the OpenAI-compatible API, from its variable. An empty one counts as none.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads a variable by itself"
)]
pub fn openai_api_key() -> Option<SecretString> {
    std::env::var("OPENAI_API_KEY")
        .ok()
        .filter(|key| !key.is_empty())
        .map(SecretString::from)
}
