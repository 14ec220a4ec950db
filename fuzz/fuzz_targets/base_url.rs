//! Any text as a provider's base URL: what is taken goes to the host that an eye sees.
//!
//! `cargo +nightly fuzz run base_url`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tutorstream::config::base_url;

fuzz_target!(|text: &str| {
    for allows_private in [false, true] {
        let Ok(url) = base_url(text, allows_private) else {
            continue;
        };
        let (_, rest) = text.split_once("://").expect("a scheme");
        let authority = rest.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let host = url.host_str().expect("a host");
        assert!(authority == host || authority.starts_with(&format!("{host}:")), "{text} goes to {host}");
    }
});
