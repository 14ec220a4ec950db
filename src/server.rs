//! Builds the service, runs it, and ends it without losing a word.

mod stopping;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use socket2::{Domain, Protocol, Socket, Type};
use tokio_util::sync::CancellationToken;

use self::stopping::{Signals, close, stop};
use crate::agent::{Agent, Planner};
use crate::app::{App, MetricsAccess};
use crate::config::Settings;
use crate::http::{self, Connections, Serving};
use crate::identity::{self, Authority, JwtError, Validities};
use crate::limits::{Limits, Seats};
use crate::provider::{self, Chain, Policy, ProviderError, Random};
use crate::repository::{OpenError, Repository, RepositoryError, StorageHealth, Transcripts};
use crate::telemetry::Metrics;
use crate::turn::{Parts, Turns};

/// A reader that stops reading holds no more than about twice this in the kernel.
const SEND_BUFFER: usize = 64 * 1024;
const BACKLOG: i32 = 4096;
/// How long everything may take after the drain. What the database has not taken then is left for the next start.
const LAST_WORK: Duration = Duration::from_secs(9);

/// Why the service did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The database cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What was left over cannot be taken up.
    #[error("cannot take up the turns of the last run: {0}")]
    TakeUp(#[from] RepositoryError),
    /// The provider cannot be set up.
    #[error("cannot set up the provider: {0}")]
    Provider(#[from] ProviderError),
    /// Tokens cannot be checked.
    #[error("auth: {0}")]
    Auth(#[from] JwtError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; --bind or TUTORSTREAM_BIND names another address")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The HTTP server ended by itself.
    #[error("the HTTP server failed: {0}")]
    Serve(#[source] std::io::Error),
    /// Only a restart can tell what is stored.
    #[error("the database file may have lost what was written to it; restart to go on with what is stored")]
    StorageLost,
    /// The database took no writes until the end.
    #[error(
        "the database takes no writes: what is not saved, {0} turns that have not ended among it, is left for the next start"
    )]
    Unsaved(usize),
}

/// The whole service, listening.
pub struct Application {
    address: SocketAddr,
    app: Arc<App>,
    server: Server,
    drain: Duration,
}

impl Application {
    /// Opens the database, takes up what was left over, and listens. Call it on the main runtime.
    ///
    /// # Errors
    /// One [`ServerError`] for each reason not to start.
    pub async fn build(settings: Settings) -> Result<Self, ServerError> {
        let (listener, address) = listen(&settings)?;
        let metrics = Arc::new(Metrics::default());
        let (chain, planner) = who_answers(&settings, &metrics)?;
        let practice = chain.first().is_practice();
        let storing = (settings.durability, settings.commit_window);
        let (repository, left_over) = Repository::open(&settings.database, storing, Arc::clone(&metrics))?;
        let repository = Arc::new(repository.with_limits(settings.user_limits()));
        http::expect(&metrics);
        metrics.limited(repository.limits());
        let turns = Turns::new(Parts {
            repository: Arc::clone(&repository),
            chain,
            agent: Agent::new(settings.instructions, settings.context, planner),
            metrics: Arc::clone(&metrics),
            merge_window: settings.merge_window,
            seats: Seats::new(settings.limits.turns),
            fallback_message: settings.fallback_message,
        });
        turns.take_up(left_over).await?;
        identity::say_what_was_open(&settings.auth, &repository).await?;
        let main = tokio::runtime::Handle::current();
        if let Some(after) = settings.events_after {
            main.spawn(Arc::clone(&turns).forget_old_logs(after));
        }
        let limits = Limits::new(&settings.limits);
        limits.requests.take_up(&repository).await?;
        drop(main.spawn(Arc::clone(&limits.requests).keep(Arc::clone(&repository))));
        let closing = CancellationToken::new();
        let validities = Validities::new();
        main.spawn(Arc::clone(&validities).watch(Arc::clone(&repository)));
        let app = Arc::new(App {
            authority: Arc::new(Authority::new(Arc::clone(&repository), &settings.auth)?),
            validities,
            cookie: settings.auth.cookie,
            origins: settings.allowed_origins.into(),
            transcripts: Transcripts::new(settings.auth.locked_transcripts),
            pages: settings.pages,
            metrics_access: MetricsAccess::new(&settings.auth, address),
            repository,
            turns,
            limits,
            metrics,
            practice,
            closing,
        });
        let serving = Serving {
            listener,
            backlog: BACKLOG.cast_unsigned(),
            hosts: Arc::new(settings.allowed_hosts),
            connections: Connections::new(&settings.limits, Arc::clone(&app.metrics)),
        };
        let server = http::serve(&app, serving).map_err(|source| ServerError::Listen { address, source })?;
        Ok(Self {
            address,
            app,
            server,
            drain: settings.drain,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// One line about who answers.
    #[must_use]
    pub fn answering(&self) -> String {
        let answering = self.app.turns.answering();
        if self.app.practice {
            return "the bundled practice tutor answers, offline; set OPENAI_API_KEY or OPENAI_BASE_URL for a model"
                .to_owned();
        }
        format!(
            "provider {} answers with model {}",
            answering.provider, answering.model
        )
    }

    /// One line about the bundled pages.
    #[must_use]
    pub fn pages(&self) -> &'static str {
        if self.app.pages {
            "the chat page is served at / and the API's documentation at /docs"
        } else {
            "the bundled pages are not served; pages = true serves them"
        }
    }

    /// Serves until SIGTERM or SIGINT, then drains: no new turns, running ones may end, readers are told to
    /// reconnect. It has ended 10 s after the drain, whatever the database does. A second signal ends it at once; what
    /// is stored is taken up by the next start.
    ///
    /// # Errors
    /// `Serve`, `StorageLost`, `Unsaved`.
    pub async fn run_until_stopped(self) -> Result<(), ServerError> {
        let Self {
            app, server, drain, ..
        } = self;
        let handle = server.handle();
        let mut signals = Signals::new().map_err(ServerError::Serve)?;
        let mut health = app.repository.writer().health();
        let mut server = std::pin::pin!(server);
        let signalled = tokio::select! {
            ended = &mut server => return ended.map_err(ServerError::Serve),
            _ = health.wait_for(|health| *health == StorageHealth::Lost) => false,
            () = signals.next() => true,
        };
        if !signalled {
            return Err(ServerError::StorageLost);
        }
        let ending = async {
            let (ended, saved) = tokio::join!(server, stop(&app, &handle, drain));
            ended.map_err(ServerError::Serve)?;
            if !saved {
                return Err(ServerError::Unsaved(app.turns.running()));
            }
            close(&app).await;
            Ok(())
        };
        tokio::select! {
            ended = tokio::time::timeout(drain + LAST_WORK, ending) => {
                ended.unwrap_or_else(|_elapsed| Err(ServerError::Unsaved(app.turns.running())))?;
            }
            // What readers saw is stored, and the next start takes up the rest.
            () = signals.next() => log::warn!("server.stopping_at_once"),
        }
        if *health.borrow() == StorageHealth::Lost {
            return Err(ServerError::StorageLost);
        }
        log::info!("server.stopped");
        Ok(())
    }
}

/// The providers in their order, and who plans with them.
fn who_answers(
    settings: &Settings,
    metrics: &Arc<Metrics>,
) -> Result<(Arc<Chain>, Option<Arc<Planner>>), ProviderError> {
    let providers = provider::from_settings(&settings.providers)?;
    let names: Vec<_> = providers.iter().map(|provider| provider.name()).collect();
    metrics.expect_calls(&names, &crate::turn::outcomes());
    metrics.expect_plans(&crate::agent::REASONS);
    let policy = Policy {
        retry: settings.retry,
        breaker: settings.breaker,
        choice: settings.allow_provider_choice,
    };
    let chain = Chain::new(providers, &settings.providers, policy, Random::new());
    let planner = settings
        .planner
        .clone()
        .map(|config| Planner::new(config, settings.context, &chain, Arc::clone(metrics)));
    Ok((chain, planner))
}

fn listen(settings: &Settings) -> Result<(TcpListener, SocketAddr), ServerError> {
    let address = settings.bind;
    let listen = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        // Accepted connections inherit these.
        socket.set_send_buffer_size(SEND_BUFFER)?;
        // A reader that takes nothing, or has vanished, for so long is cut off by the kernel, whatever waits for it.
        socket.set_tcp_user_timeout(settings.limits.stalled_reader)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    listen().map_err(|source| ServerError::Listen { address, source })
}
