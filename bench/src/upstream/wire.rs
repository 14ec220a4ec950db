//! The bytes of a Chat Completions stream, in the form and size OpenAI sends them. Deltas are
//! rendered once; a send only overwrites the stamp in them.
//!
//! Text of a delta: `~` and the send stamp. The first has `^` and the request's arrival before it,
//! the last `=` and the number of all deltas after it. Numbers have 16 hexadecimal digits.

use serde_json::json;

use crate::clock::{STAMP_DIGITS, write_hex};

const ENVELOPE: &str = r#""id":"chatcmpl-CbN4qTz0Wc8s1RkVJw6uYhLx2DfEa","object":"chat.completion.chunk","created":1762000000,"model":"bench","system_fingerprint":"fp_4470f3d2b1""#;

/// Response head, and the chunk with the role that OpenAI sends before any content.
pub(crate) fn opening() -> Vec<u8> {
    let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let role = record(r#"{"role":"assistant","content":"","refusal":null}"#, "null");
    bytes.extend(framed(role.as_bytes()));
    bytes
}

/// A whole stream: the plan of a session, which is what any other request than a bench's stream asks for.
pub(crate) fn planned_focus() -> Vec<u8> {
    let plan = json!({
        "topic": "fractions", "objective": "Add two fractions", "priorKnowledge": "", "strategy": "worked-example",
        "steps": [{"title": "Find a common denominator", "done": false}, {"title": "Add", "done": false}],
        "misconceptions": [], "difficulty": "introductory", "language": "en", "checkQuestion": "What is 1/2 + 1/3?",
        "mastery": [],
    });
    let delta = json!({"content": plan.to_string()});
    let mut bytes = opening();
    bytes.extend(framed(record(&delta.to_string(), "null").as_bytes()));
    bytes.extend(ending(60));
    bytes
}

/// The first delta: when the request arrived, and the stamp of sending.
pub(crate) fn first_delta(arrival: u64, stamp: u64) -> Vec<u8> {
    framed(content(&format!("^{arrival:016x}~{stamp:016x}")).as_bytes())
}

/// The last delta with the number of all, and the end of the stream.
pub(crate) fn closing(stamp: u64, total: u64) -> Vec<u8> {
    let mut bytes = framed(content(&format!("~{stamp:016x}={total:016x}")).as_bytes());
    bytes.extend(ending(total));
    bytes
}

/// The finish chunk, the usage chunk and the end of the body.
fn ending(tokens: u64) -> Vec<u8> {
    let usage = format!(
        "data: {{{ENVELOPE},\"choices\":[],\"usage\":{{\"prompt_tokens\":20,\"completion_tokens\":{tokens},\"total_tokens\":{}}}}}\n\n",
        tokens + 20
    );
    let mut bytes = framed(record("{}", "\"stop\"").as_bytes());
    bytes.extend(framed(usage.as_bytes()));
    bytes.extend(framed(b"data: [DONE]\n\n"));
    bytes.extend(b"0\r\n\r\n");
    bytes
}

/// A write of several deltas, ready but for their stamps.
pub(crate) struct Burst {
    bytes: Vec<u8>,
    first_stamp: usize,
    stride: usize,
    deltas: usize,
}

impl Burst {
    pub(crate) fn new(deltas: usize) -> Self {
        let delta = content(&format!("~{:016x}", 0));
        let bytes = framed(delta.repeat(deltas).as_bytes());
        let first_stamp = memchr::memchr(b'~', &bytes).map_or(0, |at| at + 1);
        Self {
            bytes,
            first_stamp,
            stride: delta.len(),
            deltas,
        }
    }

    /// The bytes to write, stamped from `stamp` on, one nanosecond apart, so that no two are equal.
    pub(crate) fn stamped(&mut self, stamp: u64) -> &[u8] {
        let places = (self.first_stamp..).step_by(self.stride).take(self.deltas);
        for (place, stamp) in places.zip(stamp..) {
            write_hex(&mut self.bytes[place..place + STAMP_DIGITS], stamp);
        }
        &self.bytes
    }
}

fn content(text: &str) -> String {
    record(&format!(r#"{{"content":"{text}"}}"#), "null")
}

fn record(delta: &str, finish_reason: &str) -> String {
    format!(
        "data: {{{ENVELOPE},\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish_reason}}}]}}\n\n"
    )
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", body.len()).into_bytes();
    bytes.extend(body);
    bytes.extend(b"\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Burst, content};

    #[test]
    fn a_delta_has_the_size_of_a_real_one() {
        let length = content(&format!("~{:016x}", 0)).len();
        assert!((200..=270).contains(&length), "{length}");
    }

    #[test]
    fn every_delta_of_a_burst_has_its_own_stamp() {
        let mut burst = Burst::new(3);
        let text = String::from_utf8_lossy(burst.stamped(0xabc)).into_owned();
        for stamp in ["~0000000000000abc", "~0000000000000abd", "~0000000000000abe"] {
            assert_eq!(text.matches(stamp).count(), 1, "{text}");
        }
    }
}
