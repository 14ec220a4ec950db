//! Which hosts this service answers for. A page that has its own name resolve to this machine (DNS rebinding)
//! names itself in `Host`, and is turned away.

use std::net::SocketAddr;

/// Names and addresses, each for one port or for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHosts {
    any: bool,
    hosts: Vec<Host>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Host {
    /// In lower case; an IPv6 address in brackets.
    name: String,
    /// `None`: all ports.
    port: Option<u16>,
}

impl AllowedHosts {
    /// Those that are configured; without, the address that is listened on and, on loopback, this machine's names
    /// for itself.
    #[must_use]
    pub(super) fn new(configured: &[String], listening: SocketAddr) -> Self {
        let hosts = if configured.is_empty() && listening.ip().is_unspecified() {
            Vec::new()
        } else if configured.is_empty() {
            let address = match listening {
                SocketAddr::V4(address) => address.ip().to_string(),
                SocketAddr::V6(address) => format!("[{}]", address.ip()),
            };
            let own = ["localhost", "127.0.0.1", "[::1]"].into_iter().map(str::to_owned);
            let own = own.filter(|_| listening.ip().is_loopback());
            own.chain([address]).filter_map(|host| parse(&host)).collect()
        } else {
            configured.iter().filter_map(|host| parse(host)).collect()
        };
        Self {
            any: configured.iter().any(|host| host == "*"),
            hosts,
        }
    }

    /// Whether a setting names a host, or all of them (`*`).
    #[must_use]
    pub(super) fn is_host(text: &str) -> bool {
        text == "*" || parse(text).is_some()
    }

    /// Whether there is none at all.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        !self.any && self.hosts.is_empty()
    }

    /// Whether a request for this host, perhaps with a port, is for this service.
    #[must_use]
    pub fn allow(&self, host: &str) -> bool {
        let Some(host) = parse(host) else {
            return false;
        };
        let fits = |allowed: &Host| {
            allowed.name == host.name && (allowed.port.is_none() || allowed.port == host.port)
        };
        self.any || self.hosts.iter().any(fits)
    }
}

/// RFC 3986, section 3.2.2, without what no host that is meant seriously has: user names, escapes, white space.
fn parse(text: &str) -> Option<Host> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            let address = address.parse::<std::net::Ipv6Addr>().ok()?;
            let port = match rest.strip_prefix(':') {
                Some(port) => Some(port),
                None if rest.is_empty() => None,
                None => return None,
            };
            (format!("[{address}]"), port)
        }
        None => {
            let (name, port) = text
                .split_once(':')
                .map_or((text, None), |(name, port)| (name, Some(port)));
            let name = name.strip_suffix('.').unwrap_or(name);
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            if name.is_empty() || !name.bytes().all(plain) {
                return None;
            }
            (name.to_ascii_lowercase(), port)
        }
    };
    let digits = |port: &&str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = match port {
        Some(port) => Some(Some(port).filter(digits)?.parse().ok()?),
        None => None,
    };
    Some(Host { name, port })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listening(address: &str) -> SocketAddr {
        address.parse().expect("an address")
    }

    #[test]
    fn on_loopback_this_machine_answers_for_its_own_names_at_any_port() {
        let hosts = AllowedHosts::new(&[], listening("127.0.0.1:8080"));
        for host in [
            "localhost",
            "LOCALHOST:3000",
            "localhost.",
            "127.0.0.1:1",
            "[::1]:8080",
        ] {
            assert!(hosts.allow(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8080",
            "evil.example:8080",
            "user@localhost",
            "localhost:8080@evil.example",
            "localhost/",
            "local host",
            "localhost:",
            "localhost:x",
            "localhost:99999",
            "[::1",
            "[::1]8080",
            "[evil]",
            "",
            ":80",
            "10.0.0.1",
            "loc%61lhost",
        ] {
            assert!(!hosts.allow(host), "{host}");
        }
    }

    #[test]
    fn elsewhere_it_answers_for_its_address_and_not_for_localhost() {
        let hosts = AllowedHosts::new(&[], listening("192.0.2.7:80"));
        assert!(hosts.allow("192.0.2.7") && hosts.allow("192.0.2.7:80"));
        assert!(!hosts.allow("localhost") && !hosts.allow("192.0.2.8"));
        let hosts = AllowedHosts::new(&[], listening("[2001:db8::1]:80"));
        assert!(hosts.allow("[2001:db8:0::1]"));
    }

    #[test]
    fn configured_hosts_are_the_only_ones_and_a_port_is_exact() {
        let configured = ["chat.example".to_owned(), "other.example:8443".to_owned()];
        let hosts = AllowedHosts::new(&configured, listening("127.0.0.1:8080"));
        assert!(hosts.allow("chat.example") && hosts.allow("Chat.Example:443"));
        assert!(hosts.allow("other.example:8443"));
        for host in ["other.example", "other.example:443", "localhost", "127.0.0.1"] {
            assert!(!hosts.allow(host), "{host}");
        }
    }

    #[test]
    fn a_star_allows_every_host_that_is_one() {
        let hosts = AllowedHosts::new(&["*".to_owned()], listening("0.0.0.0:80"));
        assert!(hosts.allow("anything.example:1"));
        assert!(!hosts.allow("not a host"));
        assert!(!AllowedHosts::is_host("https://chat.example") && !AllowedHosts::is_host("a b"));
    }

    proptest! {
        #[test]
        fn any_text_is_allowed_only_if_it_is_a_name_of_this_machine(text in "\\PC{0,30}|(localhost|127.0.0.1|\\[::1\\])[a-z.:@0-9]{0,6}") {
            let hosts = AllowedHosts::new(&[], listening("127.0.0.1:8080"));
            if hosts.allow(&text) {
                let name = text.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(text.as_str(), |(name, _)| name);
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                prop_assert!(["localhost", "127.0.0.1", "[::1]"].contains(&name.as_str()), "{text}");
            }
        }
    }
}
