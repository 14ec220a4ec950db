//! How somebody waits for what others change, so that no change is missed: it is said that somebody waits, and only then
//! looked whether there is anything to wait for. These are the only two places where the one comes before the other.

use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

/// Waits until `look` says so, which looks again after every change. Cancel safe.
pub(super) async fn until(changed: &Notify, mut look: impl FnMut() -> bool) {
    loop {
        let change = changed.notified();
        if look() {
            return;
        }
        change.await;
    }
}

/// What `look` finds; else the task of `context` is woken by the next change.
pub(super) fn look_or_be_woken<T>(
    waker: &AtomicWaker,
    context: &Context<'_>,
    look: impl FnOnce() -> Option<T>,
) -> Poll<T> {
    waker.register(context.waker());
    look().map_or(Poll::Pending, Poll::Ready)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_change_right_after_a_look_is_looked_at() {
        let changed = Notify::new();
        let mut looks = 0;
        let waiting = until(&changed, || {
            looks += 1;
            changed.notify_waiters();
            looks == 2
        });
        assert_eq!(waiting.now_or_never(), Some(()), "it waits for another change");
        assert_eq!(looks, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_right_after_a_look_wakes_the_task() {
        let waker = AtomicWaker::new();
        let mut changed = false;
        let waiting = poll_fn(|context| {
            look_or_be_woken(&waker, context, || {
                let seen = changed.then_some("changed");
                changed = true;
                waker.wake();
                seen
            })
        });
        let woken = tokio::time::timeout(std::time::Duration::from_secs(1), waiting).await;
        assert_eq!(woken, Ok("changed"));
    }
}
