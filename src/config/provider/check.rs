//! What a `[[providers]]` table may say: checked at the start, in words for the operator. A value that may be secret
//! is never repeated.

use std::collections::BTreeMap;

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::ProviderSettings;

/// Names are shown to people and sent in requests.
const MAX_NAME_BYTES: usize = 64;
/// Headers that the service sets itself, or that would break the connection.
const RESERVED_HEADERS: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "accept",
    "accept-encoding",
    "te",
    "upgrade",
    "expect",
];

/// Why a provider cannot be used as it is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderProblem {
    /// Not a URL, or of another scheme.
    #[error("base_url must be a URL that begins with http:// or https://")]
    BaseUrl,
    /// An end of line that was copied along, say.
    #[error(
        "base_url has white space in it or around it: remove it (a line end at the end of a variable counts, too)"
    )]
    WhiteSpaceInBaseUrl,
    /// The wire's path is added to it.
    #[error(
        "base_url is already the whole endpoint: leave out its last part ({0}), which the service adds itself; most often \
         it then ends with /v1"
    )]
    WholeEndpoint(&'static str),
    /// They would be sent so.
    #[error("base_url has an empty part (//) in its path: write one slash")]
    EmptyPart,
    /// It would be sent to somebody, or logged.
    #[error("base_url must have no user name and no password: use api_key")]
    UserInBaseUrl,
    /// The path is added at the end.
    #[error("base_url must have no query and no fragment: write query = {{ name = \"value\" }}")]
    QueryInBaseUrl,
    /// Another reader may take it for another place.
    #[error(
        "base_url is not read as it is written: write the host in plain letters or the address in its usual form, \
         without escapes, backslashes, '..' or a dot at its end"
    )]
    DisguisedBaseUrl,
    /// Link-local, where clouds serve their credentials, or reserved.
    #[error("base_url has an address where no provider can be")]
    UnusableAddress,
    /// Everybody on the way would read the key and the conversation.
    #[error(
        "base_url must be https: http is for this machine and private addresses; for a name that leads to one set \
         allow_private_addresses"
    )]
    PlainHttp,
    /// Nothing says where to go.
    #[error("it needs a base_url or a key: set api_key, api_key_variable or the wire's variables")]
    Nowhere,
    /// Which one?
    #[error("api_key and api_key_variable cannot both be set")]
    TwoKeys,
    /// It is named but not there.
    #[error("the variable that api_key_variable names is not set")]
    NoKeyVariable,
    /// Line ends, say.
    #[error("the key has characters that cannot be sent")]
    Key,
    /// Shown to people and sent in requests.
    #[error("name must have 1 to 64 letters, digits, '-', '_' or '.'")]
    Name,
    /// Requests and logs name providers.
    #[error("another provider has the same name")]
    SameName,
    /// An empty one.
    #[error("model must not be empty")]
    Model,
    /// Not a header, or one that the service sets itself.
    #[error("headers has a name or a value that cannot be sent, or that is set already")]
    Header,
    /// Not what a model takes.
    #[error("temperature must be between 0 and 2, and max_tokens at least 1")]
    Parameters,
}

/// Everything that does not depend on other providers.
pub(super) fn check(settings: &ProviderSettings) -> Result<(), ProviderProblem> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let name = &settings.name;
    let key_fits = |key: &SecretString| HeaderValue::try_from(key.expose_secret()).is_ok();
    let refusals = [
        (
            name.is_empty() || name.len() > MAX_NAME_BYTES || !name.chars().all(is_word),
            ProviderProblem::Name,
        ),
        (settings.model.trim().is_empty(), ProviderProblem::Model),
        (
            !settings.api_key.as_ref().is_none_or(key_fits),
            ProviderProblem::Key,
        ),
        (!headers_fit(settings), ProviderProblem::Header),
        (!settings.parameters.are_sane(), ProviderProblem::Parameters),
    ];
    match refusals.into_iter().find(|(is_refused, _)| *is_refused) {
        Some((_, problem)) => Err(problem),
        None => Ok(()),
    }
}

fn headers_fit(settings: &ProviderSettings) -> bool {
    let sent = |value: &Option<String>| {
        value
            .as_deref()
            .is_none_or(|value| HeaderValue::try_from(value).is_ok())
    };
    named_fit(&settings.headers) && sent(&settings.organization) && sent(&settings.project)
}

fn named_fit(headers: &BTreeMap<String, SecretString>) -> bool {
    headers.iter().all(|(name, value)| {
        let is_reserved = RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str());
        !is_reserved
            && HeaderName::try_from(name.as_str()).is_ok()
            && HeaderValue::try_from(value.expose_secret()).is_ok()
    })
}
