//! Where an address leads: to anybody, into a private network, or to where no provider ever is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who can be behind an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Somewhere on the internet.
    Public,
    /// This machine, or a network that the operator is in.
    Private,
    /// Nobody: link-local addresses, where clouds serve their credentials; groups; what is reserved.
    Nowhere,
}

/// By IANA's registries of special-purpose addresses (RFC 6890). An IPv6 address that stands for an IPv4 one leads
/// where that one leads.
#[must_use]
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(|| reach_v6(address), reach_v4),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        // Loopback, RFC 1918, and what providers of access share among subscribers (RFC 6598).
        (127 | 10, _, _) | (172, 16..=31, _) | (192, 168, _) => Reach::Private,
        // Alibaba's credentials are served inside the shared range.
        (100, 100, 100) if address == Ipv4Addr::new(100, 100, 100, 200) => Reach::Nowhere,
        (100, 64..=127, _) => Reach::Private,
        // This network, link-local, protocol assignments, documentation, 6to4 relays, benchmarks, groups, the future.
        (0 | 224..=255, _, _) | (169, 254, _) | (192, 0, 0 | 2) | (192, 88, 99) => Reach::Nowhere,
        (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => Reach::Nowhere,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let [first, second, ..] = address.segments();
    // Amazon's credentials are served inside the private range.
    if address.is_unspecified() || address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) {
        return Reach::Nowhere;
    }
    match (first, second) {
        _ if address.is_loopback() => Reach::Private,
        (0xfc00..=0xfdff, _) => Reach::Private,
        // Protocol assignments (Teredo and ORCHID among them) and documentation.
        (0x2001, 0..=0x01ff | 0x0db8) | (0x3fff, 0..=0x0fff) => Reach::Nowhere,
        // All that was given out so far (RFC 3587).
        (0x2000..=0x3fff, _) => Reach::Public,
        _ => Reach::Nowhere,
    }
}

/// The IPv4 address inside: mapped, compatible, translated (RFC 6052, RFC 8215 has none to see), 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0, 0, 0, 0, 0xffff, 0) => from(g, h),
        (0, 0, 0, 0, 0, 0) if g > 0 => from(g, h),
        (0x64, 0xff9b, 0, 0, 0, 0) => from(g, h),
        (0x2002, high, low, ..) => from(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_where_the_registries_say() {
        let cases = [
            (
                Reach::Public,
                "8.8.8.8 1.1.1.1 172.15.0.1 172.32.0.1 100.63.255.255 100.128.0.1 169.253.1.1 \
                192.167.1.1 198.17.0.1 223.255.255.255 2606:4700::1111 2a00:1450::1 \
                ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1",
            ),
            (
                Reach::Private,
                "127.0.0.1 127.255.255.254 10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 \
                100.64.0.1 100.127.255.255 ::1 fc00::1 fdff::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 \
                ::127.0.0.1 64:ff9b::a00:1 2002:7f00:1:: ::ffff:0:192.168.0.1",
            ),
            (
                Reach::Nowhere,
                "0.0.0.0 0.1.2.3 169.254.169.254 169.254.0.1 100.100.100.200 192.0.0.1 192.0.2.1 \
                198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: \
                fe80::1 febf::1 fec0::1 ff02::1 2001:db8::1 2001::1 fd00:ec2::254 \
                ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: 100::1 \
                64:ff9b:1::a00:1 4000::1",
            ),
        ];
        for (expected, addresses) in cases {
            for address in addresses.split_whitespace() {
                let parsed = address.parse().expect("an address");
                assert_eq!(reach(parsed), expected, "{address}");
            }
        }
    }
}
