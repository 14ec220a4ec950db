//! `tutorstream token`: makes, lists and revokes bearer tokens in the database file, with or without a server on it.

use std::error::Error;
use std::iter;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use tutorstream::config::{DatabaseArgs, duration};
use tutorstream::identity::{name, opaque};
use tutorstream::ids::TokenId;
use tutorstream::repository::{ApiToken, NewApiToken, Observes, RepositoryError, TokenFile};

/// What `token` is told.
#[derive(Args)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token and print it, this once
    Create(CreateArgs),
    /// List tokens, without the tokens themselves
    List,
    /// Make a token worthless, once and for all
    Revoke {
        /// The token's id, as `list` shows it
        id: TokenId,
    },
}

#[derive(Args)]
struct CreateArgs {
    /// The user it stands for
    #[arg(long)]
    user: String,
    /// What it is for
    #[arg(long)]
    name: Option<String>,
    /// How long it is good for: a number and s, m, h or d [default: until it is revoked]
    #[arg(long, value_parser = duration)]
    expires_in: Option<Duration>,
    /// A user whose sessions it lets its user read and follow; may be given several times
    #[arg(long, value_name = "USER", conflicts_with = "observes_all")]
    observes: Vec<String>,
    /// It lets its user read and follow the sessions of everybody
    #[arg(long)]
    observes_all: bool,
}

impl TokenArgs {
    pub(crate) fn run(self) -> Result<(), Box<dyn Error>> {
        let mut file = TokenFile::open(&self.database.database()?)?;
        match self.command {
            TokenCommand::Create(args) => create(&mut file, args),
            TokenCommand::List => list(&file.list()?),
            TokenCommand::Revoke { id } => match file.revoke(id) {
                Err(RepositoryError::NotFound) => Err(format!("there is no token {id}").into()),
                revoked => Ok(revoked?),
            },
        }
    }
}

/// The token alone goes to standard output, so that it can be piped; the rest to standard error.
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a command prints is its result"
)]
fn create(file: &mut TokenFile, args: CreateArgs) -> Result<(), Box<dyn Error>> {
    for user in iter::once(&args.user).chain(&args.observes) {
        check_name(file, user)?;
    }
    let (secret, hash) = opaque::generate(opaque::Kind::Token).map_err(|error| error.to_string())?;
    let observes = match (args.observes_all, args.observes) {
        (true, _) => Observes::Everybody,
        (false, users) if users.is_empty() => Observes::Nobody,
        (false, users) => Observes::Users(users),
    };
    let expires_at = args.expires_in.map(|lifetime| {
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        Utc::now().timestamp_millis().saturating_add(lifetime)
    });
    let token = file.create(NewApiToken {
        hash,
        owner: args.user,
        name: args.name,
        observes,
        expires_at,
    })?;
    println!("{}", secret.expose_secret());
    eprintln!("token {} of {}; it is shown this once", token.id, token.owner);
    Ok(())
}

/// One token a line, columns separated by tabs.
#[expect(clippy::print_stdout, reason = "what a command prints is its result")]
fn list(tokens: &[ApiToken]) -> Result<(), Box<dyn Error>> {
    println!("id\tuser\tname\tcreated\texpires\tstate\tobserves");
    for token in tokens {
        let state = match token.revoked_at {
            Some(_) => "revoked",
            None if token.is_live(Utc::now().timestamp_millis()) => "live",
            None => "expired",
        };
        let observes = match token.observes() {
            Observes::Nobody => "-".to_owned(),
            Observes::Users(users) => users.join(","),
            Observes::Everybody => "*".to_owned(),
        };
        println!(
            "{}\t{}\t{}\t{}\t{}\t{state}\t{observes}",
            token.id,
            token.owner,
            token.name.as_deref().unwrap_or("-"),
            time(token.created_at),
            token.expires_at.map_or_else(|| "never".to_owned(), time),
        );
    }
    Ok(())
}

fn time(milliseconds: i64) -> String {
    let time = DateTime::from_timestamp_millis(milliseconds).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A name that is refused today may be that of a user from before.
fn check_name(file: &mut TokenFile, user: &str) -> Result<(), Box<dyn Error>> {
    match name::check(user) {
        Err(reason) if !file.owns_rows(user)? => Err(format!("{user:?} is no name: {reason}").into()),
        _ => Ok(()),
    }
}
