//! One connection to the fake upstream: reads requests, plays scripts, notices when the peer has gone.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::script::{Script, Step};
use super::{Request, Shared, Signal};

/// What becomes of a connection after a script.
enum Outcome {
    Kept,
    Cut,
    Reset,
}

pub(super) async fn serve(mut socket: TcpStream, shared: Shared) {
    // Without this two small writes in a row would wait for an acknowledgement.
    let _ = socket.set_nodelay(true);
    let mut unread = Vec::new();
    while let Ok(Some((head, body))) = read_request(&mut socket, &mut unread).await {
        if body["stream"] != true {
            if socket.write_all(&planned_focus()).await.is_err() {
                return;
            }
            continue;
        }
        let request = Request {
            body,
            head,
            closed: Signal::new(),
            played: Signal::new(),
        };
        let request = Arc::new(request);
        let script = shared.receive(&request);
        let (mut reader, mut writer) = socket.split();
        let outcome = tokio::select! {
            outcome = play(script, &mut writer, &request) => outcome,
            () = gone(&mut reader) => Ok(Outcome::Cut),
        };
        request.closed.give();
        match outcome {
            Ok(Outcome::Kept) => {}
            Ok(Outcome::Cut) | Err(_) => return,
            Ok(Outcome::Reset) => {
                // Closing with unsent data dropped sends RST.
                let _ = socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO));
                return;
            }
        }
    }
}

async fn play(script: Script, writer: &mut WriteHalf<'_>, request: &Request) -> io::Result<Outcome> {
    for step in script.0 {
        match step {
            Step::Bare(bytes) => writer.write_all(&bytes).await?,
            Step::Body(bytes) => writer.write_all(&framed(&bytes)).await?,
            Step::Repeated(bytes, times) => {
                let bytes = framed(&bytes);
                for _ in 0..times {
                    writer.write_all(&bytes).await?;
                }
            }
            Step::Await(signal) => signal.happened().await,
            Step::Pause(duration) => tokio::time::sleep(duration).await,
            Step::EndOfBody => writer.write_all(b"0\r\n\r\n").await?,
            Step::Cut => return Ok(Outcome::Cut),
            Step::Reset => return Ok(Outcome::Reset),
            Step::Hang => {
                request.played.give();
                std::future::pending::<()>().await;
            }
        }
    }
    request.played.give();
    Ok(Outcome::Kept)
}

/// One chunk of a chunked body (RFC 9112, section 7.1).
fn framed(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// Ends when the peer has closed the connection. It has nothing to say while it is answered.
async fn gone(reader: &mut ReadHalf<'_>) {
    let mut byte = [0];
    while matches!(reader.read(&mut byte).await, Ok(1..)) {}
}

async fn read_request(socket: &mut TcpStream, unread: &mut Vec<u8>) -> io::Result<Option<(String, Value)>> {
    loop {
        if let Some(end) = unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&unread[..end]).into_owned();
            let length = content_length(&head);
            if unread.len() >= end + 4 + length {
                let rest = unread.split_off(end + 4 + length);
                let body = serde_json::from_slice(&unread[end + 4..]).unwrap_or(Value::Null);
                *unread = rest;
                return Ok(Some((head, body)));
            }
        }
        if socket.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    }
}

fn content_length(head: &str) -> usize {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0)
}

/// What a planner that asks for JSON gets.
fn planned_focus() -> Vec<u8> {
    let focus = json!({
        "topic": "light", "objective": "explain scattering", "strategy": "worked example",
        "steps": ["observe", "explain"], "misconceptions": [], "difficulty": "medium",
    });
    let body = json!({
        "id": "chatcmpl-2", "object": "chat.completion", "created": 1_760_000_000, "model": "fake-model",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": focus.to_string() }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 20, "completion_tokens": 40, "total_tokens": 60 },
    })
    .to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head, body].concat().into_bytes()
}
