//! Every setting, its default and its variable. Flags win over variables, variables over `tutorstream.toml`.

mod age;
mod args;
mod auth;
mod error;
mod file;
mod hosts;
mod instructions;
mod limits;
mod planner;
mod provider;
mod resilience;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize;

use crate::agent::{ContextBudget, Template};
use crate::repository::{StorageLimits, TokenLimits, UserLimits};

pub use age::duration;
pub use args::{DatabaseArgs, ServeArgs, log_format};
pub use auth::{AuthSettings, JwtAlgorithm, JwtKeys, JwtSettings};
pub use error::ConfigError;
pub use hosts::AllowedHosts;
pub use limits::Limits;
pub use planner::PlannerConfig;
#[cfg(any(test, feature = "fuzzing"))]
pub use provider::fuzzing;
pub use provider::{
    AnswerLimits, Auth, Continuation, Deltas, ProviderProblem, ProviderSettings, Reach, RequestParameter,
    StructuredOutput, Thoughts, Timeouts, Wire, base_url, is_this_machine, reach, refused_parameter,
};
pub use resilience::{BreakerSettings, RetrySettings};

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
    /// Least time between two group commits under load; the main runtime gathers work for as long.
    pub commit_window: Duration,
    /// How long running turns may go on after SIGTERM.
    pub drain: Duration,
    /// Origins that browsers may call from, exactly as they send them.
    pub allowed_origins: Vec<String>,
    /// Whether the bundled pages are served.
    pub pages: bool,
    /// Hosts that requests may name.
    pub allowed_hosts: AllowedHosts,
    /// How much may be taken.
    pub limits: Limits,
    /// Who may come in.
    pub auth: AuthSettings,
    /// The tutor's instructions: the operator's, or else the bundled ones.
    pub instructions: Template,
    /// How much of a conversation the model is sent.
    pub context: ContextBudget,
    /// Who plans sessions. `None`: nobody does.
    pub planner: Option<PlannerConfig>,
    /// Who answers, in the order of the chain. None: the practice tutor does.
    pub providers: Vec<ProviderSettings>,
    /// When a provider that fails is asked again.
    pub retry: RetrySettings,
    /// When a provider that fails is left alone.
    pub breaker: BreakerSettings,
    /// How long after its end a turn keeps its log. `None`: for ever.
    pub events_after: Option<Duration>,
    /// What a learner is told when nobody could answer, instead of the bundled words.
    pub fallback_message: Option<String>,
    /// Whether a request may name the provider that is asked first.
    pub allow_provider_choice: bool,
}

impl Settings {
    /// Flags, variables and file, merged and checked.
    ///
    /// # Errors
    /// One [`ConfigError`] for each reason not to start.
    pub fn load(args: ServeArgs) -> Result<Self, ConfigError> {
        let file = file::read(args.config.as_deref())?;
        let providers = provider::providers(&args, file.providers)?;
        let auth = auth::settings(&args, file.auth.unwrap_or_default())?;
        let milliseconds = Duration::from_millis;
        let default = SocketAddr::from(([127, 0, 0, 1], 8080));
        let bind = args.bind.or(file.bind).unwrap_or(default);
        let context = ContextBudget::default();
        let settings = Self {
            bind,
            database: database_path(args.database_url.or(file.database_url))?,
            durability: args.durability.or(file.durability).unwrap_or_default(),
            merge_window: milliseconds(args.merge_window_ms.or(file.merge_window_ms).unwrap_or(25)),
            commit_window: milliseconds(args.commit_window_ms.or(file.commit_window_ms).unwrap_or(2)),
            drain: Duration::from_secs(args.drain_seconds.or(file.drain_seconds).unwrap_or(20)),
            allowed_origins: origins(file.allowed_origins)?,
            // What is for learners on the open net is the operator's to choose.
            pages: args.pages.or(file.pages).unwrap_or(bind.ip().is_loopback()),
            allowed_hosts: hosts(&file.allowed_hosts, bind)?,
            limits: limits::limits(file.limits, auth.required),
            auth,
            instructions: instructions::template(file.instructions, file.instructions_file.as_deref())?,
            context: ContextBudget {
                context_tokens: file.context_tokens.unwrap_or(context.context_tokens),
                window_tokens: window(file.window_tokens.unwrap_or(context.window_tokens))?,
            },
            planner: planner::settings(args.planner, file.planner, &providers)?,
            providers,
            retry: file.retry.into(),
            breaker: file.breaker.into(),
            events_after: age::events_after(file.events_after.as_deref())?,
            fallback_message: file.fallback_message,
            allow_provider_choice: file.allow_provider_choice,
        };
        if !settings.bind.ip().is_loopback() && !settings.auth.required {
            return Err(ConfigError::NotLoopback(settings.bind));
        }
        let storage = settings.user_limits().storage;
        if let Some(bytes) = storage.bytes.filter(|bytes| *bytes < storage.of_a_turn) {
            return Err(ConfigError::Storage(bytes, storage.of_a_turn));
        }
        // An address for all of this machine's says nothing about what they are called.
        if settings.bind.ip().is_unspecified() && settings.allowed_hosts.is_empty() {
            return Err(ConfigError::NoHosts(settings.bind));
        }
        Ok(settings)
    }
}

impl Settings {
    /// What a user may take. For each running turn the room of the longest reply is held.
    #[must_use]
    pub fn user_limits(&self) -> UserLimits {
        let longest = self.providers.iter().map(|provider| provider.limits.answer).max();
        let Limits {
            storage_bytes,
            sessions,
            messages,
            tokens_per_day,
            reserve_tokens,
            ..
        } = self.limits;
        UserLimits {
            storage: StorageLimits {
                bytes: storage_bytes,
                sessions,
                messages,
                of_a_turn: longest.unwrap_or_else(|| AnswerLimits::default().answer) as u64,
            },
            tokens: tokens_per_day.map(|per_day| TokenLimits {
                per_day,
                reserve: reserve_tokens,
            }),
        }
    }
}

impl DatabaseArgs {
    /// The database file that `serve` with the same settings uses.
    ///
    /// # Errors
    /// `Read`, `Parse`, `Database`.
    pub fn database(self) -> Result<PathBuf, ConfigError> {
        let file = file::read(self.config.as_deref())?;
        database_path(self.database_url.or(file.database_url))
    }
}

/// A smaller window has no room for instructions, a plan and a message.
fn window(tokens: usize) -> Result<usize, ConfigError> {
    const LEAST: usize = 4_096;
    if tokens < LEAST {
        return Err(ConfigError::Window(tokens));
    }
    Ok(tokens)
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

/// Names or addresses, each perhaps with a port.
fn hosts(hosts: &[String], bind: SocketAddr) -> Result<AllowedHosts, ConfigError> {
    if let Some(host) = hosts.iter().find(|host| !AllowedHosts::is_host(host)) {
        return Err(ConfigError::Host(host.clone()));
    }
    Ok(AllowedHosts::new(hosts, bind))
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
