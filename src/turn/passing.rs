//! Events that pass: they have no number, are not stored, and are dropped when nobody reads.

use serde::Serialize;
use tokio::time::Instant;

/// A provider is about to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retrying {
    /// The call that follows.
    pub attempt: i32,
    /// When it follows.
    pub at: Instant,
    /// The code of what went wrong.
    pub reason: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    attempt: i32,
    in_ms: u64,
    reason: &'static str,
}

impl Retrying {
    /// The frame as it is sent now.
    pub(super) fn encode(&self) -> Vec<u8> {
        let wait = self.at.saturating_duration_since(Instant::now());
        let data = Data {
            attempt: self.attempt,
            in_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            reason: self.reason,
        };
        let mut frame = b"event: retrying\ndata: ".to_vec();
        // Writing to a Vec cannot fail, and neither can serialising this.
        let _ = serde_json::to_writer(&mut frame, &data);
        frame.extend_from_slice(b"\n\n");
        frame
    }
}
