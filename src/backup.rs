//! `tutorstream backup` and `tutorstream restore`: copies of the database file, and their way back.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use tutorstream::config::{ConfigError, DatabaseArgs};
use tutorstream::repository::{back_up, restore};

/// What `backup` is told.
#[derive(Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The copy that is made
    file: PathBuf,
}

/// What `restore` is told.
#[derive(Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The copy that is put in the place of the database
    file: PathBuf,
    /// Also where there is a database, which is lost then
    #[arg(long)]
    replace: bool,
}

impl BackupArgs {
    pub(crate) fn run(self) -> Result<(), Box<dyn Error>> {
        let database = path(self.database)?;
        back_up(&database, &self.file)?;
        log::info!(
            "{} is a sound copy of {}",
            self.file.display(),
            database.display()
        );
        Ok(())
    }
}

impl RestoreArgs {
    pub(crate) fn run(self) -> Result<(), Box<dyn Error>> {
        let database = path(self.database)?;
        restore(&self.file, &database, self.replace)?;
        log::info!("{} is {} now", database.display(), self.file.display());
        Ok(())
    }
}

fn path(args: DatabaseArgs) -> Result<PathBuf, Box<dyn Error>> {
    match args.database() {
        Err(ConfigError::Database(url)) if url.starts_with("postgres") => {
            Err("a PostgreSQL database is copied with pg_dump and brought back with pg_restore".into())
        }
        other => Ok(other?),
    }
}
