//! A JWK Set in a file or at an address. It is looked at again when it has grown old, and when a token means a key
//! that is not in it; by one request at a time, and never more often than the settings allow, so that forged key
//! ids cannot be used against the issuer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::super::Refusal;
use super::JwtError;
use super::key::Key;
use super::object::Object;
use crate::config::{JwtAlgorithm, JwtKeys, JwtSettings};

/// A set that is older is looked at again with the next token,
const OLD: Duration = Duration::from_secs(600);
/// and one that could not be for so long is not trusted any more.
const TOO_OLD: Duration = Duration::from_secs(24 * 3600);
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest set in bytes.
const LARGEST: usize = 256 * 1024;

/// The keys of an issuer, as they change.
pub(super) struct KeySet {
    source: JwtKeys,
    algorithm: JwtAlgorithm,
    floor: Duration,
    client: reqwest::Client,
    main: Handle,
    known: Mutex<Arc<Known>>,
    /// When the set was last looked at; held while it is.
    looked: tokio::sync::Mutex<Option<Instant>>,
}

/// The keys as they were last seen.
#[derive(Default)]
struct Known {
    keys: Vec<(Option<String>, Arc<Key>)>,
    seen: Option<Instant>,
}

impl Known {
    /// Without an id it must be the only key.
    fn find(&self, id: Option<&str>) -> Option<Arc<Key>> {
        let found = match id {
            Some(_) => self.keys.iter().find(|(known, _)| known.as_deref() == id),
            None => self.keys.first().filter(|_| self.keys.len() == 1),
        };
        found.map(|(_, key)| Arc::clone(key))
    }

    fn is_older_than(&self, age: Duration) -> bool {
        self.seen.is_none_or(|moment| moment.elapsed() > age)
    }
}

impl KeySet {
    /// Reads a file now, so that a wrong one is noticed at the start; an address is asked with the first token, as
    /// the issuer may start later. Call it on the main runtime.
    pub(super) fn new(settings: &JwtSettings) -> Result<Arc<Self>, JwtError> {
        // Another part may have been quicker.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        let known = match &settings.keys {
            JwtKeys::File(path) => {
                let read = std::fs::read(path).map_err(|source| JwtError::File {
                    path: path.clone(),
                    source,
                })?;
                parse(&read, settings.algorithm)?
            }
            JwtKeys::Url(_) | JwtKeys::Secret(_) => Known::default(),
        };
        Ok(Arc::new(Self {
            source: settings.keys.clone(),
            algorithm: settings.algorithm,
            floor: settings.floor,
            client,
            main: Handle::current(),
            known: Mutex::new(Arc::new(known)),
            looked: tokio::sync::Mutex::default(),
        }))
    }

    /// The key of this id, after a look at the source if need be.
    pub(super) async fn find(self: &Arc<Self>, id: Option<&str>) -> Result<Option<Arc<Key>>, Refusal> {
        let known = self.known();
        if let Some(key) = known.find(id).filter(|_| !known.is_older_than(OLD)) {
            return Ok(Some(key));
        }
        let set = Arc::clone(self);
        // In a task: a client that leaves must not end a look that others wait for.
        let look = self.main.spawn(async move { set.look_again(&known).await });
        if look.await.is_err() {
            return Err(Refusal::KeysUnavailable);
        }
        let known = self.known();
        if known.is_older_than(TOO_OLD) {
            return Err(Refusal::KeysUnavailable);
        }
        Ok(known.find(id))
    }

    /// Unless somebody else has since `seen`, or the last look is too short ago.
    async fn look_again(&self, seen: &Arc<Known>) {
        let mut looked = self.looked.lock().await;
        let others = !Arc::ptr_eq(&self.known(), seen);
        let early = looked.is_some_and(|moment| moment.elapsed() < self.floor);
        if others || early {
            return;
        }
        *looked = Some(Instant::now());
        match self.look().await {
            Ok(known) => *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(known),
            Err(error) => log::warn!("identity.keys_unavailable error={error:?}"),
        }
    }

    async fn look(&self) -> Result<Known, JwtError> {
        let read = match &self.source {
            JwtKeys::Secret(_) => return Err(JwtError::NoKey("a secret is in no set")),
            JwtKeys::File(path) => tokio::fs::read(path).await.map_err(|source| JwtError::File {
                path: path.clone(),
                source,
            })?,
            JwtKeys::Url(url) => self.fetch(url.clone()).await?,
        };
        parse(&read, self.algorithm)
    }

    async fn fetch(&self, url: reqwest::Url) -> Result<Vec<u8>, JwtError> {
        let mut response = self.client.get(url).send().await?.error_for_status()?;
        // A redirect is not followed, and is no set.
        if !response.status().is_success() {
            return Err(JwtError::NoKey("the answer is not 200"));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(JwtError::NoKey("the set is larger than 256 KiB"));
            }
        }
        Ok(body)
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The keys of a set that are for `algorithm`; there must be one. Others are not looked at.
fn parse(json: &[u8], algorithm: JwtAlgorithm) -> Result<Known, JwtError> {
    #[derive(serde::Deserialize)]
    struct Set {
        keys: Vec<Object>,
    }
    let set: Set = serde_json::from_slice(json).map_err(|_not_a_set| JwtError::NoKey("it is no JWK Set"))?;
    let keys = set.keys.iter().filter_map(|jwk| Key::from_jwk(jwk, algorithm));
    let keys: Vec<_> = keys.map(|(id, key)| (id, Arc::new(key))).collect();
    if keys.is_empty() {
        return Err(JwtError::NoKey("none is for the configured algorithm"));
    }
    Ok(Known {
        keys,
        seen: Some(Instant::now()),
    })
}
