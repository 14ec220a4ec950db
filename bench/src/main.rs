//! Measures tutorstream beside nginx on one machine: latency, CPU, bytes written and memory per
//! streamed delta. `README.md` beside this crate says how each figure is defined. `focus` scores plans and replies.

mod clock;
mod focus;
mod histogram;
mod http;
mod options;
mod plan;
mod process;
mod reader;
mod recorder;
mod run;
mod scan;
mod scenario;
mod table;
mod target;
mod upstream;
mod usage;
mod window;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use options::{CommandLine, Options, Role};
use run::Bench;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let done = match line.role {
        Some(Role::Focus(options)) => until_interrupted(async || focus::evaluate(&options).await),
        Some(Role::Upstream) => upstream::run(),
        Some(Role::Become {
            core,
            program,
            arguments,
        }) => process::become_program(&program, &arguments, core),
        None => measure(line.options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tutorstream-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: Options) -> Result<()> {
    process::raise_open_files();
    if options.pin {
        process::pin_to_core(0)?;
    }
    until_interrupted(async || run_scenarios(options).await)
}

fn until_interrupted(work: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut terminated = signal(SignalKind::terminate())?;
        // What is cut off here is dropped, and takes its children and folders with it.
        tokio::select! {
            done = work() => done,
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
            _ = terminated.recv() => Err("terminated".into()),
        }
    })
}

async fn run_scenarios(options: Options) -> Result<()> {
    let mut output = io::stdout();
    writeln!(output, "{}\n", conditions(&options))?;
    let mut failed = Vec::new();
    let mut bench = Bench::start(options).await?;
    for scenario in scenario::chosen(&bench.options.scenarios) {
        match scenario::run(scenario, &mut bench).await {
            Ok(tables) => tables
                .iter()
                .try_for_each(|table| writeln!(output, "{}", table.markdown()))?,
            Err(error) => {
                eprintln!("{scenario:?}: {error}");
                failed.push(format!("{scenario:?}"));
            }
        }
    }
    match (failed.is_empty(), bench.faults) {
        (true, 0) => Ok(()),
        (_, faults) => Err(format!("{faults} faulty streams; scenarios that failed: {failed:?}").into()),
    }
}

/// A line that says under which conditions the tables below it came about.
fn conditions(options: &Options) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let pinned = if options.pin {
        "measured program alone on core 1, all else on core 0"
    } else {
        "nothing pinned"
    };
    let Options {
        seconds,
        rounds,
        scale,
        ..
    } = options;
    format!(
        "Windows of {seconds} s, {rounds} round(s), scale {scale}, {cores} core(s) seen by the bench, {pinned}; `×` is a ratio to nginx in the same run."
    )
}
