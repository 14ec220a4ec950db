//! How long a stream may go on: until its token expires or is revoked, or its reader may not observe any more.
//! One task looks for revocations, for all streams; a stream only waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Identity;
use crate::ids::{SessionId, TokenId};
use crate::repository::{Repository, RepositoryError, now};

/// So often revocations are looked for while there are streams.
const LOOK: Duration = Duration::from_secs(2);
/// How far back, in milliseconds: a token may be revoked between its check and the first look for its stream.
const LOOK_BACK: i64 = 60_000;

/// What a stream goes on by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Ground {
    Token(TokenId),
    Observing(SessionId, Arc<str>),
}

#[derive(Default)]
struct Held {
    gone: CancellationToken,
    streams: usize,
}

/// The grounds of all open streams.
pub struct Validities {
    held: Mutex<HashMap<Ground, Held>>,
    main: Handle,
}

/// What is taken away from those who read by it.
#[derive(Clone, Debug)]
pub enum Right {
    /// Of this user, to read this session.
    Observe(SessionId, String),
    /// Of this user, to read whatever it was shown.
    ObserveAny(String),
}

impl Right {
    fn is_of(&self, ground: &Ground) -> bool {
        match (self, ground) {
            (Self::Observe(session, user), Ground::Observing(held, observer)) => {
                session == held && **user == **observer
            }
            (Self::ObserveAny(user), Ground::Observing(_, observer)) => **user == **observer,
            (_, Ground::Token(_)) => false,
        }
    }
}

/// How long one stream may go on.
pub struct Validity {
    expires: Option<Instant>,
    grounds: Vec<Hold>,
}

struct Hold {
    all: Arc<Validities>,
    ground: Ground,
    gone: CancellationToken,
}

impl Validities {
    /// Call it on the main runtime.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            held: Mutex::default(),
            main: Handle::current(),
        })
    }

    /// Looks for revocations for ever. Spawn it once, on the main runtime.
    pub async fn watch(self: Arc<Self>, repository: Arc<Repository>) {
        let mut looks = tokio::time::interval(LOOK);
        let mut since = now() - LOOK_BACK;
        loop {
            looks.tick().await;
            if !self.has_tokens() {
                continue;
            }
            let next = now() - LOOK_BACK;
            // When it cannot be told, it is asked again from the same moment on.
            if let Ok(revoked) = repository.tokens_revoked_since(since).await {
                revoked.into_iter().for_each(|id| self.end(&Ground::Token(id)));
                since = next;
            }
        }
    }

    /// How long a stream of `identity` may go on, when `check` finds that it may; `observed`: the session, when it is
    /// another user's. What is taken away from now on ends the stream, and what was taken before is what is checked.
    ///
    /// # Errors
    /// Those of `check`.
    pub async fn hold<E>(
        self: &Arc<Self>,
        (identity, observed): (&Identity, Option<SessionId>),
        check: impl Future<Output = Result<(), E>>,
    ) -> Result<Validity, E> {
        let validity = self.of(identity, observed);
        check.await?;
        Ok(validity)
    }

    /// Has `commit` take a right away, and ends the streams that go on by it. Both happen when the caller does not wait
    /// for them.
    ///
    /// # Errors
    /// Those of `commit`.
    pub async fn take_away<E>(
        self: &Arc<Self>,
        right: Right,
        commit: impl Future<Output = Result<(), E>> + Send + 'static,
    ) -> Result<(), E>
    where
        E: From<RepositoryError> + Send + 'static,
    {
        let all = Arc::clone(self);
        let task = self.main.spawn(async move {
            let result = commit.await;
            // Also when that failed: a stream that may go on is opened again.
            all.end_all(|ground| right.is_of(ground));
            result
        });
        task.await.unwrap_or_else(|error| {
            log::error!("identity.not_taken_away error={error:?}");
            Err(RepositoryError::Unavailable.into())
        })
    }

    fn of(self: &Arc<Self>, identity: &Identity, observed: Option<SessionId>) -> Validity {
        let observing = observed.map(|session| Ground::Observing(session, Arc::clone(&identity.subject)));
        let grounds = identity.token_id.map(Ground::Token).into_iter().chain(observing);
        Validity {
            expires: identity.expires_at.and_then(|expiry| {
                let rest = u64::try_from(expiry - now()).unwrap_or(0);
                // What is beyond the clock is never.
                Instant::now().checked_add(Duration::from_millis(rest))
            }),
            grounds: grounds.map(|ground| self.enter(ground)).collect(),
        }
    }

    fn enter(self: &Arc<Self>, ground: Ground) -> Hold {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.entry(ground.clone()).or_default();
        held.streams += 1;
        Hold {
            all: Arc::clone(self),
            ground,
            gone: held.gone.clone(),
        }
    }

    fn end(&self, ground: &Ground) {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = all.get_mut(ground) {
            // Streams that are held from now on are checked against what is new.
            std::mem::take(&mut held.gone).cancel();
        }
    }

    fn end_all(&self, ends: impl Fn(&Ground) -> bool) {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, held) in all.iter_mut().filter(|(ground, _)| ends(ground)) {
            std::mem::take(&mut held.gone).cancel();
        }
    }

    fn has_tokens(&self) -> bool {
        let all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.keys().any(|ground| matches!(ground, Ground::Token(_)))
    }
}

impl Validity {
    /// Resolves when the stream must end. Cancel safe.
    pub async fn ended(&self) {
        if self.expires.is_none() && self.grounds.is_empty() {
            return std::future::pending().await;
        }
        // Boxed, so that a stream that nothing ends keeps no room for it.
        Box::pin(self.taken_away()).await;
    }

    async fn taken_away(&self) {
        let expired = async {
            match self.expires {
                Some(moment) => tokio::time::sleep_until(moment).await,
                None => std::future::pending().await,
            }
        };
        let gone = self.grounds.iter().map(|hold| Box::pin(hold.gone.cancelled()));
        if self.grounds.is_empty() {
            return expired.await;
        }
        tokio::select! {
            () = expired => {}
            _ = futures_util::future::select_all(gone) => {}
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut all = self.all.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = all.get_mut(&self.ground) {
            held.streams -= 1;
            if held.streams == 0 {
                all.remove(&self.ground);
            }
        }
    }
}

#[cfg(test)]
mod tests;
