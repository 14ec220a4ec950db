//! The service of one sequence of faults: an engine on a database. It can die as a process does, and another one is
//! started on what was committed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::scenario::engine;
use crate::config::Durability;
use crate::provider::Chain;
use crate::repository::{Repository, Scope, UserRepository, remember_copy};
use crate::telemetry::Metrics;
use crate::turn::Turns;

/// One life of the service.
#[derive(Clone)]
pub(super) struct World {
    pub(super) turns: Arc<Turns>,
    pub(super) user: UserRepository,
    pub(super) repository: Arc<Repository>,
}

/// The lives of a service, one after another.
pub(super) struct Worlds {
    seed: u64,
    chain: Arc<Chain>,
    metrics: Arc<Metrics>,
    current: watch::Sender<World>,
    /// Where the databases are, when the service has its own.
    folder: Option<tempfile::TempDir>,
    /// Databases of processes that have died.
    dead: Mutex<Vec<Arc<Repository>>>,
}

fn open(path: &Path, metrics: &Arc<Metrics>) -> (Arc<Repository>, Vec<crate::repository::LeftOver>) {
    let storing = (Durability::Off, Duration::ZERO);
    let (repository, left_over) = Repository::open(path, storing, Arc::clone(metrics)).unwrap();
    (Arc::new(repository), left_over)
}

impl Worlds {
    /// On a database that others use, or else on one of its own, which can die.
    pub(super) fn new(
        seed: u64,
        chain: Arc<Chain>,
        shared: Option<&Arc<Repository>>,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let folder = shared.is_none().then(|| tempfile::tempdir().unwrap());
        let repository = match (shared, &folder) {
            (Some(shared), _) => Arc::clone(shared),
            (None, folder) => open(&folder.as_ref().unwrap().path().join("0.db"), metrics).0,
        };
        let first = World {
            turns: engine(&repository, metrics, Arc::clone(&chain)),
            user: user_of(seed, &repository),
            repository,
        };
        Self {
            seed,
            chain,
            metrics: Arc::clone(metrics),
            current: watch::Sender::new(first),
            folder,
            dead: Mutex::default(),
        }
    }

    pub(super) fn now(&self) -> World {
        self.current.borrow().clone()
    }

    /// What comes of `work`, unless the service dies before: then nobody hears of it.
    pub(super) async fn while_it_lives<T>(&self, work: impl AsyncFnOnce(World) -> T) -> Option<T> {
        let mut current = self.current.subscribe();
        let world = current.borrow_and_update().clone();
        tokio::select! {
            biased;
            _ = current.changed() => None,
            result = work(world) => Some(result),
        }
    }

    pub(super) fn can_crash(&self) -> bool {
        self.folder.is_some()
    }

    pub(super) fn crashes(&self) -> usize {
        self.dead.lock().unwrap().len()
    }

    /// The process dies: what is committed is there, and nothing else. The next one takes its turns up.
    pub(super) async fn crash(&self) {
        self.die(NextStart::default()).await;
    }

    /// The files of the service as they are between two commits, as a copy of this name.
    pub(super) async fn copy(&self, name: &str) -> PathBuf {
        let to = self.path(name);
        drop(stop_writing(&self.now(), self.path(&self.crashes().to_string()), to.clone()).await);
        to
    }

    fn path(&self, name: &str) -> PathBuf {
        let folder = self.folder.as_ref().expect("a service that can die has a folder");
        folder.path().join(name).with_extension("db")
    }

    /// The process dies, and the next ones start as it is said.
    pub(super) async fn die(&self, next: NextStart) {
        if !self.can_crash() {
            return;
        }
        let dead = self.now();
        let number = self.crashes();
        let [from, to] = [number, number + 1].map(|number| self.path(&number.to_string()));
        let release = stop_writing(&dead, from, to.clone()).await;
        match next.copy {
            Some(copy) => copy_database(&copy, &to),
            None => remember_copy(&to, Durability::Off),
        }
        for _ in 0..next.deaths_before_any_turn {
            let (repository, _) = open(&to, &self.metrics);
            repository.close();
        }
        let (repository, left_over) = open(&to, &self.metrics);
        let world = World {
            turns: engine(&repository, &self.metrics, Arc::clone(&self.chain)),
            user: user_of(self.seed, &repository),
            repository,
        };
        world.turns.take_up(left_over).await.unwrap();
        self.dead.lock().unwrap().push(Arc::clone(&dead.repository));
        // From here on nobody asks the dead one, and its calls end before it can store anything.
        self.current.send_replace(world);
        let buried = async {
            sleep(Duration::from_millis(1)).await;
            drop(release);
        };
        tokio::join!(dead.turns.drain(Duration::ZERO), buried);
    }

    /// The service ends.
    pub(super) async fn end(self) {
        let last = self.now();
        last.turns.drain(Duration::ZERO).await;
        if self.can_crash() {
            let dead = self.dead.into_inner().unwrap();
            dead.iter()
                .chain([&last.repository])
                .for_each(|repository| repository.close());
        }
    }
}

/// On what file the next process starts, and how.
#[derive(Default)]
pub(super) struct NextStart {
    /// On this copy, which is taken for one of an earlier day; else on the file as it was left.
    pub(super) copy: Option<PathBuf>,
    /// So many processes die when they have opened the database and written nothing else.
    pub(super) deaths_before_any_turn: usize,
}

fn copy_database(from: &Path, to: &Path) {
    for ending in ["db-wal", "db"] {
        let (from, to) = (from.with_extension(ending), to.with_extension(ending));
        if from.exists() {
            std::fs::copy(from, to).unwrap();
        } else {
            assert!(
                ending == "db-wal" && !to.exists(),
                "a copy of a file that is not there"
            );
        }
    }
}

fn user_of(seed: u64, repository: &Arc<Repository>) -> UserRepository {
    repository.for_user(Scope::of(&format!("learner-{seed}")))
}

/// Copies the database as it is between two commits, after which nothing more is committed until the answer is dropped.
async fn stop_writing(world: &World, from: PathBuf, to: PathBuf) -> std::sync::mpsc::Sender<()> {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (copied, is_copied) = tokio::sync::oneshot::channel();
    let mut copied = Some(copied);
    let writer = world.repository.writer().clone();
    tokio::runtime::Handle::current().spawn(async move {
        let work = move |_: &mut _| {
            if let Some(copied) = copied.take() {
                copy_database(&from, &to);
                let _ = copied.send(());
                let _ = released.recv();
            }
            Ok(())
        };
        let _ = writer.run(work).await;
    });
    is_copied.await.unwrap();
    release
}
