//! The way of a line to standard error. Nothing that logs ever waits for whoever reads the log: lines that find no
//! room are dropped and counted.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// So many lines may wait.
const WAITING: usize = 1024;

/// The log of this process, once it is set up.
static OUTPUT: OnceLock<Output> = OnceLock::new();

enum Item {
    Line(Vec<u8>),
    /// All lines before it are written.
    Flushed(SyncSender<()>),
}

/// Where records are written to.
#[derive(Clone)]
pub(super) struct Output {
    sender: SyncSender<Item>,
    dropped: Arc<AtomicU64>,
}

impl Output {
    /// The way to `target`, by a thread of its own.
    pub(super) fn to(target: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&receiver, target, &counted))?;
        Ok(Self { sender, dropped })
    }

    /// From now on `flush` waits for this one.
    pub(super) fn install(&self) {
        // A second one in a process is a test's; the first one stays.
        let _ = OUTPUT.set(self.clone());
    }

    /// Waits until what was logged is written, but no longer than `patience`.
    fn flush(&self, patience: Duration) {
        let (done, written) = sync_channel(1);
        if self.sender.try_send(Item::Flushed(done)).is_ok() {
            // Nobody reads the log: the process ends all the same.
            let _ = written.recv_timeout(patience);
        }
    }
}

impl Write for Output {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Err(TrySendError::Full(_)) = self.sender.try_send(Item::Line(line.to_vec())) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits until the log is written, but no longer than a second. For the end of the process.
pub fn flush_log() {
    if let Some(output) = OUTPUT.get() {
        output.flush(Duration::from_secs(1));
    }
}

/// A closed or broken target takes nothing, and nothing more can be done about it.
fn write_all(receiver: &Receiver<Item>, mut target: impl Write, dropped: &AtomicU64) {
    for item in receiver {
        match item {
            Item::Line(line) => {
                let _ = target.write_all(&line);
            }
            Item::Flushed(done) => {
                let _ = target.flush();
                let _ = done.send(());
            }
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            log::warn!("log.dropped lines={lost}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Takes nothing until it is told to.
    struct Gate(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.lock().expect("a lock").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gate() -> (Output, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (open, opened) = channel();
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let output = Output::to(Gate(opened, Arc::clone(&written))).expect("a thread");
        (output, open, written)
    }

    #[test]
    fn nobody_waits_for_a_log_that_nobody_reads() {
        let (mut output, open, written) = gate();
        let lines = WAITING as u64 * 3;
        for number in 0..lines {
            writeln!(output, "{number}").expect("a line is always taken");
        }
        assert!(output.dropped.load(Ordering::Relaxed) >= lines - WAITING as u64 - 1);
        drop(open);
        let (done, all) = sync_channel(1);
        output.sender.send(Item::Flushed(done)).expect("the thread lives");
        all.recv().expect("the thread goes on");
        assert!(written.lock().expect("a lock").starts_with(b"0\n1\n2\n"));
    }

    #[test]
    fn a_target_that_is_broken_stops_nothing() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let mut output = Output::to(Broken).expect("a thread");
        writeln!(output, "lost").expect("a line is always taken");
        let (done, all) = sync_channel(1);
        output.sender.send(Item::Flushed(done)).expect("the thread lives");
        all.recv().expect("the thread goes on after an error");
    }
}
