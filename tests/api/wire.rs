//! HTTP as bytes: what no well-behaved client would send, and what exactly came back.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::deadline::within;

/// One response of a connection.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(line, _)| line.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }
}

/// A connection to the server, without any HTTP of its own.
pub(crate) async fn connect(client: &Client) -> TcpStream {
    let address = client.address();
    let address = address.strip_prefix("http://").expect("http");
    within("connecting", TcpStream::connect(address))
        .await
        .expect("a connection")
}

/// Sends `bytes` and reads until the server closes the connection, which a good last request asks for.
pub(crate) async fn exchange(client: &Client, bytes: &[u8]) -> Vec<u8> {
    let mut socket = connect(client).await;
    // A server that has refused the head need not take the rest.
    let _ = socket.write_all(bytes).await;
    rest(&mut socket).await
}

/// Everything that is sent until the connection is closed.
pub(crate) async fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    // A reset after the last byte is as good as a close.
    let _ = within(
        "the server closes the connection",
        socket.read_to_end(&mut answer),
    )
    .await;
    answer
}

/// The responses that `bytes` are; `without_bodies` when they answer HEAD requests. Panics when they do not add up.
pub(crate) fn answers(bytes: &[u8], without_bodies: bool) -> Vec<Answer> {
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let mut rest = text.as_str();
    let mut answers = Vec::new();
    while !rest.is_empty() {
        let (head, after) = rest
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("half a head: {rest:?} in {text:?}"));
        let status = head.strip_prefix("HTTP/1.1 ").or(head.strip_prefix("HTTP/1.0 "));
        let status = status.and_then(|line| line.get(..3)?.parse().ok());
        let mut answer = Answer {
            status: status.unwrap_or_else(|| panic!("no status: {head:?}")),
            head: head.to_owned(),
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().expect("a length"));
        let length = if without_bodies || answer.status == 100 {
            0
        } else {
            length
        };
        assert!(after.len() >= length, "half a body: {text:?}");
        after[..length].clone_into(&mut answer.body);
        rest = &after[length..];
        answers.push(answer);
    }
    answers
}
