//! Events that pass: they have no number, are not stored, and are dropped when nobody reads.

use serde::Serialize;
use tokio::time::Instant;

/// What a turn waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// A provider is about to be asked again.
    Retrying(Retrying),
    /// As many calls run at a provider as may.
    Waiting {
        /// How many are asked for before this turn, and it: 1 is the next.
        position: usize,
    },
}

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
struct RetryingData {
    attempt: i32,
    in_ms: u64,
    reason: &'static str,
}

#[derive(Serialize)]
struct WaitingData {
    position: usize,
}

impl Passing {
    /// The frame as it is sent now.
    pub(super) fn encode(&self) -> Vec<u8> {
        match *self {
            Self::Retrying(Retrying { attempt, at, reason }) => {
                let wait = at.saturating_duration_since(Instant::now());
                let data = RetryingData {
                    attempt,
                    in_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                    reason,
                };
                frame("retrying", &data)
            }
            Self::Waiting { position } => frame("waiting", &WaitingData { position }),
        }
    }
}

fn frame(name: &str, data: &impl Serialize) -> Vec<u8> {
    let mut frame = format!("event: {name}\ndata: ").into_bytes();
    // Writing to a Vec cannot fail, and neither can serialising these types.
    let _ = serde_json::to_writer(&mut frame, data);
    frame.extend_from_slice(b"\n\n");
    frame
}
