//! The HTTP client of a provider, the URL that it posts to, and the headers of each request. The only place where a
//! client is built.

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderName,
    InvalidHeaderValue,
};
use reqwest::{Client, Url};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;

use super::resolver::CheckedResolver;
use crate::config::{Auth, ProviderSettings};

const USER_AGENT: &str = concat!("tutorstream/", env!("CARGO_PKG_VERSION"));
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const IDLE_CONNECTIONS: usize = 32;
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);

/// A header that cannot be sent. Says nothing about which: it may be the key.
#[derive(Debug, thiserror::Error)]
#[error("a header of the configuration cannot be sent")]
pub(super) struct Unsendable;

impl From<InvalidHeaderValue> for Unsendable {
    fn from(_: InvalidHeaderValue) -> Self {
        Self
    }
}

impl From<InvalidHeaderName> for Unsendable {
    fn from(_: InvalidHeaderName) -> Self {
        Self
    }
}

/// The URL to post to.
pub(super) fn endpoint(settings: &ProviderSettings, path: &[&str]) -> Option<Url> {
    let mut url = settings.base_url.clone();
    let mut segments = settings.base_url.path_segments()?;
    let last = segments.rfind(|segment| !segment.is_empty());
    // Anthropic's base URL is written with and without the version.
    let below = path.strip_prefix(last.as_slice()).unwrap_or(path);
    url.path_segments_mut().ok()?.pop_if_empty().extend(below);
    if !settings.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&settings.query);
    }
    Some(url)
}

/// The headers of each request: what the operator adds, then what the wire needs.
pub(super) fn headers(
    settings: &ProviderSettings,
    of_wire: &'static [(&'static str, &'static str)],
) -> Result<HeaderMap, Unsendable> {
    let mut headers = HeaderMap::with_capacity(6 + settings.headers.len());
    for (name, value) in of_wire {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    for (name, value) in &settings.headers {
        headers.insert(HeaderName::try_from(name)?, secret(value.expose_secret())?);
    }
    headers.insert(ACCEPT, EVENT_STREAM);
    headers.insert(CONTENT_TYPE, JSON);
    if let Some(organization) = &settings.organization {
        headers.insert("openai-organization", HeaderValue::try_from(organization)?);
    }
    if let Some(project) = &settings.project {
        headers.insert("openai-project", HeaderValue::try_from(project)?);
    }
    if let Some(key) = &settings.api_key {
        let key = key.expose_secret();
        match settings.auth {
            Auth::Bearer => drop(headers.insert(AUTHORIZATION, secret(&format!("Bearer {key}"))?)),
            Auth::ApiKey => drop(headers.insert("api-key", secret(key)?)),
            Auth::XApiKey => drop(headers.insert("x-api-key", secret(key)?)),
            Auth::None => {}
        }
    }
    Ok(headers)
}

fn secret(value: &str) -> Result<HeaderValue, Unsendable> {
    let mut value = HeaderValue::try_from(value)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A client that goes to the configured host and nowhere else, and that reads what is sent as it is sent: it knows no
/// compression.
pub(super) fn build(settings: &ProviderSettings) -> reqwest::Result<Client> {
    // Another part of the process may have installed one already: either is fine.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .dns_resolver(Arc::new(CheckedResolver::of(settings)))
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(settings.timeouts.connect)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT);
    // Without TLS no roots are needed, and a machine without any can talk to its own model.
    if settings.base_url.scheme() == "http" {
        builder.tls_certs_only([])
    } else {
        builder
    }
    .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Wire;

    const CHAT: &[&str] = &["chat", "completions"];
    const MESSAGES: &[&str] = &["v1", "messages"];

    #[test]
    fn the_endpoint_is_below_the_base_url() {
        let cases = [
            (
                "https://a.example/v1",
                CHAT,
                "https://a.example/v1/chat/completions",
            ),
            (
                "https://a.example/v1/",
                CHAT,
                "https://a.example/v1/chat/completions",
            ),
            (
                "http://localhost:8000",
                CHAT,
                "http://localhost:8000/chat/completions",
            ),
            ("https://a.example", MESSAGES, "https://a.example/v1/messages"),
            ("https://a.example/", MESSAGES, "https://a.example/v1/messages"),
            ("https://a.example/v1", MESSAGES, "https://a.example/v1/messages"),
            (
                "https://a.example/x/v1/",
                MESSAGES,
                "https://a.example/x/v1/messages",
            ),
        ];
        for (base_url, path, expected) in cases {
            let settings = ProviderSettings::new("p", Wire::OpenaiChat, base_url.parse().unwrap(), "m");
            assert_eq!(endpoint(&settings, path).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_query_is_added_and_escaped() {
        let base_url = "https://mine.openai.azure.com/openai/deployments/d";
        let mut settings = ProviderSettings::new("p", Wire::OpenaiChat, base_url.parse().unwrap(), "m");
        settings.query = [("api-version".to_owned(), "2025 1&x".to_owned())].into();
        assert_eq!(
            endpoint(&settings, CHAT).unwrap().as_str(),
            "https://mine.openai.azure.com/openai/deployments/d/chat/completions?api-version=2025+1%26x"
        );
    }

    #[test]
    fn the_key_is_sent_as_the_provider_wants_it_and_never_shown() {
        let cases = [
            (Auth::Bearer, "authorization", "Bearer canary"),
            (Auth::ApiKey, "api-key", "canary"),
            (Auth::XApiKey, "x-api-key", "canary"),
        ];
        for (auth, name, value) in cases {
            let mut settings =
                ProviderSettings::new("p", Wire::OpenaiChat, "http://localhost".parse().unwrap(), "m");
            settings.auth = auth;
            settings.api_key = Some("canary".into());
            settings.organization = Some("o".to_owned());
            settings.project = Some("p".to_owned());
            settings.headers = [("X-Team".to_owned(), "secret team".into())].into();
            let headers = headers(&settings, &[("anthropic-version", "1")]).unwrap();
            assert_eq!(headers[name], value);
            assert_eq!(
                headers
                    .values()
                    .filter(|value| value.as_bytes().ends_with(b"canary"))
                    .count(),
                1
            );
            assert_eq!(headers["openai-organization"], "o");
            assert_eq!(headers["openai-project"], "p");
            assert_eq!(headers["x-team"], "secret team");
            assert_eq!(headers["anthropic-version"], "1");
            let shown = format!("{headers:?}");
            assert!(
                !shown.contains("canary") && !shown.contains("secret team"),
                "{shown}"
            );
        }
    }
}
