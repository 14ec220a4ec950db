//! The readers' pool. Every read runs in a task on the main runtime: a client that vanishes cancels the wait for
//! the answer, never the query (<https://github.com/weiznich/diesel_async/issues/281>).

use std::time::Duration;

use bb8::{Pool, RunError};
use diesel::sqlite::SqliteConnection;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::connection::Connector;
use super::error::RepositoryError;
use super::writer_thread::UNAVAILABLE_AFTER;

type Connection = SyncConnectionWrapper<SqliteConnection>;
type Manager = AsyncDieselConnectionManager<Connection>;

/// How long a request waits for a free connection.
const PATIENCE: Duration = Duration::from_secs(2);
/// A turn's message is stored already: it waits as long as for what is written.
const PATIENCE_OF_TURNS: Duration = UNAVAILABLE_AFTER;
const CONNECTIONS: u32 = 8;

/// Read-only connections.
#[derive(Clone)]
pub struct ReadPool {
    pool: Pool<Manager>,
    main: Handle,
    patience: Duration,
}

impl ReadPool {
    pub(super) fn new(connector: &Connector, main: Handle) -> Self {
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
        }
    }

    /// The same connections for a turn's task.
    pub(super) fn patient(&self) -> Self {
        Self {
            patience: PATIENCE_OF_TURNS,
            ..self.clone()
        }
    }

    /// Runs `query` with a connection of its own and answers its result.
    ///
    /// # Errors
    /// Those of `query`; `Unavailable` when no connection comes free within 2 s, or 30 s for a turn.
    pub async fn read<T, F>(&self, query: F) -> Result<T, RepositoryError>
    where
        F: FnOnce(&mut SqliteConnection) -> Result<T, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        let (pool, patience) = (self.pool.clone(), self.patience);
        let task = self.main.spawn(async move {
            let free = timeout(patience, pool.get())
                .await
                .unwrap_or(Err(RunError::TimedOut));
            let mut connection = free.map_err(|error| {
                log::warn!("storage.no_connection error={error:?}");
                RepositoryError::Unavailable
            })?;
            connection
                .spawn_blocking(move |connection| Ok(query(connection)))
                .await?
        });
        task.await.unwrap_or(Err(RepositoryError::Unavailable))
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
        let pool = ReadPool::new(&connector, Handle::current());
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
