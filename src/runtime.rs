//! The main runtime: turns, providers and repository run here. Under load its threads gather work before they
//! look for it, as a network card gathers interrupts: one wake-up then serves many deltas.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

/// A thread that is woken sooner than this after it fell asleep has much to do,
const SOON: Duration = Duration::from_micros(250);
/// and one to which that happens so many times in a row is under load. A burst, such as the start of a turn, is shorter.
const LOAD: u32 = 64;

thread_local! {
    static PARKED_AT: Cell<Option<Instant>> = const { Cell::new(None) };
    static WOKEN_SOON: Cell<u32> = const { Cell::new(0) };
    static GATHERS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread has gathered what it is doing now: more of the same is about to be done.
#[must_use]
pub fn is_gathering() -> bool {
    GATHERS.get()
}

/// Has this thread gather, or not.
#[cfg(test)]
pub(crate) fn gather(gathers: bool) {
    GATHERS.set(gathers);
}

/// A multi-threaded runtime that gathers work under load, for as long as `gather` says, and answers at once otherwise.
/// That is the most that this adds to a delta's way.
///
/// # Errors
/// When the system gives no threads or no epoll.
pub fn main_runtime(gather: Duration) -> std::io::Result<Runtime> {
    // The other half is for the HTTP workers. Fewer threads mean fewer hand-overs between them.
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
    Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .on_thread_park(move || {
            GATHERS.set(WOKEN_SOON.get() >= LOAD && !gather.is_zero());
            if is_gathering() {
                std::thread::sleep(gather);
            }
            PARKED_AT.set(Some(Instant::now()));
        })
        .on_thread_unpark(|| {
            let slept = PARKED_AT.take().map(|moment| moment.elapsed());
            let soon = slept.is_some_and(|slept| slept < SOON);
            WOKEN_SOON.set(if soon {
                WOKEN_SOON.get().saturating_add(1)
            } else {
                0
            });
        })
        .build()
}
