//! One run: streams that are opened, watched through a window, ended and checked.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use crate::Result;
use crate::clock::now_ns;
use crate::options::Options;
use crate::plan::Plan;
use crate::process::{Launch, Process, Scratch};
use crate::reader::{MOST_OPENING, Request, read_stream};
use crate::recorder::Recorder;
use crate::target::{Subject, Target};
use crate::usage::{self, Cpu, Usage};
use crate::window::Window;

const START_LIMIT: Duration = Duration::from_secs(90);
const END_LIMIT: Duration = Duration::from_secs(60);
const PROBLEMS_SHOWN: u64 = 3;

/// What all runs share: the options and the fake upstream.
pub(crate) struct Bench {
    pub(crate) options: Options,
    upstream: Process,
    upstream_address: SocketAddr,
    pub(crate) faults: u64,
    // Behind the process that writes its log there.
    _folder: Scratch,
}

impl Bench {
    pub(crate) async fn start(options: Options) -> Result<Self> {
        let folder = Scratch::new(&options.folder(), "upstream")?;
        let launch = Launch {
            program: std::env::current_exe()?,
            arguments: vec!["upstream".into()],
            variables: Vec::new(),
            folder: folder.path().to_owned(),
            core: None,
        };
        let mut upstream = Process::start("upstream", launch)?;
        let upstream_address = upstream.announced_address().await?;
        Ok(Self {
            options,
            upstream,
            upstream_address,
            faults: 0,
            _folder: folder,
        })
    }

    pub(crate) async fn target(&self, subject: &Subject) -> Result<Target> {
        self.target_with(subject, &self.options).await
    }

    /// The same with other options.
    pub(crate) async fn target_with(&self, subject: &Subject, options: &Options) -> Result<Target> {
        Target::start(subject, options, self.upstream_address).await
    }

    /// Watches a running load for the window's seconds.
    pub(crate) async fn window(&self, target: &Target, load: &Load) -> Result<Window> {
        let commits = target.commits().await;
        let before = (
            Usage::of(target.process.pid())?,
            self.generator_cpu()?,
            usage::machine_seconds()?,
        );
        let (begun, recorder) = (Instant::now(), &load.recorder);
        recorder.open_window();
        sleep(Duration::from_secs_f64(self.options.seconds)).await;
        recorder.close_window();
        let after = Usage::of(target.process.pid())?;
        let generator = self.generator_cpu()?;
        let machine_cpu = usage::machine_seconds()? - before.2;
        let seconds = begun.elapsed().as_secs_f64();
        let commits = commits
            .zip(target.commits().await)
            .map(|(before, after)| (after - before) / seconds);
        let quantile = |share| recorder.latency.borrow().quantile(share);
        Ok(Window {
            seconds,
            deltas: recorder.deltas.get(),
            frames: recorder.frames.get(),
            cpu: after.cpu.since(before.0.cpu),
            written_through: after.written_through.saturating_sub(before.0.written_through),
            written: after.written.saturating_sub(before.0.written),
            switches: after.switches.saturating_sub(before.0.switches),
            readers_cpu: generator.0.since(before.1.0),
            upstream_cpu: generator.1.since(before.1.1),
            machine_cpu,
            commits_per_second: commits,
            latency_p50: quantile(0.5),
            latency_p99: quantile(0.99),
            first_delta_p50: recorder.first_delta.borrow().quantile(0.5),
            faults: 0,
        })
    }

    /// Ends all streams of a load and returns how many had a fault; the first ones are told.
    pub(crate) async fn end(&mut self, mut load: Load, target: &Target) -> Result<u64> {
        load.stopping.set(true);
        self.upstream.tell("finish\n").await?;
        let limit = Instant::now() + END_LIMIT;
        let (mut faults, mut unfinished) = (0, 0);
        while !load.readers.is_empty() {
            match timeout(
                limit.saturating_duration_since(Instant::now()),
                load.readers.join_next(),
            )
            .await
            {
                Ok(Some(Ok(Ok(())))) => {}
                Ok(Some(ended)) => {
                    faults += 1;
                    if faults <= PROBLEMS_SHOWN {
                        eprintln!("  fault: {}", problem(ended));
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    unfinished = load.readers.len() as u64;
                    break;
                }
            }
        }
        if unfinished > 0 {
            eprintln!(
                "  fault: {unfinished} streams did not end within {} s",
                END_LIMIT.as_secs()
            );
        }
        if faults + unfinished > 0 {
            eprintln!("  log: {}", target.process.log_text());
        }
        self.faults += faults + unfinished;
        Ok(faults + unfinished)
    }

    fn generator_cpu(&self) -> Result<(Cpu, Cpu)> {
        Ok((Cpu::of(std::process::id())?, Cpu::of(self.upstream.pid())?))
    }
}

/// Streams that are being read.
pub(crate) struct Load {
    pub(crate) recorder: Rc<Recorder>,
    readers: JoinSet<Result<()>>,
    opening: Rc<Semaphore>,
    stopping: Rc<Cell<bool>>,
}

impl Load {
    pub(crate) fn new() -> Self {
        Self {
            recorder: Rc::default(),
            readers: JoinSet::new(),
            opening: Rc::new(Semaphore::new(MOST_OPENING)),
            stopping: Rc::default(),
        }
    }

    /// Opens `streams` at once, or evenly over `spread`.
    pub(crate) fn open(&mut self, target: &Target, plan: Plan, streams: usize, spread: Duration) {
        for index in 0..streams {
            let phase = index as f64 / streams as f64;
            let request = target.post(&Plan { phase, ..plan }, &unique_name(index));
            self.read(spread.mul_f64(phase), request);
        }
    }

    /// Reads one stream, after a delay.
    pub(crate) fn read(&mut self, delay: Duration, request: Request) {
        let (recorder, opening) = (Rc::clone(&self.recorder), Rc::clone(&self.opening));
        self.readers.spawn_local(async move {
            sleep(delay).await;
            read_stream(request, recorder, opening).await.map(drop)
        });
    }

    /// Reads one stream after the other, until the load is ended.
    pub(crate) fn read_again(&mut self, mut next: impl FnMut() -> Request + 'static) {
        let (recorder, opening) = (Rc::clone(&self.recorder), Rc::clone(&self.opening));
        let stopping = Rc::clone(&self.stopping);
        self.readers.spawn_local(async move {
            while !stopping.get() {
                read_stream(next(), Rc::clone(&recorder), Rc::clone(&opening)).await?;
            }
            Ok(())
        });
    }

    /// Waits until `streams` readers have their first delta.
    pub(crate) async fn wait_until_started(&self, streams: usize) -> Result<()> {
        let recorder = &self.recorder;
        let started = until(START_LIMIT, || {
            recorder.started.get() >= streams || recorder.failed.get() > 0
        });
        if started.await && recorder.started.get() >= streams {
            return Ok(());
        }
        eprintln!("  only {} of {streams} streams started", recorder.started.get());
        Ok(())
    }

    /// Waits until `streams` readers have ended.
    pub(crate) async fn wait_until_ended(&self, streams: usize) -> bool {
        until(START_LIMIT, || self.recorder.ended.get() >= streams).await
    }
}

fn problem(ended: std::result::Result<Result<()>, JoinError>) -> String {
    match ended {
        Ok(Ok(())) => String::new(),
        Ok(Err(fault)) => fault.to_string(),
        Err(panicked) => panicked.to_string(),
    }
}

/// A name no other stream has.
pub(crate) fn unique_name(index: usize) -> String {
    format!("{:x}-{index}", now_ns())
}

async fn until(limit: Duration, done: impl Fn() -> bool) -> bool {
    let waiting = async {
        while !done() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(limit, waiting).await.is_ok()
}
