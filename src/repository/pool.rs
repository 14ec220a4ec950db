//! The readers' pool. Every read runs in a task on the main runtime: a client that vanishes cancels the wait for
//! the answer, never the query (<https://github.com/weiznich/diesel_async/issues/281>). So does a disk that hangs: whoever
//! waits is answered in time, and what hangs is as many queries as there are connections.

use std::sync::Arc;
use std::time::Duration;

use bb8::{Pool, RunError};
use diesel::sqlite::SqliteConnection;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::connection::Connector;
use super::error::RepositoryError;
use super::overdue::OverdueReads;
use super::pulse::UNAVAILABLE_AFTER;
use crate::telemetry::Metrics;

type Connection = SyncConnectionWrapper<SqliteConnection>;
type Manager = AsyncDieselConnectionManager<Connection>;

/// How long a request waits for a free connection.
const PATIENCE: Duration = Duration::from_secs(2);
/// A turn's message is stored already: it waits as long as for what is written.
const PATIENCE_OF_TURNS: Duration = UNAVAILABLE_AFTER;
/// What takes longer, with a connection, is given up by whoever waits for it.
const LONGEST_QUERY: Duration = Duration::from_secs(8);
const CONNECTIONS: u32 = 8;

/// Read-only connections.
#[derive(Clone)]
pub struct ReadPool {
    pool: Pool<Manager>,
    main: Handle,
    patience: Duration,
    overdue: Arc<OverdueReads>,
}

impl ReadPool {
    pub(super) fn new(connector: &Connector, main: Handle, metrics: Arc<Metrics>) -> Self {
        let mut config = ManagerConfig::<Connection>::default();
        config.recycling_method = RecyclingMethod::Fast;
        let template = connector.clone();
        config.custom_setup = Box::new(move |_| {
            let connector = template.clone();
            Box::pin(async move {
                let opened = tokio::task::spawn_blocking(move || connector.open_for_reading()).await;
                let opened =
                    opened.map_err(|error| diesel::ConnectionError::BadConnection(error.to_string()))?;
                opened.map(SyncConnectionWrapper::new)
            })
        });
        let manager = Manager::new_with_config(connector.path().to_string_lossy(), config);
        let pool = Pool::builder()
            .max_size(CONNECTIONS)
            .connection_timeout(PATIENCE_OF_TURNS)
            .test_on_check_out(false)
            .build_unchecked(manager);
        Self {
            pool,
            main,
            patience: PATIENCE,
            overdue: OverdueReads::new(metrics),
        }
    }

    /// The same connections for a turn's task.
    pub(super) fn patient(&self) -> Self {
        Self {
            patience: PATIENCE_OF_TURNS,
            ..self.clone()
        }
    }

    /// Runs `query` with a connection of its own and answers its result. A query that takes longer than a query may,
    /// because the disk hangs, goes on without the caller; when all connections are lost to such ones, nobody waits
    /// for one.
    ///
    /// # Errors
    /// Those of `query`; `Unavailable` when no connection comes free within 2 s, or 30 s for a turn, or when the query
    /// takes 8 s more.
    pub async fn read<T, F>(&self, query: F) -> Result<T, RepositoryError>
    where
        F: FnOnce(&mut SqliteConnection) -> Result<T, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        if self.overdue.count() >= CONNECTIONS as usize {
            return Err(RepositoryError::Unavailable);
        }
        let (pool, patience, read) = (self.pool.clone(), self.patience, self.overdue.read());
        let (answer, comes) = oneshot::channel();
        self.main.spawn(async move {
            let free = timeout(patience, pool.get())
                .await
                .unwrap_or(Err(RunError::TimedOut));
            let mut connection = match free {
                Ok(connection) => connection,
                Err(error) => return read.no_connection(&error),
            };
            let mut querying = Box::pin(connection.spawn_blocking(move |connection| Ok(query(connection))));
            let result = match timeout(LONGEST_QUERY, &mut querying).await {
                Ok(result) => result,
                Err(_elapsed) => {
                    drop(answer);
                    read.give_up();
                    // The connection is free again when the query comes back.
                    let _ = querying.await;
                    return read.came_back();
                }
            };
            read.came_back();
            // A caller that has gone needs no answer.
            let _ = answer.send(result.unwrap_or_else(|error| Err(RepositoryError::Database(error))));
        });
        comes.await.unwrap_or(Err(RepositoryError::Unavailable))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use futures_util::future::join_all;

    use super::*;
    use crate::config::Durability;

    /// Connections that are busy until the senders are dropped.
    async fn occupy(pool: &ReadPool) -> Vec<Sender<()>> {
        let busy = (0..CONNECTIONS).map(|_| {
            let (release, released) = channel::<()>();
            let (begin, begun) = tokio::sync::oneshot::channel();
            let pool = pool.clone();
            pool.main.clone().spawn(async move {
                let query = move |_: &mut SqliteConnection| {
                    let _ = begin.send(());
                    let _ = released.recv();
                    Ok(())
                };
                pool.read(query).await
            });
            async { begun.await.map(|()| release).unwrap() }
        });
        join_all(busy).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_request_gives_up_where_a_turn_still_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tutor.db");
        std::fs::File::create(&path).unwrap();
        let connector = Connector::new(&path, Durability::Off);
        let pool = ReadPool::new(&connector, Handle::current(), Arc::default());
        let busy = occupy(&pool).await;
        let turn = pool.main.spawn({
            let patient = pool.patient();
            async move { patient.read(|_| Ok("read")).await }
        });
        let request = pool.read(|_| Ok("read")).await;
        assert!(
            matches!(request, Err(RepositoryError::Unavailable)),
            "{request:?}"
        );
        assert!(!turn.is_finished());
        drop(busy);
        assert!(matches!(turn.await.unwrap(), Ok("read")));
    }
}
