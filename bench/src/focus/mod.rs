//! Scores plans and replies: plays the dialogues of `bench/focus` against a server with any provider. What it cannot
//! see over HTTP it does not judge; the local rules are scored by a test of the server.

mod answer;
mod dialogue;
mod play;
mod score;
mod service;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use self::dialogue::{Dialogue, Half};
use self::play::Played;
use self::service::Service;
use crate::Result;
use crate::options::variable;

/// What to play, and against what.
#[derive(clap::Args)]
pub(crate) struct EvaluationOptions {
    /// Which dialogues
    #[arg(long, value_enum, default_value = "held-out")]
    half: Half,
    /// Only dialogues with this in their name, or in their file's name
    #[arg(long, default_value = "")]
    only: String,
    /// The server's program
    #[arg(long, default_value = "target/release/tutorstream")]
    server: PathBuf,
    /// A further variable for the server, NAME=VALUE: its provider, say; may be repeated. Without any, the practice
    /// tutor plans and answers
    #[arg(long, value_parser = variable)]
    server_env: Vec<(String, String)>,
    /// Where the dialogues are
    #[arg(long, default_value = "bench/focus")]
    dialogues: PathBuf,
    /// Append what came of each dialogue to this file, as lines of JSON
    #[arg(long)]
    record: Option<PathBuf>,
    /// Play nothing: show what such files hold; may be repeated
    #[arg(long, conflicts_with = "record")]
    from: Vec<PathBuf>,
}

/// Plays, and prints the table.
pub(crate) async fn evaluate(options: &EvaluationOptions) -> Result<()> {
    let played = if options.from.is_empty() {
        play_all(options).await?
    } else {
        let mut all = Vec::new();
        for path in &options.from {
            all.extend(read_record(path)?);
        }
        all
    };
    if played.is_empty() {
        return Err("there is no such dialogue".into());
    }
    let title = format!("{} dialogues", played.len());
    let table = score::table(title, &played);
    Ok(write!(std::io::stdout(), "{}", table.markdown())?)
}

async fn play_all(options: &EvaluationOptions) -> Result<Vec<Played>> {
    let is_meant = |dialogue: &Dialogue| {
        dialogue.name.contains(&options.only) || dialogue.subject.contains(&options.only)
    };
    let all = dialogue::read(&options.dialogues, options.half)?;
    let planned = Service::start(options, "on").await?;
    let unplanned = Service::start(options, "off").await?;
    let (mut played, mut turns) = (Vec::new(), 0);
    for dialogue in all.iter().filter(|dialogue| is_meant(dialogue)) {
        eprintln!("{}", dialogue.name);
        let new = play::play(dialogue, &planned, &unplanned, &mut turns).await?;
        if let Some(path) = &options.record {
            append(path, &new)?;
        }
        played.push(new);
    }
    Ok(played)
}

fn append(path: &Path, played: &Played) -> Result<()> {
    let mut file = File::options().create(true).append(true).open(path)?;
    Ok(writeln!(file, "{}", serde_json::to_string(played)?)?)
}

fn read_record(path: &Path) -> Result<Vec<Played>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lines = text.lines().map(|line| Ok(serde_json::from_str(line)?));
    lines.collect()
}
