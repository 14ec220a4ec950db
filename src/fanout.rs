//! Wakes those who wait for changes of a session. A wake-up is a hint without content: what has changed is what the
//! database says, so one too many costs a look and several at once are one. Never stores, never queues.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::ids::SessionId;

/// Who waits for changes of which session, in this process.
#[derive(Debug, Default)]
pub struct Fanout {
    sessions: Mutex<HashMap<SessionId, watch::Sender<()>>>,
}

impl Fanout {
    /// Waits for changes that are announced from now on.
    #[must_use]
    pub fn watch(self: &Arc<Self>, session_id: SessionId) -> Watching {
        let receiver = self.lock().entry(session_id).or_default().subscribe();
        Watching {
            fanout: Arc::clone(self),
            session_id,
            receiver: Some(receiver),
        }
    }

    /// Something in the session has changed, and is committed.
    pub fn announce(&self, session_id: SessionId) {
        if let Some(sender) = self.lock().get(&session_id) {
            sender.send_replace(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, watch::Sender<()>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for changes of one session.
#[derive(Debug)]
pub struct Watching {
    fanout: Arc<Fanout>,
    session_id: SessionId,
    receiver: Option<watch::Receiver<()>>,
}

impl Watching {
    /// Resolves when changes were announced since the last time it did. Cancel safe.
    pub async fn changed(&mut self) {
        if let Some(receiver) = &mut self.receiver
            && receiver.changed().await.is_ok()
        {
            return;
        }
        // Not reached: the sender lives as long as anybody waits.
        std::future::pending().await
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut sessions = self.fanout.lock();
        self.receiver = None;
        if sessions
            .get(&self.session_id)
            .is_some_and(|sender| sender.receiver_count() == 0)
        {
            sessions.remove(&self.session_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn only_those_who_watch_the_session_are_woken_and_once_for_many_changes() {
        let fanout = Arc::new(Fanout::default());
        let (changed, other) = (SessionId::new(), SessionId::new());
        let mut watching = [fanout.watch(changed), fanout.watch(changed)];
        let mut elsewhere = fanout.watch(other);
        fanout.announce(changed);
        fanout.announce(changed);
        for watching in &mut watching {
            watching.changed().await;
            assert!(watching.changed().now_or_never().is_none());
        }
        assert!(elsewhere.changed().now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_session_that_nobody_watches_any_more_is_forgotten() {
        let fanout = Arc::new(Fanout::default());
        let session = SessionId::new();
        let first = fanout.watch(session);
        let mut second = fanout.watch(session);
        drop(first);
        fanout.announce(session);
        second.changed().await;
        drop(second);
        assert!(fanout.lock().is_empty());
        fanout.announce(session);
        let mut later = fanout.watch(session);
        assert!(
            later.changed().now_or_never().is_none(),
            "what was announced before is no news"
        );
    }
}
