//! Sends the deltas of all paced streams from one thread with its own queue of due times. The
//! runtime's timer ticks in milliseconds: it would send ten streams in one burst and hand the server
//! in the middle batches that a real upstream does not send.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::wire::{self, Burst};
use crate::clock::now_ns;
use crate::plan::Plan;

/// A full socket is tried again after this time.
const RETRY_NS: u64 = 1_000_000;

/// One stream whose deltas are due at even intervals.
pub(crate) struct PacedStream {
    pub(crate) socket: Arc<TcpStream>,
    pub(crate) plan: Plan,
    pub(crate) arrival: u64,
    /// Streams of an older generation than the current one end at their next delta.
    pub(crate) generation: u64,
    /// Told `true` when the stream was sent whole, `false` when its client has gone.
    pub(crate) done: oneshot::Sender<bool>,
}

struct Active {
    stream: PacedStream,
    sent: u64,
    due: u64,
    burst: Burst,
    unsent: Vec<u8>,
    closed: bool,
}

enum Step {
    Again(u64),
    End(bool),
}

/// Runs until every sender of `incoming` is gone.
pub(crate) fn run(incoming: &Receiver<PacedStream>, generation: &AtomicU64) {
    // Without this the kernel wakes a sleeper up to 50 µs late. Where it is refused, that is all.
    let _refused = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    let mut queue: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut streams: Vec<Option<Active>> = Vec::new();
    loop {
        let wait = queue
            .peek()
            .map_or(100_000_000, |Reverse((due, _))| due.saturating_sub(now_ns()));
        let next = if wait == 0 {
            incoming.try_recv().ok()
        } else {
            match incoming.recv_timeout(Duration::from_nanos(wait)) {
                Err(RecvTimeoutError::Disconnected) => return,
                received => received.ok(),
            }
        };
        if let Some(stream) = next {
            let active = Active::new(stream);
            queue.push(Reverse((active.due, streams.len())));
            streams.push(Some(active));
        }
        send_due(&mut queue, &mut streams, generation);
        if queue.is_empty() {
            streams.clear();
        }
    }
}

fn send_due(
    queue: &mut BinaryHeap<Reverse<(u64, usize)>>,
    streams: &mut [Option<Active>],
    generation: &AtomicU64,
) {
    while let Some(&Reverse((due, index))) = queue.peek()
        && due <= now_ns()
    {
        queue.pop();
        let Some(mut active) = streams[index].take() else {
            continue;
        };
        match active.step(generation.load(Ordering::Relaxed)) {
            Step::Again(due) => {
                queue.push(Reverse((due, index)));
                streams[index] = Some(active);
            }
            // The receiver is gone only when its connection is: nobody is left to be told.
            Step::End(whole) => drop(active.stream.done.send(whole)),
        }
    }
}

impl Active {
    fn new(stream: PacedStream) -> Self {
        let interval = stream.plan.interval_ns();
        let offset = (stream.plan.phase * interval as f64) as u64;
        // On the grid that all streams of this rate share, at least one interval from now.
        let earliest = now_ns() + interval;
        let due = earliest + (offset + interval - earliest % interval) % interval;
        let burst = Burst::new(stream.plan.burst);
        Self {
            stream,
            sent: 0,
            due,
            burst,
            unsent: Vec::new(),
            closed: false,
        }
    }

    fn step(&mut self, generation: u64) -> Step {
        if !self.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.unsent);
            return self.write(&unsent);
        }
        let stamp = now_ns();
        self.due += self.stream.plan.interval_ns();
        if self.sent == 0 {
            self.sent = 1;
            return self.write(&wire::first_delta(self.stream.arrival, stamp));
        }
        let burst = self.stream.plan.burst as u64;
        if self.sent + burst >= self.stream.plan.count || generation != self.stream.generation {
            self.closed = true;
            return self.write(&wire::closing(stamp, self.sent + 1));
        }
        self.sent += burst;
        let written = self.stream.socket.try_write(self.burst.stamped(stamp));
        let rest = |length: usize, burst: &mut Burst| burst.stamped(stamp)[length..].to_vec();
        match written {
            Ok(length) => self.unsent = rest(length, &mut self.burst),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.unsent = rest(0, &mut self.burst),
            Err(_) => return Step::End(false),
        }
        self.next()
    }

    fn write(&mut self, bytes: &[u8]) -> Step {
        match self.stream.socket.try_write(bytes) {
            Ok(length) => self.unsent = bytes[length..].to_vec(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.unsent = bytes.to_vec(),
            Err(_) => return Step::End(false),
        }
        self.next()
    }

    fn next(&self) -> Step {
        if !self.unsent.is_empty() {
            Step::Again(now_ns() + RETRY_NS)
        } else if self.closed {
            Step::End(true)
        } else {
            Step::Again(self.due)
        }
    }
}
