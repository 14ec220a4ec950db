//! A JWK Set in a file or at an address. It is looked at again when it has grown old, and when a token means a key
//! that is not in it; one look at a time, and never more often than the settings allow, so that forged key ids cannot
//! be used against the issuer. A key that is known is served at once, whatever the address does meanwhile; whoever needs
//! one that is not known waits for one look, and takes what that look found.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
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
    /// Held during a look.
    looked: tokio::sync::Mutex<Looked>,
    /// How many looks have ended.
    ended: AtomicU64,
}

/// When the set was last looked at.
#[derive(Default)]
struct Looked {
    began: Option<Instant>,
}

impl Looked {
    fn is_within(&self, floor: Duration) -> bool {
        self.began.is_some_and(|moment| moment.elapsed() < floor)
    }
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
            .timeout(settings.patience)
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
            ended: AtomicU64::new(0),
        }))
    }

    /// The key of this id, after a look at the source if it is not known.
    pub(super) async fn find(self: &Arc<Self>, id: Option<&str>) -> Result<Option<Arc<Key>>, Refusal> {
        let known = self.known();
        if let Some(key) = known.find(id).filter(|_| !known.is_older_than(TOO_OLD)) {
            if known.is_older_than(OLD) {
                self.look_behind();
            }
            return Ok(Some(key));
        }
        let (set, ended) = (Arc::clone(self), self.ended.load(Ordering::Acquire));
        // In a task: a client that leaves must not end a look that others wait for.
        let look = self
            .main
            .spawn(async move { set.look_unless_ended_since(ended).await });
        if look.await.is_err() {
            return Err(Refusal::KeysUnavailable);
        }
        let known = self.known();
        if known.is_older_than(TOO_OLD) {
            return Err(Refusal::KeysUnavailable);
        }
        Ok(known.find(id))
    }

    /// Looks at the source while its keys are served; unless somebody does, or did a short time ago.
    fn look_behind(self: &Arc<Self>) {
        let idle = self
            .looked
            .try_lock()
            .is_ok_and(|looked| !looked.is_within(self.floor));
        if idle {
            let (set, ended) = (Arc::clone(self), self.ended.load(Ordering::Acquire));
            self.main
                .spawn(async move { set.look_unless_ended_since(ended).await });
        }
    }

    /// Looks at the source; unless another look ended while this one waited for its turn, or the last one began a short
    /// time ago.
    async fn look_unless_ended_since(&self, ended: u64) {
        let mut looked = self.looked.lock().await;
        if self.ended.load(Ordering::Acquire) != ended || looked.is_within(self.floor) {
            return;
        }
        looked.began = Some(Instant::now());
        match self.look().await {
            Ok(known) => *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(known),
            Err(error) => log::warn!("identity.keys_unavailable error={error:?}"),
        }
        self.ended.fetch_add(1, Ordering::Release);
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

/// The keys of a set that are for `algorithm`; there must be one. A member that is for something else, or is malformed,
/// costs itself alone.
fn parse(json: &[u8], algorithm: JwtAlgorithm) -> Result<Known, JwtError> {
    #[derive(serde::Deserialize)]
    struct Set<'a> {
        #[serde(borrow)]
        keys: Vec<&'a RawValue>,
    }
    let set: Set = serde_json::from_slice(json).map_err(|_not_a_set| JwtError::NoKey("it is no JWK Set"))?;
    let members = set
        .keys
        .iter()
        .filter_map(|member| Object::parse(member.get().as_bytes()));
    let keys = members.filter_map(|jwk| Key::from_jwk(&jwk, algorithm));
    let keys: Vec<_> = keys.map(|(id, key)| (id, Arc::new(key))).collect();
    if keys.is_empty() {
        return Err(JwtError::NoKey("none is for the configured algorithm"));
    }
    Ok(Known {
        keys,
        seen: Some(Instant::now()),
    })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use futures_util::FutureExt;

    use super::{KeySet, Known, OLD, TOO_OLD};
    use crate::config::JwtKeys;
    use crate::identity::jwt::key::Key;
    use crate::identity::jwt::tests::settings;

    /// A set that knows the key `one` and was last seen at `seen`; its address accepts, and says nothing.
    fn set(seen: Option<Instant>) -> (Arc<KeySet>, TcpListener) {
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url = format!("http://{}/keys", silent.local_addr().expect("an address"));
        let mut settings = settings();
        settings.keys = JwtKeys::Url(url.parse().expect("a URL"));
        let set = KeySet::new(&settings).expect("a set");
        *set.known.lock().expect("a lock") = Arc::new(Known {
            keys: vec![(Some("one".to_owned()), Arc::new(Key::secret(b"a key")))],
            seen,
        });
        (set, silent)
    }

    fn before(age: Duration) -> Option<Instant> {
        Instant::now().checked_sub(age + Duration::from_secs(3))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_key_that_is_known_is_served_at_once_while_the_address_of_an_old_set_hangs() {
        let (set, silent) = set(before(OLD));
        for _ in 0..3 {
            let found = set.find(Some("one")).now_or_never().expect("it waits");
            assert!(found.expect("keys").is_some());
        }
        let asked = tokio::task::spawn_blocking(move || silent.accept().is_ok());
        assert!(
            asked.await.expect("a thread"),
            "the set is looked at again behind it"
        );
        let served = set
            .find(Some("one"))
            .now_or_never()
            .expect("it waits during a look");
        assert!(served.expect("keys").is_some());
    }

    #[tokio::test]
    async fn a_key_of_a_set_that_is_too_old_is_not_trusted() {
        let (set, silent) = set(before(TOO_OLD));
        // Nobody is there any more: the look fails at once.
        drop(silent);
        assert!(set.find(Some("one")).await.is_err());
    }
}
