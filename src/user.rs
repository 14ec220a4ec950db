//! `tutorstream user`: what an operator does for a user, or has to know of one, with or without a server on the file.

use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde_json::json;
use tutorstream::config::DatabaseArgs;
use tutorstream::identity::name;
use tutorstream::repository::{ExportPlace, RepositoryError, UsageDay, UserFile, UserSummary};

use crate::token::time;

/// So long `delete` waits for the server.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(250);

/// What `user` is told.
#[derive(Args)]
pub(crate) struct UserArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Subcommand)]
enum UserCommand {
    /// List users with what they store, in the order of their names
    List {
        /// Begin behind this name
        #[arg(long, default_value = "")]
        after: String,
        /// Most users to list
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1..=100_000))]
        limit: i64,
        /// One JSON object a line, instead of columns
        #[arg(long)]
        json: bool,
    },
    /// List the tokens that a user has spent, by day, model and purpose
    Usage {
        /// The user
        user: String,
        /// One JSON object a line, instead of columns
        #[arg(long)]
        json: bool,
    },
    /// Write all that is a user's to standard output, in the lines of `GET /export`
    Export {
        /// The user
        user: String,
    },
    /// Have the server delete a user with all that is the user's, and wait for it; tokens stay
    Delete {
        /// The user
        user: String,
    },
    /// Give all that is a user's to another name
    Rename {
        /// The user
        from: String,
        /// The other name
        to: String,
        /// Also when the other name has something of its own: what it says of the same stays
        #[arg(long)]
        merge: bool,
    },
}

impl UserArgs {
    pub(crate) fn run(self) -> Result<(), Box<dyn Error>> {
        let mut file = UserFile::open(&self.database.database()?)?;
        match self.command {
            UserCommand::List { after, limit, json } => list(&file.list(&after, limit)?, json),
            UserCommand::Usage { user, json } => usage(&known(&mut file, &user)?.usage(&user)?, json),
            UserCommand::Export { user } => export(known(&mut file, &user)?, &user),
            UserCommand::Delete { user } => delete(known(&mut file, &user)?, &user),
            UserCommand::Rename { from, to, merge } => rename(known(&mut file, &from)?, (&from, &to), merge),
        }
    }
}

fn known<'a>(file: &'a mut UserFile, user: &str) -> Result<&'a mut UserFile, Box<dyn Error>> {
    if file.knows(user)? {
        Ok(file)
    } else {
        Err(format!("there is no user {user:?}").into())
    }
}

/// One user a line, columns separated by tabs.
fn list(users: &[UserSummary], as_json: bool) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    if !as_json {
        writeln!(out, "user\tsessions\tmessages\tbytes\ttokens\tchanged")?;
    }
    for user in users {
        let changed_at = user.changed_at.map(time);
        let UserSummary {
            user,
            sessions,
            messages,
            bytes,
            tokens,
            ..
        } = user;
        if as_json {
            let line = json!({
                "user": user, "sessions": sessions, "messages": messages, "bytes": bytes, "tokens": tokens,
                "changedAt": changed_at,
            });
            writeln!(out, "{line}")?;
        } else {
            let changed_at = changed_at.as_deref().unwrap_or("-");
            let user = user.escape_debug();
            writeln!(
                out,
                "{user}\t{sessions}\t{messages}\t{bytes}\t{tokens}\t{changed_at}"
            )?;
        }
    }
    Ok(())
}

/// One day, model and purpose a line.
fn usage(days: &[UsageDay], as_json: bool) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    if !as_json {
        writeln!(
            out,
            "day\tprovider\tmodel\tpurpose\tcalls\tinput tokens\toutput tokens"
        )?;
    }
    for spent in days {
        let UsageDay {
            day,
            provider,
            model,
            purpose,
            calls,
            input_tokens,
            output_tokens,
        } = spent;
        if as_json {
            let line = json!({
                "day": day, "provider": provider, "model": model, "purpose": purpose, "calls": calls,
                "inputTokens": input_tokens, "outputTokens": output_tokens,
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(
                out,
                "{day}\t{provider}\t{model}\t{purpose}\t{calls}\t{input_tokens}\t{output_tokens}"
            )?;
        }
    }
    Ok(())
}

fn export(file: &mut UserFile, user: &str) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let mut place = ExportPlace::default();
    while let Some((lines, next)) = file.export(user, &place)? {
        out.write_all(lines.as_bytes())?;
        place = next;
    }
    writeln!(out, "{}", json!({ "type": "end" }))?;
    Ok(())
}

fn delete(file: &mut UserFile, user: &str) -> Result<(), Box<dyn Error>> {
    file.ask_to_delete(user)?;
    if !file.is_served() {
        log::info!("no server has this database: {user:?} is deleted when one starts");
        return Ok(());
    }
    let asked = Instant::now();
    while file.is_to_be_deleted(user)? {
        if asked.elapsed() > PATIENCE {
            return Err("the server has not deleted the user yet; it goes on trying: see its log".into());
        }
        std::thread::sleep(LOOK);
    }
    log::info!("{user:?} is deleted; what tokens still stand for the name: tutorstream token list");
    Ok(())
}

fn rename(file: &mut UserFile, (from, to): (&str, &str), merge: bool) -> Result<(), Box<dyn Error>> {
    if from == to {
        return Err("that is the name already".into());
    }
    let is_known = file.knows(to)?;
    if let Err(reason) = name::check(to)
        && !is_known
    {
        return Err(format!("{to:?} is no name: {reason}").into());
    }
    if is_known && !merge {
        return Err(format!("{to:?} is a user already; with --merge both become one").into());
    }
    match file.rename(from, to) {
        Err(RepositoryError::UserBusy) => {
            Err("replies are being written for one of the two: try again when they have ended".into())
        }
        renamed => Ok(renamed?),
    }
}
