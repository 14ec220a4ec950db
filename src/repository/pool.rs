//! The readers' pool. Every read runs in a task on the main runtime: a client that vanishes cancels the wait for
//! the answer, never the query (<https://github.com/weiznich/diesel_async/issues/281>).

use std::time::Duration;

use bb8::Pool;
use diesel::sqlite::SqliteConnection;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use tokio::runtime::Handle;

use super::connection::Connector;
use super::error::RepositoryError;

type Connection = SyncConnectionWrapper<SqliteConnection>;
type Manager = AsyncDieselConnectionManager<Connection>;

/// How long a reader waits for a free connection.
const PATIENCE: Duration = Duration::from_secs(2);
const CONNECTIONS: u32 = 8;

/// Read-only connections.
#[derive(Clone)]
pub struct ReadPool {
    pool: Pool<Manager>,
    main: Handle,
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
            .connection_timeout(PATIENCE)
            .test_on_check_out(false)
            .build_unchecked(manager);
        Self { pool, main }
    }

    /// Runs `query` with a connection of its own and answers its result.
    ///
    /// # Errors
    /// Those of `query`; `Unavailable` when no connection comes free within 2 s.
    pub async fn read<T, F>(&self, query: F) -> Result<T, RepositoryError>
    where
        F: FnOnce(&mut SqliteConnection) -> Result<T, RepositoryError> + Send + 'static,
        T: Send + 'static,
    {
        let pool = self.pool.clone();
        let task = self.main.spawn(async move {
            let mut connection = pool.get().await.map_err(|error| {
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
