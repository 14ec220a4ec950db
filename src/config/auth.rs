//! Who may come in: whether a token is needed, and how tokens of an identity provider are checked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{ConfigError, ServeArgs};

/// As long as what HS256 makes of it (RFC 7518, section 3.2).
const SHORTEST_SECRET: usize = 32;
/// What tokens that are meant for APIs say they are (RFC 7519, section 5.1; RFC 9068, section 2.1).
const TYPES: [&str; 2] = ["JWT", "at+jwt"];

/// The table `[auth]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthFile {
    required: Option<bool>,
    #[serde(default)]
    cookie: bool,
    #[serde(default)]
    locked_transcripts: bool,
    metrics_token: Option<SecretString>,
    jwt: Option<JwtFile>,
}

/// The table `[auth.jwt]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JwtFile {
    algorithm: JwtAlgorithm,
    issuer: String,
    audience: String,
    types: Option<Vec<String>>,
    leeway_seconds: Option<u64>,
    user_claim: Option<String>,
    observes_claim: Option<String>,
    secret_file: Option<PathBuf>,
    jwks_file: Option<PathBuf>,
    jwks_url: Option<String>,
    jwks_floor_seconds: Option<f64>,
    jwks_timeout_seconds: Option<f64>,
}

/// How tokens are signed; the one way that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256, by a shared secret.
    HS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

/// Where the keys are.
#[derive(Clone, Debug)]
pub enum JwtKeys {
    /// The secret of HS256.
    Secret(SecretString),
    /// A JWK Set in a file.
    File(PathBuf),
    /// A JWK Set at an address.
    Url(reqwest::Url),
}

/// How tokens of an identity provider are checked.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// How they are signed.
    pub algorithm: JwtAlgorithm,
    /// Who issues them.
    pub issuer: String,
    /// Whom they are for.
    pub audience: String,
    /// What they say they are, each without `application/` and in lower case.
    pub types: Vec<String>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Which claim names the user.
    pub user_claim: String,
    /// Which claim names those whose sessions the user may read.
    pub observes_claim: String,
    /// What they are checked against.
    pub keys: JwtKeys,
    /// Least time between the beginnings of two looks at a JWK Set; longer than `patience`.
    pub floor: Duration,
    /// Longest wait for the address of a JWK Set.
    pub patience: Duration,
}

/// Who may come in.
#[derive(Clone, Debug, Default)]
pub struct AuthSettings {
    /// Whether every user's request needs a token. Otherwise one without acts as the user `local`.
    pub required: bool,
    /// Whether a page of this origin may keep its token in a cookie.
    pub cookie: bool,
    /// Whether no reply may be edited.
    pub locked_transcripts: bool,
    /// What `/metrics` asks for.
    pub metrics_token: Option<SecretString>,
    /// `None`: only this service's own tokens are accepted.
    pub jwt: Option<JwtSettings>,
}

pub(super) fn settings(args: &ServeArgs, file: AuthFile) -> Result<AuthSettings, ConfigError> {
    let jwt = match file.jwt {
        Some(jwt) => Some(jwt_settings(args, jwt)?),
        None if args.jwt_secret.is_some() => {
            return Err(ConfigError::Auth(
                "TUTORSTREAM_JWT_SECRET is set, but the table [auth.jwt] does not say algorithm, issuer and audience",
            ));
        }
        None => None,
    };
    let required = args.require_auth.or(file.required);
    if required == Some(false) && jwt.is_some() {
        return Err(ConfigError::Auth(
            "required = false contradicts [auth.jwt]: without a token every request would act as one user",
        ));
    }
    Ok(AuthSettings {
        required: required.unwrap_or(jwt.is_some()),
        cookie: file.cookie,
        locked_transcripts: file.locked_transcripts,
        metrics_token: args.metrics_token.clone().or(file.metrics_token),
        jwt,
    })
}

fn jwt_settings(args: &ServeArgs, file: JwtFile) -> Result<JwtSettings, ConfigError> {
    if file.issuer.is_empty() || file.audience.is_empty() {
        return Err(ConfigError::Auth("jwt.issuer and jwt.audience must not be empty"));
    }
    let types = file.types.clone();
    let types = types.unwrap_or_else(|| TYPES.map(str::to_owned).into());
    if types.is_empty() || types.iter().any(String::is_empty) {
        return Err(ConfigError::Auth(
            "jwt.types must name at least one type, and none that is empty",
        ));
    }
    let (floor, patience) = looks(&file)?;
    Ok(JwtSettings {
        keys: keys(args, &file)?,
        algorithm: file.algorithm,
        issuer: file.issuer,
        audience: file.audience,
        types: types.iter().map(|name| plain_type(name)).collect(),
        leeway: Duration::from_secs(file.leeway_seconds.unwrap_or(60)),
        user_claim: file.user_claim.unwrap_or_else(|| "sub".to_owned()),
        observes_claim: file.observes_claim.unwrap_or_else(|| "observes".to_owned()),
        floor,
        patience,
    })
}

/// The least time between two looks at a JWK Set, and the longest wait for its address.
///
/// With a floor that one look can outlast, an address that hangs would be waited for all the time.
fn looks(file: &JwtFile) -> Result<(Duration, Duration), ConfigError> {
    let seconds = |value: Option<f64>, default: f64| Duration::try_from_secs_f64(value.unwrap_or(default));
    let floor = seconds(file.jwks_floor_seconds, 30.0);
    let patience = seconds(file.jwks_timeout_seconds, 5.0);
    match (floor, patience) {
        (Ok(floor), Ok(patience)) if !patience.is_zero() && floor > patience => Ok((floor, patience)),
        _ => Err(ConfigError::Auth(
            "jwt.jwks_floor_seconds (30 by default) must be longer than jwt.jwks_timeout_seconds (5 by default), \
             which must be above 0",
        )),
    }
}

impl JwtSettings {
    /// Whether a token that says it is of this type may be one of these.
    #[must_use]
    pub fn accepts(&self, name: &str) -> bool {
        self.types.contains(&plain_type(name))
    }
}

/// Media types are alike in any case, and may leave `application/` out (RFC 7515, section 4.1.9).
fn plain_type(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("application/") {
        Some(rest) if !rest.contains('/') => rest.to_owned(),
        _ => name,
    }
}

/// One algorithm, one kind of key (RFC 8725, section 3.1): a public key is never taken for a secret.
fn keys(args: &ServeArgs, file: &JwtFile) -> Result<JwtKeys, ConfigError> {
    let secret = match (&args.jwt_secret, &file.secret_file) {
        (Some(secret), _) => Some(secret.clone()),
        (None, Some(path)) => Some(read_secret(path)?),
        (None, None) => None,
    };
    match (file.algorithm, secret, &file.jwks_file, &file.jwks_url) {
        (JwtAlgorithm::HS256, Some(secret), None, None) => {
            if secret.expose_secret().len() < SHORTEST_SECRET {
                return Err(ConfigError::Auth(
                    "the secret of HS256 is shorter than 32 bytes: make one with `openssl rand -base64 48`",
                ));
            }
            Ok(JwtKeys::Secret(secret))
        }
        (JwtAlgorithm::HS256, _, _, _) => Err(ConfigError::Auth(
            "HS256 needs a secret, by TUTORSTREAM_JWT_SECRET or jwt.secret_file, and no JWK Set",
        )),
        (_, None, Some(path), None) => Ok(JwtKeys::File(path.clone())),
        (_, None, None, Some(url)) => Ok(JwtKeys::Url(key_url(url)?)),
        _ => Err(ConfigError::Auth(
            "RS256, ES256 and EdDSA need either jwt.jwks_file or jwt.jwks_url, and no secret",
        )),
    }
}

fn read_secret(path: &Path) -> Result<SecretString, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(SecretString::from(text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// Whoever can change what comes from there can be anybody: HTTPS, or this machine.
fn key_url(text: &str) -> Result<reqwest::Url, ConfigError> {
    const REFUSED: ConfigError =
        ConfigError::Auth("jwt.jwks_url must be https://, or http:// on this machine, without a user name");
    let url = reqwest::Url::parse(text).map_err(|_not_a_url| REFUSED)?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let safe = url.scheme() == "https" || url.scheme() == "http" && local;
    let plain = url.username().is_empty() && url.password().is_none();
    if safe && plain { Ok(url) } else { Err(REFUSED) }
}
