//! What `tutorstream.toml` says.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::auth::AuthFile;
use super::limits::LimitsFile;
use super::planner::PlannerTable;
use super::provider::ProviderTable;
use super::resilience::{BreakerTable, RetryTable};
use super::{ConfigError, Durability};

const DEFAULT_CONFIG: &str = "tutorstream.toml";

/// `tutorstream.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) bind: Option<SocketAddr>,
    pub(super) database_url: Option<String>,
    pub(super) durability: Option<Durability>,
    pub(super) merge_window_ms: Option<u64>,
    pub(super) commit_window_ms: Option<u64>,
    pub(super) drain_seconds: Option<u64>,
    #[serde(default)]
    pub(super) allowed_origins: Vec<String>,
    pub(super) pages: Option<bool>,
    #[serde(default)]
    pub(super) allowed_hosts: Vec<String>,
    pub(super) auth: Option<AuthFile>,
    pub(super) instructions: Option<String>,
    #[serde(default)]
    pub(super) retry: RetryTable,
    #[serde(default)]
    pub(super) breaker: BreakerTable,
    pub(super) fallback_message: Option<String>,
    #[serde(default)]
    pub(super) allow_provider_choice: bool,
    pub(super) instructions_file: Option<PathBuf>,
    pub(super) context_tokens: Option<usize>,
    pub(super) window_tokens: Option<usize>,
    pub(super) events_after: Option<String>,
    pub(super) planner: Option<PlannerTable>,
    #[serde(default)]
    pub(super) providers: Vec<ProviderTable>,
    #[serde(default)]
    pub(super) limits: LimitsFile,
}

/// The file that is named, or else the one in the working directory, if there is one.
pub(super) fn read(path: Option<&Path>) -> Result<File, ConfigError> {
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
    toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        ConfigError::Parse {
            path: path.to_owned(),
            line: before.unwrap_or_default().matches('\n').count() + 1,
            message: error.message().to_owned(),
        }
    })
}
