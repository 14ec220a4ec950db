//! Any text as a provider's base URL.

use super::base_url as checked;

/// What is taken goes to the host that an eye sees.
pub fn base_url(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    for allows_private in [false, true] {
        let Ok(url) = checked(text, allows_private) else {
            continue;
        };
        let rest = text.split_once("://").map(|(_, rest)| rest);
        let authority = rest.and_then(|rest| rest.split('/').next());
        let seen = authority.unwrap_or_default().to_ascii_lowercase();
        let host = url.host_str().unwrap_or_default();
        assert!(
            !host.is_empty() && (seen == host || seen.starts_with(&format!("{host}:"))),
            "{text} goes to {host:?}"
        );
    }
}
