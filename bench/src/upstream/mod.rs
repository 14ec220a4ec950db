//! A fake OpenAI-compatible upstream, run in a process of its own. It is as cheap as can be: the
//! bench wants to see what the server in the middle costs. Ends when its standard input does; the
//! line `finish` on it ends all streams at their next delta.

mod pacer;
mod wire;

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};

use crate::Result;
use crate::clock::now_ns;
use crate::http;
use crate::plan::Plan;
use pacer::PacedStream;
use wire::Burst;

#[derive(Clone)]
struct Upstream {
    paced: Sender<PacedStream>,
    generation: Arc<AtomicU64>,
}

/// Serves until standard input ends; prints its address as the first line.
pub(crate) fn run() -> Result<()> {
    let generation = Arc::new(AtomicU64::new(0));
    let (paced, incoming) = channel();
    let upstream = Upstream {
        paced,
        generation: Arc::clone(&generation),
    };
    std::thread::spawn({
        let generation = Arc::clone(&generation);
        move || pacer::run(&incoming, &generation)
    });
    std::thread::spawn(move || obey(&generation));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, serve(upstream))
}

fn obey(generation: &AtomicU64) {
    for line in io::stdin().lock().lines() {
        if line.is_ok_and(|line| line == "finish") {
            generation.fetch_add(1, Ordering::Relaxed);
        }
    }
    std::process::exit(0);
}

async fn serve(upstream: Upstream) -> Result<()> {
    let listener = listen()?;
    let mut output = io::stdout();
    writeln!(output, "listening on http://{}", listener.local_addr()?)?;
    output.flush()?;
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let upstream = upstream.clone();
        // A connection that fails is its client's to report.
        connections.spawn_local(async move { drop(upstream.serve_connection(Arc::new(socket)).await) });
        while connections.try_join_next().is_some() {}
    }
}

fn listen() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    socket.listen(4096)
}

impl Upstream {
    async fn serve_connection(&self, socket: Arc<TcpStream>) -> Result<()> {
        let mut unread = Vec::new();
        while let Some(body) = http::read_request(&socket, &mut unread).await? {
            let arrival = now_ns();
            match requested_plan(&body) {
                None => http::write_all(&socket, &wire::planned_focus()).await?,
                Some(plan) => {
                    http::write_all(&socket, &wire::opening()).await?;
                    if plan.rate == 0.0 {
                        self.flood(&socket, plan, arrival).await?;
                    } else if !self.pace(&socket, plan, arrival).await? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    async fn pace(&self, socket: &Arc<TcpStream>, plan: Plan, arrival: u64) -> Result<bool> {
        let (done, finished) = oneshot::channel();
        let generation = self.generation.load(Ordering::Relaxed);
        let socket = Arc::clone(socket);
        self.paced.send(PacedStream {
            socket,
            plan,
            arrival,
            generation,
            done,
        })?;
        Ok(finished.await?)
    }

    async fn flood(&self, socket: &TcpStream, plan: Plan, arrival: u64) -> Result<()> {
        let started = self.generation.load(Ordering::Relaxed);
        let mut burst = Burst::new(plan.burst);
        http::write_all(socket, &wire::first_delta(arrival, now_ns())).await?;
        let mut sent = 1;
        while sent + (plan.burst as u64) < plan.count && self.generation.load(Ordering::Relaxed) == started {
            http::write_all(socket, burst.stamped(now_ns())).await?;
            sent += plan.burst as u64;
            // Leaves the thread to other streams and new requests: a socket with room never waits.
            tokio::task::yield_now().await;
        }
        http::write_all(socket, &wire::closing(now_ns(), sent + 1)).await?;
        Ok(())
    }
}

/// The plan in the last user message of a streaming request. Anything else, such as a planner's
/// request for JSON, has none.
fn requested_plan(body: &[u8]) -> Option<Plan> {
    let request: serde_json::Value = serde_json::from_slice(body).ok()?;
    if request["stream"] != true || request.get("response_format").is_some() {
        return None;
    }
    let messages = request["messages"].as_array()?;
    let last = messages.iter().rfind(|message| message["role"] == "user")?;
    match &last["content"] {
        serde_json::Value::String(text) => Plan::find(text),
        parts => Plan::find(parts.as_array()?.iter().find_map(|part| part["text"].as_str())?),
    }
}

#[cfg(test)]
mod tests {
    use super::requested_plan;

    #[test]
    fn the_plan_is_the_last_user_message_of_a_stream() {
        let asked = br#"{"stream":true,"messages":[{"role":"user","content":"bench rate=1"},{"role":"user","content":[{"type":"text","text":"bench rate=7 count=9"}]}]}"#;
        assert_eq!(requested_plan(asked).map(|plan| plan.count), Some(9));
        let planner = br#"{"messages":[{"role":"user","content":"bench rate=7"}]}"#;
        assert_eq!(requested_plan(planner), None);
    }
}
