//! Content codings (RFC 9110, section 12.5.3): which one a request likes best of those there are. Compresses nothing.

use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
    Identity,
}

impl Coding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }
}

/// Of those with the highest weight the first. What is not compressed is offered always, and last.
pub(super) fn preferred(headers: &HeaderMap, offered: &[Coding]) -> Coding {
    let mut best = (
        Coding::Identity,
        weight(headers, "identity").unwrap_or(f32::MIN_POSITIVE),
    );
    for &coding in offered.iter().rev() {
        let weight = weight(headers, coding.name())
            .or_else(|| weight(headers, "*"))
            .unwrap_or(0.0);
        if weight > 0.0 && weight >= best.1 {
            best = (coding, weight);
        }
    }
    best.0
}

/// `None` where the request does not name it. A weight that cannot be read is 0: what nobody asked for is not sent.
fn weight(headers: &HeaderMap, name: &str) -> Option<f32> {
    headers
        .get_all(ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts.next()?.eq_ignore_ascii_case(name);
            named.then(|| parts.next().map_or(1.0, quality))
        })
}

fn quality(parameter: &str) -> f32 {
    let value = parameter
        .strip_prefix("q=")
        .or_else(|| parameter.strip_prefix("Q="));
    let quality = value.and_then(|value| value.trim().parse::<f32>().ok());
    quality
        .filter(|quality| (0.0..=1.0).contains(quality))
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::Coding::{Brotli, Gzip, Identity};
    use super::*;

    fn choice(accepted: &[&'static str], offered: &[Coding]) -> Coding {
        let mut headers = HeaderMap::new();
        for value in accepted {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        preferred(&headers, offered)
    }

    #[test]
    fn the_smallest_that_is_accepted_is_chosen_unless_another_is_liked_better() {
        let both = [Brotli, Gzip];
        for (accepted, expected) in [
            (&[][..], Identity),
            (&[""], Identity),
            (&["gzip, deflate, br, zstd"], Brotli),
            (&["gzip, deflate"], Gzip),
            (&["gzip", "br"], Brotli),
            (&["GZIP ; q=0.5"], Gzip),
            (&["br;q=0.5, gzip;q=0.8"], Gzip),
            (&["br;q=0, gzip"], Gzip),
            (&["br;q=0.000, gzip;q=0"], Identity),
            (&["*"], Brotli),
            (&["*;q=0.1, br;q=0"], Gzip),
            (&["*;q=0"], Identity),
            (&["identity, gzip;q=0.5"], Identity),
            (&["identity;q=0, gzip;q=0.1"], Gzip),
            (&["identity;q=0, *;q=0"], Identity),
            (&["xgzip, brotli"], Identity),
            (&["br;q=2, gzip;q=much"], Identity),
        ] {
            assert_eq!(choice(accepted, &both), expected, "{accepted:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_chosen() {
        assert_eq!(choice(&["br, gzip"], &[Gzip]), Gzip);
        assert_eq!(choice(&["br, gzip"], &[]), Identity);
        assert_eq!(choice(&["br"], &[Gzip]), Identity);
    }
}
