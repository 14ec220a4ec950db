//! What one user, one address and everybody together may take. 0 switches a limit off.

use std::time::Duration;

use serde::Deserialize;

/// Descriptors that are not for connections: the database, the log, the listener, providers that are asked.
const RESERVED_DESCRIPTORS: u64 = 64;

const MIB: u64 = 1024 * 1024;

/// The table `[limits]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsFile {
    connections: Option<usize>,
    connections_per_address: Option<usize>,
    failed_authentications_per_minute: Option<u32>,
    parallel_requests: Option<usize>,
    turns: Option<usize>,
    requests_per_second: Option<u32>,
    requests_per_minute: Option<u32>,
    tokens_per_day: Option<u64>,
    reserve_tokens: Option<u32>,
    storage_bytes: Option<u64>,
    sessions: Option<u64>,
    messages: Option<u64>,
    stalled_reader_seconds: Option<u64>,
}

/// How much may be taken; `None` is without limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all.
    pub connections: Option<usize>,
    /// Connections of one address, which for IPv6 is a /64.
    pub connections_per_address: Option<usize>,
    /// Requests with a wrong token, of one address.
    pub failed_authentications_per_minute: Option<u32>,
    /// Whether the two limits on addresses count loopback too, where a proxy speaks for everybody.
    pub counts_loopback: bool,
    /// Requests of one user that are answered at the same time, open event streams among them.
    pub parallel_requests: Option<usize>,
    /// Turns of one user that have not ended.
    pub turns: Option<usize>,
    /// Requests of one user.
    pub requests_per_second: Option<u32>,
    /// Requests of one user.
    pub requests_per_minute: Option<u32>,
    /// Tokens of one user in a day of UTC, read and written.
    pub tokens_per_day: Option<u64>,
    /// Tokens that are held for a reply, and for more of it, where nothing says how long it may be.
    pub reserve_tokens: u32,
    /// Bytes that one user stores: texts, logs, and what is held for replies that are being written.
    pub storage_bytes: Option<u64>,
    /// Sessions of one user.
    pub sessions: Option<u64>,
    /// Messages of one user.
    pub messages: Option<u64>,
    /// How long a reader may take nothing of what waits for it.
    pub stalled_reader: Option<Duration>,
}

/// What is set, and else the default. The one user of a service without authentication has none of the limits of
/// users that are not set.
pub(super) fn limits(file: LimitsFile, has_users: bool) -> Limits {
    let counts_loopback =
        file.connections_per_address.is_some() || file.failed_authentications_per_minute.is_some();
    let of_users = |default: u64| if has_users { default } else { 0 };
    Limits {
        connections: count(file.connections, 20_000).map(|most| most.min(descriptors())),
        connections_per_address: count(file.connections_per_address, 512),
        failed_authentications_per_minute: number(file.failed_authentications_per_minute, 60),
        counts_loopback,
        parallel_requests: count(file.parallel_requests, of_users(128)),
        turns: count(file.turns, of_users(16)),
        requests_per_second: number(file.requests_per_second, of_users(50)),
        requests_per_minute: number(file.requests_per_minute, of_users(600)),
        tokens_per_day: amount(file.tokens_per_day, of_users(2_000_000)),
        // Without any a reply could not be asked for.
        reserve_tokens: file.reserve_tokens.unwrap_or(4_096).max(1),
        storage_bytes: amount(file.storage_bytes, of_users(256 * MIB)),
        sessions: amount(file.sessions, of_users(10_000)),
        messages: amount(file.messages, of_users(100_000)),
        stalled_reader: Some(file.stalled_reader_seconds.unwrap_or(30))
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs),
    }
}

fn count(set: Option<usize>, default: u64) -> Option<usize> {
    let default = usize::try_from(default).unwrap_or(usize::MAX);
    Some(set.unwrap_or(default)).filter(|most| *most > 0)
}

fn amount(set: Option<u64>, default: u64) -> Option<u64> {
    Some(set.unwrap_or(default)).filter(|most| *most > 0)
}

fn number(set: Option<u32>, default: u64) -> Option<u32> {
    let default = u32::try_from(default).unwrap_or(u32::MAX);
    Some(set.unwrap_or(default)).filter(|most| *most > 0)
}

/// How many connections this process can have: each may need a second descriptor, for its provider's reply.
fn descriptors() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let left = limit.map_or(u64::MAX, |limit| limit.saturating_sub(RESERVED_DESCRIPTORS) / 2);
    usize::try_from(left.max(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_users_only_what_is_set_is_limited() {
        let bare = limits(LimitsFile::default(), false);
        assert_eq!(
            (bare.parallel_requests, bare.turns, bare.requests_per_second),
            (None, None, None)
        );
        assert_eq!((bare.requests_per_minute, bare.tokens_per_day), (None, None));
        assert_eq!(
            (bare.storage_bytes, bare.sessions, bare.messages),
            (None, None, None)
        );
        assert!(bare.connections.is_some() && bare.stalled_reader.is_some());
        let file = LimitsFile {
            turns: Some(3),
            ..LimitsFile::default()
        };
        assert_eq!(limits(file, false).turns, Some(3));
    }

    #[test]
    fn zero_switches_a_default_off() {
        let file: LimitsFile =
            toml::from_str("parallel_requests = 0\ntokens_per_day = 0\nstalled_reader_seconds = 0")
                .expect("a table");
        let limits = limits(file, true);
        assert_eq!(
            (
                limits.parallel_requests,
                limits.tokens_per_day,
                limits.stalled_reader
            ),
            (None, None, None)
        );
        assert_eq!(limits.turns, Some(16));
    }
}
