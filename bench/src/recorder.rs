//! What all readers of one run see together. Latencies and counts go in only while the window is
//! open, so that opening and ending streams does not count.

use std::cell::{Cell, RefCell};

use crate::histogram::Histogram;

/// Shared by the readers of one run; they all live on one thread.
#[derive(Default)]
pub(crate) struct Recorder {
    open: Cell<bool>,
    /// Deltas received while the window was open.
    pub(crate) deltas: Cell<u64>,
    /// Events received while the window was open.
    pub(crate) frames: Cell<u64>,
    /// Readers that have received their first delta.
    pub(crate) started: Cell<usize>,
    /// Readers whose stream has ended, well or badly.
    pub(crate) ended: Cell<usize>,
    /// Readers whose stream had a fault.
    pub(crate) failed: Cell<usize>,
    /// From a delta's send to its receipt.
    pub(crate) latency: RefCell<Histogram>,
    /// From POST sent to the first delta, less what the upstream waited before it.
    pub(crate) first_delta: RefCell<Histogram>,
    /// Turns that were opened, in order of their response heads.
    pub(crate) turns: RefCell<Vec<String>>,
}

impl Recorder {
    pub(crate) fn open_window(&self) {
        self.deltas.set(0);
        self.frames.set(0);
        self.open.set(true);
    }

    pub(crate) fn close_window(&self) {
        self.open.set(false);
    }

    pub(crate) fn delta(&self, latency: u64) {
        if self.open.get() {
            self.deltas.set(self.deltas.get() + 1);
            self.latency.borrow_mut().record(latency);
        }
    }

    pub(crate) fn events(&self, count: u64) {
        if self.open.get() {
            self.frames.set(self.frames.get() + count);
        }
    }
}
