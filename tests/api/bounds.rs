//! What one peer may cost in memory, by the kernel's count of the real process.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;

use crate::app::{Setup, TestApp};
use crate::deadline::within;
use crate::memory;
use crate::wire::exchange;

/// So much more than at rest a service may take, whatever is done to it.
const MOST: u64 = 256 << 20;
/// So much more than at rest it may keep afterwards.
const KEPT: u64 = 32 << 20;
/// File descriptors of the service: enough for the connections of these tests.
const DESCRIPTORS: u32 = 4096;

const PROBE: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A service before anything was done to it.
pub(crate) struct Rest {
    bytes: u64,
}

impl Rest {
    /// From here on it dies of taking more than it may, and its peak is counted.
    pub(crate) fn of(app: &TestApp) -> Self {
        memory::limit(app.pid(), MOST);
        Self {
            bytes: memory::now_and_forget_peak(app.pid()),
        }
    }

    /// The kernel keeps the peak itself: no sample, however often taken, is higher.
    pub(crate) fn assert_bounded(&self, app: &TestApp, what: &str) {
        let more = memory::peak(app.pid()).saturating_sub(self.bytes);
        eprintln!(
            "{what}: {} MiB above {} MiB at rest",
            more >> 20,
            self.bytes >> 20
        );
        assert!(more <= MOST, "{what}: {more} bytes above rest");
    }

    /// Waits until nearly all of it is given back. Probes go on meanwhile, as in service: a thread gives back what it has
    /// freed when it works the next time. Each comes on a connection of its own, so that every thread has its turn.
    pub(crate) async fn returns(&self, app: &TestApp) {
        within("memory is given back", async {
            while memory::now(app.pid()) > self.bytes + KEPT {
                exchange(&app.learner, PROBE.as_bytes()).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    }
}

/// A service whose memory is measured, and room for many connections to it.
pub(crate) fn measured() -> Setup {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("a process may have as much as it may have");
    let setup = Setup::new().flooded().descriptors(DESCRIPTORS);
    // Memory that the allocator has set aside in advance would count as had.
    setup.variable("MIMALLOC_ARENA_EAGER_COMMIT", "0")
}

/// A connection whose answers have little room in the kernel.
pub(crate) async fn connect_small(app: &TestApp) -> TcpStream {
    let address = app.learner.address();
    let address: std::net::SocketAddr = address
        .strip_prefix("http://")
        .and_then(|address| address.parse().ok())
        .expect("an address");
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(2_048).expect("a small buffer");
    within("connecting", async move {
        tokio::task::spawn_blocking(move || {
            socket.connect(&address.into()).expect("a connection");
            socket.set_nonblocking(true).expect("a mode");
            TcpStream::from_std(socket.into()).expect("a stream")
        })
        .await
        .expect("it connects")
    })
    .await
}
