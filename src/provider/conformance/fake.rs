//! A provider on a real socket that can pause, cut and fall silent at any byte.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::vendor::Vendor;
use crate::config::{ProviderSettings, Timeouts};
use crate::provider::{
    CompletionRequest, Conversation, Delta, DeltaStream, Provider, ProviderError, ProviderErrorKind, build,
};

/// Must never be seen in an error.
pub(in crate::provider) const KEY: &str = "sk-canary-5f3a9c";

/// Longer than any test should last.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long after the reply a body ends that is late.
const LATE: Duration = Duration::from_millis(20);

/// Head of a reply that ends with the connection.
pub(in crate::provider) const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// Head of a reply in chunks.
pub(in crate::provider) const CHUNKED_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";

pub(in crate::provider) enum Step {
    Send(Vec<u8>),
    Pause(Duration),
    /// Until the client has closed the connection.
    Silence,
}

pub(in crate::provider) fn send(text: impl AsRef<[u8]>) -> Step {
    Step::Send(text.as_ref().to_vec())
}

/// One piece of a body in chunks.
pub(in crate::provider) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

pub(in crate::provider) struct Fake {
    listener: TcpListener,
}

impl Fake {
    pub(in crate::provider) async fn new() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub(in crate::provider) fn base_url(&self) -> String {
        format!("http://{}/v1", self.listener.local_addr().unwrap())
    }

    pub(in crate::provider) fn settings(&self, vendor: Vendor) -> ProviderSettings {
        let patience = Duration::from_secs(20);
        let base_url = self.base_url().parse().unwrap();
        ProviderSettings {
            api_key: Some(KEY.into()),
            timeouts: Timeouts {
                connect: patience,
                first_delta: patience,
                idle: patience,
                total: patience,
            },
            continues_partial: false,
            ..ProviderSettings::new("fake", vendor.wire(), base_url, "m")
        }
    }

    /// Plays the steps to the next connection and gives back the request.
    pub(in crate::provider) async fn answer(&self, steps: Vec<Step>) -> String {
        let (mut socket, _) = self.listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let request = read_request(&mut socket).await;
        play_steps(&mut socket, steps).await;
        request
    }

    /// Takes what first comes on the next connection, whatever it is, plays the steps and gives it back.
    pub(in crate::provider) async fn answer_anything(&self, steps: Vec<Step>) -> Vec<u8> {
        let (mut socket, _) = self.listener.accept().await.unwrap();
        let mut first = Vec::new();
        socket.read_buf(&mut first).await.unwrap();
        play_steps(&mut socket, steps).await;
        first
    }

    /// Gives one answer to each request of the next connection.
    pub(in crate::provider) async fn answer_all_on_one_connection(&self, answers: &[&[u8]]) {
        let (mut socket, _) = self.listener.accept().await.unwrap();
        for answer in answers {
            let request = tokio::time::timeout(PATIENCE, read_request(&mut socket)).await;
            assert!(request.unwrap().starts_with("POST "));
            socket.write_all(answer).await.unwrap();
        }
    }

    /// Answers any number of requests, until the client is done. The body of an answer ends a little later than the
    /// reply in it, which is told. Gives back how many connections there were.
    pub(in crate::provider) async fn answer_late(
        &self,
        begun: Vec<u8>,
        rest: &'static [u8],
        told: UnboundedSender<()>,
        client: impl Future<Output = ()>,
    ) -> usize {
        let mut connections = JoinSet::new();
        let mut count = 0;
        tokio::pin!(client);
        loop {
            let (mut socket, _) = tokio::select! {
                () = &mut client => return count,
                accepted = self.listener.accept() => accepted.unwrap(),
            };
            count += 1;
            let (begun, told) = (begun.clone(), told.clone());
            connections.spawn(async move {
                while socket.readable().await.is_ok()
                    && socket.peek(&mut [0]).await.is_ok_and(|bytes| bytes > 0)
                {
                    read_request(&mut socket).await;
                    socket.write_all(&begun).await.unwrap();
                    tokio::time::sleep(LATE).await;
                    // The client may have hung up by now: that is what is counted.
                    drop(socket.write_all(rest).await);
                    told.send(()).unwrap_or_default();
                }
            });
        }
    }

    /// The same, and gives back the requests.
    pub(in crate::provider) async fn requests_on_one_connection(&self, answers: &[Vec<u8>]) -> Vec<String> {
        let (mut socket, _) = self.listener.accept().await.unwrap();
        let mut requests = Vec::new();
        for answer in answers {
            let request = tokio::time::timeout(PATIENCE, read_request(&mut socket)).await;
            requests.push(request.unwrap());
            socket.write_all(answer).await.unwrap();
        }
        requests
    }

    pub(in crate::provider) async fn was_called(&self) -> bool {
        tokio::time::timeout(Duration::from_millis(100), self.listener.accept())
            .await
            .is_ok()
    }
}

async fn play_steps(socket: &mut TcpStream, steps: Vec<Step>) {
    for step in steps {
        match step {
            // The client may have hung up by now: that is its right.
            Step::Send(bytes) => drop(socket.write_all(&bytes).await),
            Step::Pause(time) => tokio::time::sleep(time).await,
            Step::Silence => drop(socket.read_to_end(&mut Vec::new()).await),
        }
    }
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.unwrap().parse::<usize>().unwrap() {
                return text.into_owned();
            }
        }
        assert!(
            socket.read_buf(&mut request).await.unwrap() > 0,
            "the client left"
        );
    }
}

pub(in crate::provider) fn question() -> CompletionRequest {
    CompletionRequest {
        instructions: "Ask.".to_owned(),
        messages: Conversation::question("Why?"),
        ..CompletionRequest::default()
    }
}

/// All deltas of a reply, and the error that ended it.
#[derive(Debug)]
pub(in crate::provider) struct Outcome {
    pub(in crate::provider) deltas: Vec<Delta>,
    pub(in crate::provider) error: Option<ProviderError>,
}

impl Outcome {
    pub(in crate::provider) fn text(&self) -> String {
        let mut whole = String::new();
        for delta in &self.deltas {
            match delta {
                Delta::Text(text) => whole.push_str(text),
                Delta::Restart { text, .. } => whole.clone_from(text),
                Delta::Reasoning(_) | Delta::End(_) => {}
            }
        }
        whole
    }

    pub(in crate::provider) fn reasoning(&self) -> String {
        let thoughts = self.deltas.iter().filter_map(|delta| match delta {
            Delta::Reasoning(text) => Some(text.as_str()),
            _ => None,
        });
        thoughts.collect()
    }

    pub(in crate::provider) fn kind(&self) -> Option<&ProviderErrorKind> {
        self.error.as_ref().map(|error| &error.kind)
    }

    pub(in crate::provider) fn has_end(&self) -> bool {
        self.deltas.iter().any(|delta| matches!(delta, Delta::End(_)))
    }
}

pub(in crate::provider) async fn collect(provider: &dyn Provider) -> Outcome {
    collect_of(provider, question()).await
}

pub(in crate::provider) async fn collect_of(provider: &dyn Provider, request: CompletionRequest) -> Outcome {
    match provider.stream(request).await {
        Ok(stream) => gather(stream).await,
        Err(error) => Outcome {
            deltas: Vec::new(),
            error: Some(error),
        },
    }
}

/// All that a stream says.
pub(in crate::provider) async fn gather(mut stream: DeltaStream) -> Outcome {
    let mut outcome = Outcome {
        deltas: Vec::new(),
        error: None,
    };
    while let Some(item) = stream.next().await {
        assert!(
            !outcome.has_end() && outcome.error.is_none(),
            "the end was not the last item"
        );
        match item {
            Ok(delta) => outcome.deltas.push(delta),
            Err(error) => outcome.error = Some(error),
        }
    }
    outcome
}

/// One request to a fake that plays the steps, with settings of its own.
pub(in crate::provider) async fn play_with(
    vendor: Vendor,
    change: impl FnOnce(&mut ProviderSettings),
    steps: Vec<Step>,
) -> Outcome {
    let fake = Fake::new().await;
    let mut settings = fake.settings(vendor);
    change(&mut settings);
    let provider = build(&settings).unwrap();
    let both = async { tokio::join!(collect(&*provider), fake.answer(steps)).0 };
    tokio::time::timeout(PATIENCE, both).await.unwrap()
}

pub(in crate::provider) async fn play(vendor: Vendor, steps: Vec<Step>) -> Outcome {
    play_with(vendor, |_| (), steps).await
}

/// One request that is answered with a stream of these bytes.
pub(in crate::provider) async fn stream_of(vendor: Vendor, body: impl AsRef<[u8]>) -> Outcome {
    play(vendor, vec![send(HEAD), send(body)]).await
}
