//! What waits for the writer: jobs, logs that are to be stored at once, and logs that may wait for more deltas.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::yield_now;

use super::job::Job;
use super::source::CommitSource;
use crate::runtime::is_gathering;

#[derive(Default)]
pub(super) struct Waiting {
    pub(super) jobs: Vec<Box<dyn Job>>,
    pub(super) ready: Vec<Arc<dyn CommitSource>>,
    /// Ordered by time, because every log waits equally long.
    due: VecDeque<(Instant, Arc<dyn CommitSource>)>,
    /// Whether the write-ahead log is to start again from its beginning.
    pub(super) restart_wal: bool,
    /// Whether nothing that was deleted may be left in the files.
    pub(super) erase: bool,
    closed: bool,
    /// Whether the writer has ended: nothing more will be written.
    gone: bool,
    /// While the writer sleeps: from when on it is of use to wake it, and when it wakes by itself.
    asleep: Option<(Instant, Instant)>,
}

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// More than one log is about to have something to store.
    gathered: Notify,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push_job(&self, job: Box<dyn Job>) {
        let mut waiting = self.lock();
        if waiting.gone {
            // A job that is dropped answers its caller, who may want the lock.
            drop(waiting);
            return drop(job);
        }
        waiting.jobs.push(job);
        self.wake(waiting, Instant::now());
    }

    pub(super) fn push_ready(&self, source: Arc<dyn CommitSource>) {
        let mut waiting = self.lock();
        waiting.ready.push(source);
        if is_gathering() {
            self.gathered.notify_one();
        } else {
            self.wake(waiting, Instant::now());
        }
    }

    /// A job, and a log of which it tells: the writer takes both or neither.
    pub(super) fn push_job_with(&self, job: Box<dyn Job>, source: Arc<dyn CommitSource>) {
        let mut waiting = self.lock();
        waiting.jobs.push(job);
        waiting.ready.push(source);
        self.wake(waiting, Instant::now());
    }

    /// Wakes the writer for what a thread has gathered, once for all of it: when the tasks that are ready have run.
    pub(super) async fn wake_when_gathered(&self) {
        loop {
            self.gathered.notified().await;
            yield_now().await;
            self.wake(self.lock(), Instant::now());
        }
    }

    pub(super) fn push_due(&self, at: Instant, source: Arc<dyn CommitSource>) {
        let mut waiting = self.lock();
        waiting.due.push_back((at, source));
        self.wake(waiting, at);
    }

    pub(super) fn push_restart_wal(&self) {
        let mut waiting = self.lock();
        waiting.restart_wal = true;
        self.wake(waiting, Instant::now());
    }

    pub(super) fn push_erase(&self) {
        let mut waiting = self.lock();
        waiting.erase = true;
        self.wake(waiting, Instant::now());
    }

    /// No more work will come: what waits is still written.
    pub(super) fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        self.wake(waiting, Instant::now());
    }

    /// Whether no more work will come.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// The writer has ended: whoever waits is answered, and so is whoever comes.
    pub(super) fn leave(&self) {
        let mut waiting = self.lock();
        waiting.gone = true;
        let left = (
            std::mem::take(&mut waiting.jobs),
            std::mem::take(&mut waiting.ready),
            std::mem::take(&mut waiting.due),
        );
        drop(waiting);
        drop(left);
    }

    /// Wakes the writer if it would sleep past the moment when this work can be done.
    fn wake(&self, mut waiting: MutexGuard<'_, Waiting>, at: Instant) {
        let late = waiting
            .asleep
            .is_some_and(|(earliest, wakes_at)| at.max(earliest) < wakes_at);
        if late {
            waiting.asleep = None;
        }
        drop(waiting);
        if late {
            self.arrived.notify_one();
        }
    }

    /// Waits until there is something to write, but no longer than `until`, and never returns before
    /// `earliest`. `None` once the queue is closed and empty.
    pub(super) fn next(&self, earliest: Instant, until: Instant) -> Option<Waiting> {
        let mut waiting = self.lock();
        loop {
            let now = Instant::now();
            let wake_at = match waiting.next_moment(now) {
                Some(moment) => moment.max(earliest),
                None if waiting.closed => return None,
                None => until,
            };
            if wake_at <= now {
                return Some(waiting.take(now));
            }
            waiting.asleep = Some((earliest, wake_at));
            let (guard, _) = self
                .arrived
                .wait_timeout(waiting, wake_at - now)
                .unwrap_or_else(PoisonError::into_inner);
            waiting = guard;
            waiting.asleep = None;
        }
    }

    /// What has come, without waiting for more than `pause`.
    pub(super) fn after(&self, pause: Duration) -> Waiting {
        std::thread::sleep(pause);
        self.lock().take(Instant::now())
    }
}

impl Waiting {
    #[cfg(test)]
    pub(super) fn of(jobs: Vec<Box<dyn Job>>, ready: Vec<Arc<dyn CommitSource>>) -> Self {
        Self {
            jobs,
            ready,
            ..Self::default()
        }
    }

    fn next_moment(&self, now: Instant) -> Option<Instant> {
        if !self.jobs.is_empty() || !self.ready.is_empty() || self.restart_wal || self.erase {
            return Some(now);
        }
        let (at, _) = self.due.front()?;
        Some(if self.closed { now } else { *at })
    }

    fn take(&mut self, now: Instant) -> Waiting {
        let mut taken = Waiting {
            jobs: std::mem::take(&mut self.jobs),
            ready: std::mem::take(&mut self.ready),
            restart_wal: std::mem::take(&mut self.restart_wal),
            erase: std::mem::take(&mut self.erase),
            ..Waiting::default()
        };
        while self.due.front().is_some_and(|(at, _)| self.closed || *at <= now) {
            taken.ready.extend(self.due.pop_front().map(|(_, source)| source));
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Handle;

    use super::*;
    use crate::ids::TurnId;
    use crate::repository::Segment;
    use crate::runtime::gather;

    struct Log;

    impl CommitSource for Log {
        fn turn_id(&self) -> TurnId {
            TurnId::new()
        }
        fn take_into(&self, _: &mut Vec<u8>) -> bool {
            false
        }
        fn take_segment(&self) -> Option<Segment> {
            None
        }
        fn take_last_segment(&self) -> Option<Segment> {
            None
        }
        fn wants_segment(&self) -> bool {
            false
        }
        fn set_stored(&self) {}
        fn undo(&self) {}
    }

    #[tokio::test]
    async fn the_writer_is_woken_once_for_all_that_was_gathered() {
        let queue = Arc::new(Queue::default());
        let writer = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                let now = Instant::now();
                queue.next(now, now + Duration::from_secs(3_600))
            }
        });
        while queue.lock().asleep.is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let waking = Arc::clone(&queue);
        let waking = Handle::current().spawn(async move { waking.wake_when_gathered().await });
        let turns = [(); 3].map(|()| {
            let queue = Arc::clone(&queue);
            Handle::current().spawn(async move { queue.push_ready(Arc::new(Log)) })
        });
        gather(true);
        for turn in turns {
            turn.await.unwrap();
        }
        let waiting = tokio::task::spawn_blocking(|| writer.join().unwrap())
            .await
            .unwrap();
        assert_eq!(waiting.map(|waiting| waiting.ready.len()), Some(3));
        waking.abort();
    }
}
