//! Where an identity provider shows its keys: a socket that counts who asks, and can make them wait.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::deadline::eventually;
use crate::upstream::Signal;

#[derive(Default)]
struct Desk {
    answer: String,
    asked: usize,
    hold: Option<Signal>,
}

/// One JWK Set at an address.
pub(crate) struct KeyServer {
    pub(crate) url: String,
    desk: Arc<Mutex<Desk>>,
}

impl KeyServer {
    /// Shows these keys from now on.
    pub(crate) async fn start(keys: &[Value]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("http://{}/keys.json", listener.local_addr().expect("an address"));
        let server = Self {
            url,
            desk: Arc::default(),
        };
        server.publish(keys);
        let desk = Arc::clone(&server.desk);
        #[expect(clippy::disallowed_methods, reason = "a test has one runtime")]
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, Arc::clone(&desk)));
            }
        });
        server
    }

    /// Other keys take the place of those before.
    pub(crate) fn publish(&self, keys: &[Value]) {
        let set = json!({ "keys": keys }).to_string();
        self.answer(&format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{set}",
            set.len()
        ));
    }

    /// Answers with these bytes.
    pub(crate) fn answer(&self, bytes: &str) {
        bytes.clone_into(&mut self.desk().answer);
    }

    /// Answers nobody until the signal is given.
    pub(crate) fn hold(&self) -> Signal {
        self.desk().hold.insert(Signal::new()).clone()
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.desk().asked
    }

    /// Waits until it was asked so often.
    pub(crate) async fn was_asked(&self, times: usize) {
        eventually("the keys are asked for", || (self.asked() >= times).then_some(())).await;
    }

    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request, one answer.
async fn answer(mut socket: TcpStream, desk: Arc<Mutex<Desk>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = socket.read_u8().await else { return };
        head.push(byte);
    }
    let (answer, hold) = {
        let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.asked += 1;
        (desk.answer.clone(), desk.hold.clone())
    };
    if let Some(hold) = hold {
        hold.wait("the keys are shown").await;
    }
    // Who asked may have gone.
    let _ = socket.write_all(answer.as_bytes()).await;
}
