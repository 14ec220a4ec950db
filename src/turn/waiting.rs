//! How somebody waits for what others change, so that no change is missed: it is said that somebody waits, and only then
//! looked whether there is anything to wait for. These are the only two places where the one comes before the other.

use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

/// Waits for the next change of what `look` looks at, unless it finds that there is nothing to wait for. A change that
/// comes while it looks counts. Cancel safe. Many readers wait so: the future keeps room for the wait alone.
pub(super) async fn next_change<T>(
    subject: &T,
    changed: impl FnOnce(&T) -> &Notify,
    look: impl FnOnce(&T) -> bool,
) {
    let change = changed(subject).notified();
    if !look(subject) {
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Wake, Waker};

    use futures_util::FutureExt;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_change_right_after_a_look_is_waited_for_no_longer() {
        let subject = Notify::new();
        let changes = next_change(
            &subject,
            |subject| subject,
            |subject| {
                subject.notify_waiters();
                false
            },
        );
        assert_eq!(changes.now_or_never(), Some(()), "it waits for another change");
        let found = next_change(&subject, |subject| subject, |_| true);
        assert_eq!(found.now_or_never(), Some(()));
        let waits = next_change(&subject, |subject| subject, |_| false);
        assert_eq!(waits.now_or_never(), None);
    }

    #[test]
    fn a_change_right_after_a_look_wakes_the_task() {
        let (waker, woken) = (AtomicWaker::new(), Arc::new(Woken::default()));
        let task = Waker::from(Arc::clone(&woken));
        let context = Context::from_waker(&task);
        let looked = look_or_be_woken(&waker, &context, || {
            waker.wake();
            None::<()>
        });
        assert!(looked.is_pending() && woken.0.load(Ordering::SeqCst));
        let looked = look_or_be_woken(&waker, &context, || Some("changed"));
        assert_eq!(looked, Poll::Ready("changed"));
    }
}
