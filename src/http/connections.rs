//! How many connections there are, in all and of each address. One too many is told so and closed; it reaches no
//! handler, and nobody else waits for it.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;

use super::code::Code;
use crate::config::Limits;
use crate::limits::network;
use crate::telemetry::Metrics;

/// An answer in one packet, for a connection that is not taken.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Content-Type: application/problem+json\r\nContent-Length: 139\r\nRetry-After: 5\r\nConnection: close\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\
    \"detail\":\"There are too many connections.\",\"code\":\"too-many-connections\"}\n";

/// Counts the connections of this process.
pub(crate) struct Connections {
    most: usize,
    most_of_address: usize,
    counts_loopback: bool,
    open: Mutex<Open>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Open {
    all: usize,
    of_address: HashMap<IpAddr, usize>,
}

/// A connection that counts while it lives.
struct Counted {
    connections: Arc<Connections>,
    /// `None` where addresses do not count.
    address: Option<IpAddr>,
}

impl Connections {
    pub(crate) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            most: limits.connections.unwrap_or(usize::MAX),
            most_of_address: limits.connections_per_address.unwrap_or(usize::MAX),
            counts_loopback: limits.counts_loopback,
            open: Mutex::default(),
            metrics,
        })
    }

    /// Counts a connection as long as its extensions live, or refuses it.
    pub(crate) fn opened(self: &Arc<Self>, stream: &TcpStream, extensions: &mut Extensions) {
        // One that has gone already has no address and is found closed at once.
        let Ok(peer) = stream.peer_addr() else { return };
        match self.enter(peer.ip()) {
            Some(counted) => {
                extensions.insert(counted);
            }
            None => {
                self.metrics.refused(Code::TooManyConnections.as_str());
                refuse(stream);
            }
        }
    }

    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let address = network(address);
        let address = Some(address).filter(|address| self.counts_loopback || !address.is_loopback());
        let mut open = self.lock();
        let of_address = address.and_then(|address| open.of_address.get(&address));
        if open.all >= self.most || of_address.is_some_and(|open| *open >= self.most_of_address) {
            return None;
        }
        open.all += 1;
        if let Some(address) = address {
            *open.of_address.entry(address).or_default() += 1;
        }
        Some(Counted {
            connections: Arc::clone(self),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        open.all -= 1;
        let Some(address) = self.address else { return };
        if let Some(count) = open.of_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.of_address.remove(&address);
            }
        }
    }
}

fn refuse(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    // The buffer of a new connection has room; a peer that has gone needs no answer.
    let _ = socket.send(REFUSAL);
    let _ = socket.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(most: usize, of_address: usize) -> Arc<Connections> {
        Arc::new(Connections {
            most,
            most_of_address: of_address,
            counts_loopback: false,
            open: Mutex::default(),
            metrics: Arc::default(),
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_its_share_and_others_have_theirs() {
        let connections = connections(10, 2);
        let first = connections.enter(address("192.0.2.1"));
        let second = connections.enter(address("::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(connections.enter(address("192.0.2.1")).is_none());
        assert!(connections.enter(address("192.0.2.2")).is_some());
        drop(first);
        assert!(connections.enter(address("192.0.2.1")).is_some());
    }

    #[test]
    fn all_of_an_ipv6_subscriber_is_one_address() {
        let connections = connections(10, 1);
        let _first = connections.enter(address("2001:db8::1")).expect("room");
        assert!(connections.enter(address("2001:db8::ffff:1")).is_none());
        assert!(connections.enter(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn everybody_together_has_a_limit_and_nothing_is_kept_of_who_has_gone() {
        let connections = connections(3, 1);
        let open: Vec<_> = (1..=3)
            .map(|last| connections.enter(address(&format!("192.0.2.{last}"))))
            .collect();
        assert!(open.iter().all(Option::is_some));
        assert!(
            connections.enter(address("127.0.0.1")).is_none(),
            "loopback counts in all"
        );
        drop(open);
        assert_eq!(connections.lock().all, 0);
        assert!(connections.lock().of_address.is_empty());
    }

    #[test]
    fn behind_a_proxy_on_this_machine_addresses_do_not_count() {
        let connections = connections(10, 1);
        let open: Vec<_> = (0..5).map(|_| connections.enter(address("127.0.0.1"))).collect();
        assert!(open.iter().all(Option::is_some));
    }

    #[test]
    fn the_refusal_is_as_long_as_it_says() {
        let text = std::str::from_utf8(REFUSAL).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(
            head.contains(&format!("Content-Length: {}\r\n", body.len())),
            "{}",
            body.len()
        );
        let problem: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(problem["status"], 503);
    }
}
