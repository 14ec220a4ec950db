//! Times: now, and as they stand in JSON.

use chrono::{DateTime, SecondsFormat, Utc};

/// Milliseconds since the Unix epoch as RFC 3339 in UTC.
#[must_use]
pub(crate) fn rfc3339(milliseconds: i64) -> String {
    let time = DateTime::from_timestamp_millis(milliseconds).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    Utc::now().timestamp_millis()
}
