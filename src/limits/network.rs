//! Whose an address is.

use std::net::{IpAddr, Ipv6Addr};

/// Who is counted as one: in IPv6 a subscriber has a /64 (RFC 6177), in IPv4 an address.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}
