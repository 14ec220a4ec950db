//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::focus::EvaluationOptions;
use crate::scenario::Scenario;
use crate::target::Subject;

/// Measures tutorstream beside nginx, and prints Markdown tables.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What the bench runs itself as.
#[derive(Subcommand)]
pub(crate) enum Role {
    /// Scores plans and replies on the dialogues of `bench/focus`
    Focus(EvaluationOptions),
    /// The fake upstream.
    #[command(hide = true)]
    Upstream,
    /// A child that sets its limits, then becomes another program.
    #[command(hide = true)]
    Become {
        #[arg(long)]
        core: Option<usize>,
        program: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    /// What to measure; none means all
    #[arg(value_enum)]
    pub(crate) scenarios: Vec<Scenario>,
    /// Seconds of each window
    #[arg(long, default_value_t = 10.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// Measure each row this often, in turns, and keep the one with the median CPU per delta
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) rounds: u32,
    /// Multiply all numbers of streams by this
    #[arg(long, default_value_t = 1.0)]
    pub(crate) scale: f64,
    /// Deltas of each turn in `saturation` and `replay`
    #[arg(long, default_value_t = 20_000)]
    pub(crate) turn_deltas: u64,
    /// What to measure instead of each scenario's own choice: nginx, or durability/merge window
    /// such as full/0; may be repeated
    #[arg(long = "subject")]
    pub(crate) subjects: Vec<Subject>,
    /// The server's program
    #[arg(long, default_value = "target/release/tutorstream")]
    pub(crate) server: PathBuf,
    /// A further variable for the server, NAME=VALUE; may be repeated
    #[arg(long, value_parser = variable)]
    pub(crate) server_env: Vec<(String, String)>,
    /// The nginx program
    #[arg(long, default_value = "/usr/sbin/nginx")]
    pub(crate) nginx: PathBuf,
    /// Where databases go while they are measured; the system's temporary folder without it
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// The measured program alone on core 1, everything else on core 0
    #[arg(long)]
    pub(crate) pin: bool,
}

impl Options {
    pub(crate) fn folder(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// The core of the measured program.
    pub(crate) fn target_core(&self) -> Option<usize> {
        self.pin.then_some(1)
    }

    pub(crate) fn scaled(&self, streams: usize) -> usize {
        ((streams as f64 * self.scale) as usize).max(1)
    }
}

pub(crate) fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if (0.5..=600.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("0.5 to 600".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::CommandLine;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn scenarios_stand_beside_options() {
        let line =
            CommandLine::try_parse_from(["bench", "light", "busy", "--seconds", "2", "--subject", "full/0"]);
        assert!(line.is_ok_and(|line| line.options.scenarios.len() == 2 && line.role.is_none()));
    }
}
