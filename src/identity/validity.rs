//! How long a stream may go on: until its token expires or is revoked, or its reader may not observe any more.
//! One task looks for revocations, for all streams; a stream only waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Identity;
use crate::ids::{SessionId, TokenId};
use crate::repository::{Repository, now};

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
#[derive(Default)]
pub struct Validities {
    held: Mutex<HashMap<Ground, Held>>,
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

    /// How long a stream of `identity` may go on; `observed`: the session, when it is another user's.
    pub fn of(self: &Arc<Self>, identity: &Identity, observed: Option<SessionId>) -> Validity {
        let observing = observed.map(|session| Ground::Observing(session, Arc::clone(&identity.subject)));
        let grounds = identity.token_id.map(Ground::Token).into_iter().chain(observing);
        Validity {
            expires: identity.expires_at.and_then(|expiry| {
                let rest = u64::try_from(expiry - now()).unwrap_or(0);
                // What is beyond the clock is never.
                Instant::now().checked_add(Duration::from_millis(rest))
            }),
            grounds: grounds.map(|ground| self.hold(ground)).collect(),
        }
    }

    /// Ends the streams of a session that `observer` reads.
    pub fn end_observing(&self, session: SessionId, observer: &str) {
        self.end(&Ground::Observing(session, observer.into()));
    }

    fn hold(self: &Arc<Self>, ground: Ground) -> Hold {
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
            // Streams that begin now have been checked against what is new.
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
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::{Ground, Validities};
    use crate::identity::Identity;
    use crate::ids::{SessionId, TokenId};
    use crate::repository::now;

    fn identity(expires_in: Option<i64>, token_id: Option<TokenId>) -> Identity {
        Identity {
            subject: "alice".into(),
            observes: Arc::default(),
            token_id,
            expires_at: expires_in.map(|rest| now() + rest),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_at_the_moment_its_token_expires() {
        let all = Arc::new(Validities::default());
        for rest in [-5_000, 0, 1_000, 90_000, 400 * 86_400_000] {
            let begin = Instant::now();
            all.of(&identity(Some(rest), None), None).ended().await;
            let late = begin
                .elapsed()
                .as_millis()
                .abs_diff(u128::try_from(rest.max(0)).unwrap_or(0));
            // A wall clock and a timer: each counts milliseconds.
            assert!(late < 1_000, "{rest}: {late}");
        }
        let never = all.of(&identity(None, None), None);
        let year = Duration::from_secs(365 * 86_400);
        assert!(timeout(year, never.ended()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn streams_of_what_is_taken_back_end_and_others_go_on() {
        let all = Arc::new(Validities::default());
        let (token, session) = (TokenId::new(), SessionId::new());
        let streams = [
            all.of(&identity(None, Some(token)), None),
            all.of(&identity(None, Some(TokenId::new())), None),
            all.of(&identity(None, Some(TokenId::new())), Some(session)),
        ];
        let ended = async |stream: usize| {
            let ended = timeout(Duration::from_secs(1), streams[stream].ended());
            ended.await.is_ok()
        };
        all.end(&Ground::Token(token));
        assert_eq!(
            [ended(0).await, ended(1).await, ended(2).await],
            [true, false, false]
        );
        all.end_observing(session, "bob");
        assert!(!ended(2).await, "bob is somebody else");
        all.end_observing(session, "alice");
        assert_eq!([ended(1).await, ended(2).await], [false, true]);
    }

    #[test]
    fn nothing_is_kept_for_streams_that_are_gone() {
        let all = Arc::new(Validities::default());
        let token = Some(TokenId::new());
        let streams = [(); 3].map(|()| all.of(&identity(None, token), Some(SessionId::new())));
        assert!(all.has_tokens());
        drop(streams);
        assert!(all.held.lock().expect("a lock").is_empty());
    }
}
