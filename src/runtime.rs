//! The main runtime: turns, providers and repository run here. Under load its threads gather work before they
//! look for it, as a network card gathers interrupts: one wake-up then serves many deltas.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

/// A thread that was woken sooner than this after it fell asleep is busy.
const BUSY: Duration = Duration::from_micros(250);
/// How long a busy thread gathers work: the most that this adds to a delta's way.
const GATHER: Duration = Duration::from_millis(2);

thread_local! {
    static PARKED_AT: Cell<Option<Instant>> = const { Cell::new(None) };
    static BUSY_NOW: Cell<bool> = const { Cell::new(false) };
}

/// A multi-threaded runtime that gathers work under load and answers at once otherwise.
///
/// # Errors
/// When the system gives no threads or no epoll.
pub fn main_runtime() -> std::io::Result<Runtime> {
    // The other half is for the HTTP workers. Fewer threads mean fewer hand-overs between them.
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
    Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .on_thread_park(|| {
            if BUSY_NOW.get() {
                std::thread::sleep(GATHER);
            }
            PARKED_AT.set(Some(Instant::now()));
        })
        .on_thread_unpark(|| {
            let slept = PARKED_AT.take().map(|moment| moment.elapsed());
            BUSY_NOW.set(slept.is_some_and(|slept| slept < BUSY));
        })
        .build()
}
