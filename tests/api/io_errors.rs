//! The disk answers with errors now and then (libfiu, Debian's `fiu-utils`). The service may end, and is started again
//! as systemd does it; what was shown is never lost.

use std::process::Command;

use futures_util::future::{Either, join_all, select};

use crate::app::{Setup, TestApp};
use crate::campaign::{Chance, Round};
use crate::checker::check_turn;
use crate::upstream::Plan;
use crate::witness::Witness;

/// Where Debian puts the libraries that stand between a program and its calls.
const LIBRARIES: &str = "/usr/lib/fiu/fiu_run_preload.so /usr/lib/fiu/fiu_posix_preload.so";

const LEARNERS: usize = 4;

/// After so many ends of the service the disk is mended.
const MOST_ENDS: usize = 5;

/// Errors of the disk: which call fails, and how often.
struct BadDisk {
    call: &'static str,
    probability: &'static str,
}

impl BadDisk {
    fn new(chance: &mut Chance) -> Self {
        let calls = ["rw/pwrite", "sync/fsync", "rw/ftruncate", "rw/pread"];
        let often = ["0.001", "0.01", "0.1"];
        let mut index = |length: usize| usize::try_from(chance.below(length as u64)).unwrap_or_default();
        Self {
            call: calls[index(calls.len())],
            probability: often[index(often.len())],
        }
    }

    /// From now on the running service has it. It starts with a good one.
    fn install(&self, app: &TestApp) {
        let folder = app.database_path().parent().expect("a folder");
        let files = std::fs::read_dir(folder).expect("a folder").map_while(Result::ok);
        let names = files.filter_map(|file| file.file_name().into_string().ok());
        let of_process = |name: &str| {
            name.strip_prefix("fiu-")?
                .strip_suffix(".in")?
                .parse::<u32>()
                .ok()
        };
        let running = |id: &u32| std::path::Path::new(&format!("/proc/{id}/exe")).exists();
        let process = names.filter_map(|name| of_process(&name)).find(running);
        let process = process.expect("the service listens for libfiu: install Debian's package fiu-utils");
        let (call, probability) = (self.call, self.probability);
        let told = Command::new("fiu-ctrl")
            .arg("-f")
            .arg(folder.join("fiu"))
            .arg("-c")
            .arg(format!(
                "enable_random name=posix/io/{call},probability={probability},failinfo=5"
            ))
            .arg(process.to_string())
            .output()
            .expect("fiu-ctrl is there: install Debian's package fiu-utils");
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    }
}

fn service() -> TestApp {
    Setup::new()
        .flooded()
        .continues_partial()
        .without_merging()
        .variable("LD_PRELOAD", LIBRARIES)
        .variable("FIU_CTRL_FIFO", "fiu")
        .start()
}

/// Everybody watches to the end, through as many lives of the service as that takes. Answers how often it ended.
async fn watch(app: &mut TestApp, disk: &BadDisk, readers: &mut [Witness]) -> usize {
    let mut watching = Box::pin(join_all(readers.iter_mut().map(Witness::persist)));
    for ends in 0..MOST_ENDS {
        match select(Box::pin(app.exited()), watching).await {
            Either::Left((status, rest)) => {
                assert!(!status.success(), "it ended as if nothing had happened");
                watching = rest;
            }
            Either::Right(_) => return ends,
        }
        app.restart();
        if ends + 1 < MOST_ENDS {
            disk.install(app);
        }
    }
    watching.await;
    MOST_ENDS
}

#[tokio::test]
async fn a_disk_with_errors_campaign_loses_nothing_that_was_shown() {
    let mut ended = 0;
    for round in Round::all("IO_ERROR", 20) {
        let mut chance = round.chance();
        let disk = BadDisk::new(&mut chance);
        let mut app = service();
        let plans = [(); LEARNERS].map(|()| chance.plan(30, 200));
        let messages = plans.each_ref().map(Plan::to_string);
        let mut readers = join_all(messages.iter().map(|message| app.learner.send(message))).await;
        disk.install(&app);
        ended += watch(&mut app, &disk, &mut readers).await;
        app.restart();
        for (reader, plan) in readers.iter().zip(&plans) {
            check_turn(&mut app.database(), &[reader], Some(&plan.text()));
        }
    }
    eprintln!("the service ended {ended} times");
}
