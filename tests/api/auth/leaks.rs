//! A hundred thousand requests for what is another user's, while that user's replies stream: not one byte of it
//! comes back.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{Setup, TestApp};
use crate::campaign::{Chance, Round};
use crate::client::{Client, string};
use crate::upstream::{Script, Signal};
use crate::wire::{answers, connect};

/// In everything that alice has.
const CANARY: &str = "canary-7d1f";
/// Requests that are sent before their answers are read.
const BATCH: usize = 64;
const CONNECTIONS: usize = 4;

/// What a thief knows: every id.
struct Ids {
    sessions: Vec<String>,
    turns: Vec<String>,
    messages: Vec<String>,
}

/// A user with sessions, messages and turns full of canaries; the last turn still runs.
async fn fill(app: &TestApp, alice: &Client) -> (Ids, Signal) {
    let mut ids = Ids {
        sessions: Vec::new(),
        turns: Vec::new(),
        messages: Vec::new(),
    };
    let go_on = Signal::new();
    for number in 0..4 {
        let script = Script::stream().delta(&format!("{CANARY} reply"));
        app.upstream.next(if number == 3 {
            script.wait_for(&go_on).finish()
        } else {
            script.finish()
        });
        let body = json!({ "message": format!("{CANARY} question"), "subject": CANARY, "clientMessageId": format!("{CANARY}-{number}") });
        let mut reader = crate::witness::Witness::of(alice, alice.post_chat(body).await);
        reader.until_text("reply").await;
        if number < 3 {
            reader.until_end().await;
        }
        let messages = alice.messages(&reader.session_id).await;
        ids.messages.push(string(&messages["messages"][0]["id"]));
        ids.sessions.push(reader.session_id.clone());
        ids.turns.push(reader.turn_id.clone());
    }
    (ids, go_on)
}

/// One request for something of alice's, or for a list in which it must not be.
fn request(ids: &Ids, bearer: &str, chance: &mut Chance) -> String {
    let mut random = |end: usize| usize::try_from(chance.below(end as u64)).unwrap_or(0);
    let session = &ids.sessions[random(ids.sessions.len())];
    let turn = &ids.turns[random(ids.turns.len())];
    let message = &ids.messages[random(ids.messages.len())];
    let chat = format!(r#"{{"sessionId":"{session}","message":"?"}}"#);
    let ticket = format!(r#"{{"path":"/turns/{turn}/events"}}"#);
    let title = r#"{"title":"mine"}"#.to_owned();
    let content = r#"{"content":"mine"}"#.to_owned();
    let (method, path, body) = match random(16) {
        0 => ("GET", format!("/sessions/{session}"), String::new()),
        1 => (
            "GET",
            format!("/sessions/{session}/messages?limit=500"),
            String::new(),
        ),
        2 => ("GET", format!("/turns/{turn}"), String::new()),
        3 => ("GET", format!("/turns/{turn}/events"), String::new()),
        4 => (
            "GET",
            format!("/turns/{turn}/events?lastEventId=1"),
            String::new(),
        ),
        5 => ("POST", format!("/turns/{turn}/stop"), String::new()),
        6 => ("POST", format!("/turns/{turn}/continue"), String::new()),
        7 => ("GET", format!("/sessions/{session}/observers"), String::new()),
        8 => ("PUT", format!("/sessions/{session}/observers/bob"), String::new()),
        9 => ("PATCH", format!("/sessions/{session}"), title),
        10 => (
            "PATCH",
            format!("/sessions/{session}/messages/{message}"),
            content,
        ),
        11 => (
            "POST",
            format!("/sessions/{session}/messages/{message}/regenerate"),
            String::new(),
        ),
        12 => ("POST", "/stream-chat".to_owned(), chat),
        13 => ("POST", "/stream-tickets".to_owned(), ticket),
        14 => ("GET", "/sessions?view=observed".to_owned(), String::new()),
        _ => ("GET", "/sessions?limit=500".to_owned(), String::new()),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The end of the answer that begins at `start`, when it is whole.
fn end_of(bytes: &[u8], start: usize) -> Option<usize> {
    let end = start + memchr::memmem::find(bytes.get(start..)?, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[start..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
    Some(end + 4 + length).filter(|end| *end <= bytes.len())
}

/// Sends a batch and answers every byte that came back.
async fn exchange(socket: &mut TcpStream, batch: &str) -> Vec<u8> {
    let mut received = Vec::new();
    let (mut reading, mut writing) = socket.split();
    let write = async {
        writing
            .write_all(batch.as_bytes())
            .await
            .expect("the requests are sent")
    };
    let read = async {
        let (mut start, mut count) = (0, 0);
        while count < BATCH {
            if let Some(end) = end_of(&received, start) {
                (start, count) = (end, count + 1);
                continue;
            }
            let read = crate::deadline::within("an answer", reading.read_buf(&mut received)).await;
            assert_ne!(read.expect("bytes"), 0, "the server closed the connection");
        }
    };
    tokio::join!(write, read);
    received
}

async fn steal(socket: &mut TcpStream, (ids, bearer): (&Ids, &str), mut chance: Chance) {
    let batch: String = (0..BATCH).map(|_| request(ids, bearer, &mut chance)).collect();
    let received = exchange(socket, &batch).await;
    let leaked = received
        .windows(CANARY.len())
        .any(|window| window == CANARY.as_bytes());
    assert!(!leaked, "{}", String::from_utf8_lossy(&received));
    for answer in answers(&received, false) {
        let empty = answer.status == 200 && answer.body.contains(r#""sessions":[]"#);
        assert!(answer.status == 404 || empty, "{answer:?}");
    }
}

#[tokio::test]
async fn campaign_of_a_hundred_thousand_requests_for_anothers_things_leaks_nothing() {
    let app = Setup::new()
        .flooded()
        .require_auth()
        .limit("requests_per_second", 0)
        .limit("requests_per_minute", 0)
        .provider("idle_timeout_seconds", 900)
        .start();
    let alice = app.as_user("alice");
    let (ids, go_on) = fill(&app, &alice).await;
    let bearer = app.token(&["--user", "bob"]);
    let mut sockets = Vec::new();
    for _ in 0..CONNECTIONS {
        sockets.push(connect(&app.learner).await);
    }
    for round in Round::groups("LEAK", 100_000, (CONNECTIONS * BATCH) as u64) {
        let mut chance = round.chance();
        let thieves = sockets.iter_mut();
        let thieves = thieves.map(|socket| steal(socket, (&ids, &bearer), chance.branch()));
        futures_util::future::join_all(thieves).await;
    }
    let running = alice.turn(&ids.turns[3]).await;
    assert_eq!(running["status"], "streaming", "nobody stopped it");
    go_on.give();
    alice.follow(&ids.turns[3]).await.until_end().await;
    assert_eq!(app.upstream.count(), 4, "nobody asked anything in her sessions");
    assert!(!app.log().contains(CANARY));
}
