//! Child processes that never outlive the bench: killed on drop, and by the kernel when the bench
//! itself is killed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::Result;

const START_LIMIT: Duration = Duration::from_secs(20);

/// What to start. The environment holds `variables` and nothing else.
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) folder: PathBuf,
    pub(crate) core: Option<usize>,
}

/// A running child.
pub(crate) struct Process {
    child: Child,
    pid: u32,
    input: ChildStdin,
    // Kept open: a child that prints into a closed pipe would fail.
    output: BufReader<ChildStdout>,
    log: PathBuf,
}

impl Process {
    /// Starts a child by way of [`become_program`]; its standard error goes to `<folder>/<name>.log`.
    pub(crate) fn start(name: &str, launch: Launch) -> Result<Self> {
        let log = launch.folder.join(format!("{name}.log"));
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("become");
        if let Some(core) = launch.core {
            command.arg("--core").arg(core.to_string());
        }
        command
            .arg(&launch.program)
            .args(&launch.arguments)
            .env_clear()
            .envs(launch.variables)
            .current_dir(&launch.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            // Out of the terminal's group: an interrupt is the bench's to handle, then theirs.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let pid = child.id().ok_or("a child ended at once")?;
        let input = child.stdin.take().ok_or("a child has no standard input")?;
        let output = child.stdout.take().ok_or("a child has no standard output")?;
        Ok(Self {
            child,
            pid,
            input,
            output: BufReader::new(output),
            log,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The address in `listening on http://ADDRESS`, the first line of standard output.
    pub(crate) async fn announced_address(&mut self) -> Result<std::net::SocketAddr> {
        let mut line = String::new();
        let read = tokio::time::timeout(START_LIMIT, self.output.read_line(&mut line)).await;
        let address = line.trim().strip_prefix("listening on http://");
        match (read, address) {
            (Ok(Ok(_)), Some(address)) => Ok(address.parse()?),
            _ => Err(format!("announced no address but {line:?}\n{}", self.log_text()).into()),
        }
    }

    pub(crate) async fn tell(&mut self, line: &str) -> Result<()> {
        Ok(self.input.write_all(line.as_bytes()).await?)
    }

    /// The beginning of what the child wrote to standard error.
    pub(crate) fn log_text(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text[..text.len().min(2000)]).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Waits a moment: a child that still writes would keep its folder from being removed.
        let limit = Instant::now() + Duration::from_secs(5);
        let mut alive = self.child.start_kill().is_ok();
        while alive && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(2));
            alive = matches!(self.child.try_wait(), Ok(None));
        }
    }
}

/// Turns this process into `program`: with a high limit of open files, on one core if wanted, and
/// to be killed when its parent dies. Returns only when that fails.
pub(crate) fn become_program(program: &Path, arguments: &[OsString], core: Option<usize>) -> Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    raise_open_files();
    if let Some(core) = core {
        pin_to_core(core)?;
    }
    Err(std::process::Command::new(program).args(arguments).exec().into())
}

/// Binds this process, and what it starts from now on, to one core.
pub(crate) fn pin_to_core(core: usize) -> Result<()> {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(core);
    Ok(rustix::thread::sched_setaffinity(None, &cores)?)
}

/// Asks for 65,536 open files, or as many as are allowed.
pub(crate) fn raise_open_files() {
    let allowed = rustix::process::getrlimit(Resource::Nofile);
    let wanted = Some(65_536);
    if rustix::process::setrlimit(
        Resource::Nofile,
        Rlimit {
            current: wanted,
            maximum: wanted,
        },
    )
    .is_err()
    {
        let all = Rlimit {
            current: allowed.maximum,
            maximum: allowed.maximum,
        };
        // A limit that stays low shows as refused connections, which are counted as faults.
        let _refused = rustix::process::setrlimit(Resource::Nofile, all);
    }
}

/// A folder that is removed on drop.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes a new folder in `parent`, named after this process.
    pub(crate) fn new(parent: &Path, name: &str) -> Result<Self> {
        let mut number = 0;
        loop {
            let path = parent.join(format!(
                "tutorstream-bench-{}-{name}-{number}",
                std::process::id()
            ));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to act on a folder that stays.
        drop(fs::remove_dir_all(&self.0));
    }
}
