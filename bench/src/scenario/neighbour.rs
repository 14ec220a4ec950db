//! What another user waits while one peer asks for all that it can and reads nothing: pipelined requests of a stranger,
//! and one user's lists, feeds and exports. nginx has no users, so it has no row here.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::subjects;
use crate::Result;
use crate::histogram::Histogram;
use crate::http;
use crate::process::Scratch;
use crate::run::Bench;
use crate::table::{Table, figure};
use crate::target::{Subject, Target};
use crate::usage::Memory;

/// How often users ask is not what is measured.
const LIMITS: &str = "[limits]\nrequests_per_second = 0\nrequests_per_minute = 0\nparallel_requests = 512\n";
/// Characters of the longest message, each of which is six bytes of JSON.
const LONGEST: usize = 131_072;
const MESSAGES: usize = 50;

/// Requests that nobody reads the answers of.
struct Attack {
    name: &'static str,
    connections: usize,
    requests: String,
}

pub(crate) async fn run(bench: &mut Bench) -> Result<Table> {
    let columns = ["meanwhile", "p50 ms", "p99 ms", "requests/s", "resident MiB"];
    let title = "Neighbour: a user's requests while a peer reads nothing of its answers".to_owned();
    let mut table = Table::new(title, &columns);
    let folder = Scratch::new(&bench.options.folder(), "limits")?;
    let limits = folder.path().join("limits.toml");
    std::fs::write(&limits, LIMITS)?;
    let mut options = bench.options.clone();
    options.server_env.extend([
        ("TUTORSTREAM_REQUIRE_AUTH".to_owned(), "true".to_owned()),
        ("TUTORSTREAM_CONFIG".to_owned(), limits.display().to_string()),
    ]);
    for subject in subjects(bench, &[("normal", 0)]) {
        if subject != Subject::Nginx {
            let target = bench.target_with(&subject, &options).await?;
            let tokens = (
                target.token(&options, "peer")?,
                target.token(&options, "neighbour")?,
            );
            let session = fill(&target, &tokens.0).await?;
            table.row(measure(bench, &target, ("nothing", &tokens.1)).await?);
            for attack in attacks(&session, &tokens.0) {
                eprintln!("neighbour, {}, {}", subject.label(), attack.name);
                let offering = attack.begin(target.address).await?;
                table.row(measure(bench, &target, (attack.name, &tokens.1)).await?);
                drop(offering);
            }
        }
    }
    Ok(table)
}

fn attacks(session: &str, token: &str) -> [Attack; 4] {
    let get = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n")
    };
    let stranger = "GET / HTTP/1.1\r\nHost:127.0.0.1\r\n\r\n".repeat(4_000);
    [
        Attack {
            name: "512 connections of 4,006 pipelined requests",
            connections: 512,
            requests: get("/openapi.json").repeat(6) + &stranger,
        },
        Attack {
            name: "128 lists of the longest messages",
            connections: 128,
            requests: get(&format!("/sessions/{session}/messages?limit=500")),
        },
        Attack {
            name: "200 feeds of the longest messages",
            connections: 200,
            requests: get(&format!("/sessions/{session}/events")),
        },
        Attack {
            name: "32 exports",
            connections: 32,
            requests: get("/export"),
        },
    ]
}

impl Attack {
    /// Lasts until the set is dropped.
    async fn begin(&self, address: SocketAddr) -> Result<JoinSet<()>> {
        let mut offering = JoinSet::new();
        for _ in 0..self.connections {
            let socket = TcpSocket::new_v4()?;
            socket.set_recv_buffer_size(2_048)?;
            let mut stream = socket.connect(address).await?;
            let requests = self.requests.clone();
            offering.spawn(async move {
                // A server that takes no more than it answers lets this wait for ever.
                let _refused = stream.write_all(requests.as_bytes()).await;
                std::future::pending::<()>().await;
            });
        }
        Ok(offering)
    }
}

/// A session with long messages.
async fn fill(target: &Target, token: &str) -> Result<String> {
    let created = post(target, token, ("/sessions", &json!({}))).await?;
    let session = created["id"].as_str().ok_or("a session has no id")?.to_owned();
    let body = json!({"role": "user", "content": "\u{1}".repeat(LONGEST)});
    for _ in 0..MESSAGES {
        let path = format!("/sessions/{session}/messages");
        post(target, token, (&path, &body)).await?;
    }
    Ok(session)
}

async fn post(target: &Target, token: &str, (path, body): (&str, &Value)) -> Result<Value> {
    let body = body.to_string();
    let head = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    let answer = ask(target, ("POST", path), (token, &head, &body)).await?;
    Ok(serde_json::from_str(&answer)?)
}

/// The body of an answer that says all is well, on a connection of its own.
async fn ask(
    target: &Target,
    (method, path): (&str, &str),
    (token, head, body): (&str, &str, &str),
) -> Result<String> {
    let mut socket = TcpStream::connect(target.address).await?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{head}\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await?;
    http::read_body(&mut socket, path).await
}

async fn measure(bench: &Bench, target: &Target, (name, token): (&str, &str)) -> Result<Vec<String>> {
    let (begun, mut latencies, mut requests) = (Instant::now(), Histogram::default(), 0_u32);
    let length = Duration::from_secs_f64(bench.options.seconds);
    while begun.elapsed() < length {
        let asked = Instant::now();
        ask(target, ("GET", "/sessions"), (token, "", "")).await?;
        latencies.record(u64::try_from(asked.elapsed().as_nanos())?);
        requests += 1;
    }
    let milliseconds = |share| {
        latencies
            .quantile(share)
            .map_or(f64::NAN, |value| value as f64 / 1e6)
    };
    Ok(vec![
        name.to_owned(),
        figure(milliseconds(0.5)),
        figure(milliseconds(0.99)),
        figure(f64::from(requests) / begun.elapsed().as_secs_f64()),
        figure(Memory::of(target.process.pid())?.resident as f64 / f64::from(1 << 20)),
    ])
}
