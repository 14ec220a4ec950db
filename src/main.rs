//! The command line.

mod backup;
mod token;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use tutorstream::config::{ServeArgs, Settings, log_format};
use tutorstream::doctor;
use tutorstream::runtime::main_runtime;
use tutorstream::server::Application;
use tutorstream::telemetry;

use crate::backup::{BackupArgs, RestoreArgs};
use crate::token::TokenArgs;

/// Takes less memory for a stream than the C library's, and gives it back when streams have ended.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Streams AI tutoring chat over plain HTTP, and never loses a word.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM; this is the default
    Serve(ServeArgs),
    /// Look at the settings, the database and each provider, and say what is wrong and how to mend it
    Doctor(ServeArgs),
    /// Create, list and revoke bearer tokens, also while the server runs
    Token(TokenArgs),
    /// Write a checked copy of the database to a new file, also while the server runs
    Backup(BackupArgs),
    /// Put such a copy in the place of the database, while no server runs
    Restore(RestoreArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Without a thread for the log there would be none for the service either.
    let Ok(()) = telemetry::init_logging(log_format()) else {
        return ExitCode::FAILURE;
    };
    let ended = match cli.command {
        Some(Command::Serve(args)) => run(args),
        Some(Command::Doctor(args)) => examine(args),
        Some(Command::Token(args)) => args.run(),
        Some(Command::Backup(args)) => args.run(),
        Some(Command::Restore(args)) => args.run(),
        None => run(cli.serve),
    };
    let code = match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    };
    telemetry::flush_log();
    code
}

fn run(mut args: ServeArgs) -> Result<(), Box<dyn std::error::Error>> {
    args.read_keys();
    let settings = Settings::load(args)?;
    let runtime = main_runtime(settings.commit_window)?;
    let served = runtime.block_on(serve(settings));
    // After a second signal nothing is waited for.
    runtime.shutdown_background();
    served
}

/// Prints what was found; an error when something has to be mended.
#[expect(clippy::print_stdout, reason = "what was found is what this command is for")]
fn examine(mut args: ServeArgs) -> Result<(), Box<dyn std::error::Error>> {
    args.read_keys();
    let report = main_runtime(Duration::ZERO)?.block_on(doctor::examine(args));
    println!("{report}");
    if report.is_well() {
        Ok(())
    } else {
        Err("something has to be mended: see above".into())
    }
}

async fn serve(settings: Settings) -> Result<(), Box<dyn std::error::Error>> {
    let application = Application::build(settings).await?;
    announce(&application);
    Ok(application.run_until_stopped().await?)
}

/// The first line of standard output is for programs that wait for the address.
#[expect(
    clippy::print_stdout,
    reason = "the address is the one thing that goes to standard output"
)]
fn announce(application: &Application) {
    println!("listening on http://{}", application.address());
    log::info!("{}", application.answering());
    log::info!("{}", application.pages());
}
