//! The server as a process: started, killed, told to end, and read.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

use crate::deadline::{HANG, eventually};

/// What the server has written to standard error, over all its lives.
#[derive(Clone, Default)]
pub(crate) struct ErrorLog(Arc<Mutex<Vec<u8>>>);

impl ErrorLog {
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn collect(&self, mut source: impl Read + Send + 'static) -> std::thread::JoinHandle<()> {
        let log = self.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = source.read(&mut buffer) {
                log.0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(&buffer[..length]);
            }
        })
    }
}

/// How the server is to be started.
pub(crate) struct Launch<'a> {
    /// Where it runs; a settings file or a database of its own would be found here.
    pub(crate) folder: &'a Path,
    /// Its whole environment.
    pub(crate) variables: &'a [(String, String)],
    /// How many file descriptors it may have, if not as many as the tests.
    pub(crate) descriptors: Option<u32>,
}

impl Launch<'_> {
    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_tutorstream");
        match self.descriptors {
            Some(most) => {
                let mut command = Command::new("/usr/bin/prlimit");
                command.arg(format!("--nofile={most}")).arg(program);
                command
            }
            None => Command::new(program),
        }
    }
}

/// A server that did not start.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: ExitStatus,
    pub(crate) message: String,
}

/// A running server, which logs at TRACE unless it is told otherwise; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Reads standard error to its end.
    errors: Option<std::thread::JoinHandle<()>>,
    /// `http://127.0.0.1:port`
    pub(crate) address: String,
}

impl Server {
    /// Starts the program and waits until it listens, or has refused to.
    pub(crate) fn start(launch: &Launch<'_>, log: &ErrorLog) -> Result<Self, Refusal> {
        let mut child = launch
            .command()
            .arg("serve")
            .current_dir(launch.folder)
            .env_clear()
            .env("RUST_BACKTRACE", "1")
            .env("RUST_LOG", "trace")
            .envs(launch.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let errors = log.collect(child.stderr.take().expect("piped"));
        match first_line(child.stdout.take().expect("piped")) {
            Some(line) => {
                let address = line.trim_end().strip_prefix("listening on ");
                let address = address
                    .unwrap_or_else(|| panic!("first line {line:?}"))
                    .to_owned();
                Ok(Self {
                    child,
                    errors: Some(errors),
                    address,
                })
            }
            None => {
                let status = child.wait().expect("a child can be waited for");
                errors.join().expect("the reader of standard error ends with it");
                Err(Refusal {
                    status,
                    message: log.text(),
                })
            }
        }
    }

    /// Ends it as a power switch does, as far as a process can be. Its log is read to the end.
    pub(crate) fn kill_9(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().expect("a child can be waited for");
        if let Some(errors) = self.errors.take() {
            errors.join().expect("the reader of standard error ends with it");
        }
    }

    /// Asks it to end.
    pub(crate) fn sigterm(&self) {
        send(self.pid(), Signal::TERM);
    }

    /// Its process id, for looking into `/proc` and for signals.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits until it has ended.
    pub(crate) async fn exited(&mut self) -> ExitStatus {
        eventually("the server ends", || {
            self.child.try_wait().expect("a child can be asked")
        })
        .await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill_9();
    }
}

/// A signal for a process that runs.
pub(crate) fn send(process: Pid, signal: Signal) {
    kill_process(process, signal).expect("it runs");
}

/// Whether no thread of a process does anything any more.
pub(crate) fn stands_still(process: Pid) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero())).expect("it runs");
    threads.map_while(Result::ok).all(|thread| {
        let state = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        state
            .rsplit_once(") ")
            .is_none_or(|(_, state)| state.starts_with(['T', 't']))
    })
}

/// The first line of standard output; the rest is read and forgotten, so that the server can go on writing.
fn first_line(stdout: impl Read + Send + 'static) -> Option<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines();
        // A test that has given up needs no line.
        let _ = sender.send(lines.next().and_then(Result::ok));
        lines.map_while(Result::ok).for_each(drop);
    });
    receiver
        .recv_timeout(HANG)
        .expect("the server prints its address or ends")
}
