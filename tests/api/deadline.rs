//! Waiting: always for something, never for a time. A deadline that passes means that something hangs.

use std::time::{Duration, Instant};

/// Nothing that works takes so long, not even on a busy machine.
pub(crate) const HANG: Duration = Duration::from_secs(40);

const POLL: Duration = Duration::from_millis(5);

/// The result of `future`, which must come before the deadline.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(HANG, future).await {
        Ok(value) => value,
        Err(_) => panic!("hangs: {what}"),
    }
}

/// Asks `condition` again and again until it answers something.
pub(crate) async fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < HANG, "never came true: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// As [`eventually`], for what must be asked over the network.
pub(crate) async fn eventually_asked<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(value) = ask().await {
                return value;
            }
            tokio::time::sleep(POLL).await;
        }
    })
    .await
}
