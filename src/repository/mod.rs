//! The database: named operations, each scoped to a user by construction ([`Repository::for_user`]). All writes go
//! through one writer ([`Writer`]), all reads through a pool of read-only connections. Knows nothing of HTTP,
//! of providers, or of what a frame says.

mod account;
mod age;
mod allowance;
mod attempts;
mod backup;
mod batch;
mod begin;
mod call;
mod changes;
mod checkpoint;
pub mod commit_batch;
mod connection;
mod driving;
mod erasure;
mod error;
mod examine;
mod export;
mod failure;
mod gaps;
mod group;
mod health;
mod job;
mod learning;
mod leaving;
mod marker;
mod messages;
mod observers;
mod old_logs;
mod open;
mod overdue;
mod pace;
mod page;
mod pool;
mod pulse;
mod queue;
mod rates;
mod readers;
mod reading;
mod recovery;
mod savepoint;
mod scope;
#[cfg(test)]
mod scripted_log;
mod sessions;
mod source;
mod storage;
mod store_error;
mod suspicion;
mod tickets;
mod token_file;
mod token_reservations;
mod tokens;
mod turn_events;
mod turns;
mod usage;
mod user;
mod users;
mod wal;
mod watchdog;
mod writer;
mod writer_thread;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

pub use allowance::{Allowance, TokenLimits, UserLimits};
pub use attempts::{Attempt, EndedCall};
pub use backup::{BackupError, back_up, restore};
pub use begin::{Answering, Begun, BegunTurn, IdempotencyKey, NewMessage, NewTurn, Task};
pub use changes::Changes;
pub use error::RepositoryError;
pub use examine::{Examination, examine};
pub use export::ExportPlace;
pub use gaps::Gap;
pub use health::StorageHealth;
pub use learning::*;
pub use leaving::Leaving;
#[cfg(test)]
pub(crate) use marker::remember_copy;
pub use messages::Message;
pub use observers::{Observer, Transcripts, Watchers};
pub use old_logs::{GoingLog, OldLog, Remains};
pub use open::OpenError;
pub use page::{PAGE_BYTES, json_length};
pub use pool::ReadPool;
pub use rates::RateShare;
pub use readers::SessionReader;
pub use reading::ReadingRepository;
pub use recovery::LeftOver;
pub use scope::{Observes, Scope};
pub use sessions::{Session, SessionCursor, SessionFields, SessionView};
pub use source::{CommitSource, Segment};
pub use storage::{StorageBound, StorageLimits, StorageTotals, StorageUse};
pub use tickets::StreamTicket;
pub use token_file::TokenFile;
pub use token_reservations::{NewReservation, TokensOfDay};
pub use tokens::{ApiToken, NewApiToken};
pub use turns::{Turn, TurnOutcome, Writing};
pub use usage::{Spending, UsageDay};
pub use user::{MessagePage, UserRepository};
pub use writer::{Pending, Writer};

use crate::config::Durability;
use crate::fanout::Fanout;
use crate::ids::TokenId;
use crate::telemetry::Metrics;
pub(crate) use crate::time::now;

/// The database of this process.
pub struct Repository {
    pool: ReadPool,
    writer: Writer,
    sightings: readers::Sightings,
    fanout: Arc<Fanout>,
    leaving: leaving::LeavingAccounts,
    limits: Arc<UserLimits>,
    path: PathBuf,
    upkeep: Mutex<Option<Upkeep>>,
}

/// Lives as long as the database is open. Whatever may hang with the disk is waited for in [`Repository::close`] alone.
struct Upkeep {
    checkpointer: checkpoint::Checkpointer,
    writer_thread: JoinHandle<()>,
    _watchdog: watchdog::Watchdog,
    _gathered: AbortOnDropHandle<()>,
    _lock: marker::FileLock,
}

impl Repository {
    /// Opens the file, makes it sound, and answers what a crash left over. Blocks; call it before serving.
    ///
    /// # Errors
    /// One [`OpenError`] for each reason not to start.
    pub fn open(
        path: &Path,
        (durability, commit_window): (Durability, Duration),
        metrics: Arc<Metrics>,
    ) -> Result<(Self, Vec<LeftOver>), OpenError> {
        let connector = connection::Connector::new(path, durability);
        let open::Opened {
            mut lock,
            mut connection,
            age,
            may_have_lost,
        } = open::open(&connector)?;
        let failed = |error: RepositoryError| OpenError::Open {
            path: path.to_owned(),
            reason: format!("{error:?}"),
        };
        let left_over = recovery::recover(&mut connection, may_have_lost).map_err(failed)?;
        let age_note = lock.remember(&connector, age)?;
        let fanout = Arc::<Fanout>::default();
        let watch = Arc::<watchdog::Watch>::default();
        let told = (Arc::clone(&metrics), Arc::clone(&fanout));
        let database = (connector.clone(), connection);
        let (writer, writer_thread) =
            Writer::start(database, age_note, commit_window, &watch, told).map_err(failed)?;
        let no_thread = |source| OpenError::File {
            path: path.to_owned(),
            source,
        };
        let checkpointer =
            checkpoint::Checkpointer::start(connector.clone(), writer.clone(), Arc::clone(&metrics))
                .map_err(no_thread)?;
        let watchdog = watchdog::Watchdog::start(watch, Arc::clone(&metrics)).map_err(no_thread)?;
        let main = Handle::current();
        let gathered = main.spawn(writer.wake_when_gathered());
        let pool = ReadPool::new(&connector, main.clone(), metrics);
        let upkeep = Upkeep {
            checkpointer,
            writer_thread,
            _watchdog: watchdog,
            _gathered: AbortOnDropHandle::new(gathered),
            _lock: lock,
        };
        Ok((
            Self {
                pool,
                sightings: readers::Sightings::new(writer.clone(), main),
                writer,
                fanout,
                leaving: leaving::LeavingAccounts::default(),
                limits: Arc::default(),
                path: path.to_owned(),
                upkeep: Mutex::new(Some(upkeep)),
            },
            left_over,
        ))
    }

    /// The data of one user, to read and to write.
    #[must_use]
    pub fn for_user(&self, scope: Scope) -> UserRepository {
        UserRepository {
            reading: self.for_reader(scope),
            writer: self.writer.clone(),
            leaving: self.leaving.clone(),
            limits: Arc::clone(&self.limits),
        }
    }

    /// What one user may read.
    #[must_use]
    pub fn for_reader(&self, scope: Scope) -> ReadingRepository {
        ReadingRepository {
            scope,
            pool: self.pool.clone(),
            sightings: self.sightings.clone(),
        }
    }

    /// The bearer token of this SHA-256 (hexadecimal), live or not.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn find_token(&self, hash: String) -> Result<Option<ApiToken>, RepositoryError> {
        self.pool
            .read(move |connection| tokens::find(connection, &hash))
            .await
    }

    /// Whether a token opens anything now.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn token_is_live(&self, id: TokenId) -> Result<bool, RepositoryError> {
        self.pool
            .read(move |connection| tokens::is_live(connection, id, now()))
            .await
    }

    /// Tokens that were revoked at `since` (milliseconds since the Unix epoch) or later.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn tokens_revoked_since(&self, since: i64) -> Result<Vec<TokenId>, RepositoryError> {
        self.pool
            .read(move |connection| tokens::revoked_since(connection, since))
            .await
    }

    /// Stores a ticket.
    ///
    /// # Errors
    /// `TooManyTickets`, `Unavailable`, `Database`.
    pub async fn add_ticket(&self, ticket: StreamTicket) -> Result<(), RepositoryError> {
        self.writer
            .run(move |connection| tickets::insert(connection, &ticket, now()))
            .await
    }

    /// Takes the ticket of this SHA-256 (hexadecimal), once; `None` unless it is there, opens `path` and is not old.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn take_ticket(
        &self,
        hash: String,
        path: String,
    ) -> Result<Option<StreamTicket>, RepositoryError> {
        self.writer
            .run(move |connection| tickets::take(connection, &hash, (&path, now())))
            .await
    }

    /// The one writer.
    #[must_use]
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Who waits for changes of sessions.
    #[must_use]
    pub fn fanout(&self) -> &Arc<Fanout> {
        &self.fanout
    }

    /// Writes what waits and closes the file. Blocks, for as long as the disk does.
    pub fn close(&self) {
        self.writer.close();
        let upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(upkeep) = upkeep {
            // A panic of the thread has been logged by the panic hook.
            let _ = upkeep.writer_thread.join();
            upkeep.checkpointer.stop();
        }
    }
}
