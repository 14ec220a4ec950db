//! Why the settings cannot be used.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::agent::TemplateError;

use super::ProviderProblem;

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
    #[error("{path}, line {line}: {message}")]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong there, without the line itself: a key may stand in it.
        message: String,
    },
    /// The database cannot be used by this program.
    #[error("database URL {0:?} is not supported: use sqlite://path/to/file.db")]
    Database(String),
    /// What a browser sends as `Origin` looks otherwise.
    #[error(
        "allowed_origins: {0:?} is no origin: write it as a browser sends it, https://chat.example or http://localhost:3000"
    )]
    Origin(String),
    /// A provider cannot be used as it is configured.
    #[error("provider {name:?}: {problem}")]
    Provider {
        /// Which one.
        name: String,
        /// Why not.
        problem: ProviderProblem,
    },
    /// What a request names as `Host` looks otherwise.
    #[error(
        "allowed_hosts: {0:?} is no host: write a name or an address, perhaps with a port, or \"*\" for all"
    )]
    Host(String),
    /// An address for all of this machine's says nothing about what they are called.
    #[error(
        "refusing to listen on {0} without allowed_hosts: name the hosts that requests are for, or \"*\" for all"
    )]
    NoHosts(SocketAddr),
    /// Who may come in is not said, or not safely.
    #[error("auth: {0}")]
    Auth(&'static str),
    /// Instructions that cannot be used.
    #[error(transparent)]
    Instructions(TemplateError),
    /// Only one of them can be meant.
    #[error("instructions and instructions_file are both set: choose one")]
    TwoInstructions,
    /// Too small to plan and answer in.
    #[error("window_tokens: {0} is too small, the least is 4096")]
    Window(usize),
    /// No message could ever be sent.
    #[error(
        "limits.storage_bytes: {0} is less than one reply may have ({1}, the largest max_answer_bytes): \
         name more, or 0 for no limit"
    )]
    Storage(u64, u64),
    /// No length of time.
    #[error("events_after: {0:?} is no length of time: write 30d, 12h, 15m or 30s, or \"never\"")]
    EventsAfter(String),
    /// The planner's provider is none of those that are configured.
    #[error("planner: there is no provider named {0:?}")]
    Planner(String),
    /// Without authentication the service is for this machine only.
    #[error(
        "refusing to listen on {0}: no authentication is configured, so only a loopback address is safe; \
         set auth.required (TUTORSTREAM_REQUIRE_AUTH=true) or [auth.jwt]"
    )]
    NotLoopback(SocketAddr),
}
