//! What a live stream weighs, and what a further reader of it weighs.

use std::time::Duration;

use tokio::time::sleep;

use super::subjects;
use crate::Result;
use crate::plan::{MOST_DELTAS, Plan};
use crate::run::{Bench, Load};
use crate::table::{Table, count, figure};
use crate::target::{Subject, Target};
use crate::usage::Memory;

/// Slow enough that a stream's text weighs nothing.
const RATE: f64 = 0.5;
const SETTLE: Duration = Duration::from_secs(2);

struct Weights {
    before: Memory,
    live: Memory,
    /// With a second reader of every turn; nginx has none.
    shared: Option<Memory>,
    after: Memory,
    faults: u64,
}

pub(crate) async fn run(bench: &mut Bench) -> Result<Table> {
    let streams = bench.options.scaled(5_000);
    let title = format!(
        "Memory: {0} live streams, then {0} further readers",
        count(streams as u64)
    );
    let columns = [
        "measured",
        "RSS before MiB",
        "RSS KiB/stream",
        "PSS KiB/stream",
        "kernel KiB/stream, all ends",
        "RSS KiB/further reader",
        "PSS KiB/further reader",
        "RSS after the end MiB",
        "faults",
    ];
    let mut table = Table::new(title, &columns);
    for subject in subjects(bench, &[("full", 0)]) {
        let weights = weigh(bench, &subject, streams).await?;
        table.row(cells(&subject, &weights, streams));
    }
    Ok(table)
}

fn cells(subject: &Subject, weights: &Weights, streams: usize) -> Vec<String> {
    let Weights {
        before,
        live,
        shared,
        after,
        faults,
    } = weights;
    let each = |more: u64, less: u64| figure((more as f64 - less as f64) / 1024.0 / streams as f64);
    let mebibytes = |bytes: u64| figure(bytes as f64 / f64::from(1 << 20));
    let reader = |of: fn(&Memory) -> u64| {
        shared
            .as_ref()
            .map_or("–".to_owned(), |shared| each(of(shared), of(live)))
    };
    vec![
        subject.label(),
        mebibytes(before.resident),
        each(live.resident, before.resident),
        each(live.proportional, before.proportional),
        each(live.kernel, before.kernel),
        reader(|memory| memory.resident),
        reader(|memory| memory.proportional),
        mebibytes(after.resident),
        faults.to_string(),
    ]
}

async fn weigh(bench: &mut Bench, subject: &Subject, streams: usize) -> Result<Weights> {
    eprintln!("{} live streams, {}", count(streams as u64), subject.label());
    let target = bench.target(subject).await?;
    warm_up(bench, &target).await?;
    let before = Memory::of(target.process.pid())?;
    let plan = Plan {
        rate: RATE,
        count: MOST_DELTAS,
        burst: 1,
        phase: 0.0,
    };
    let mut load = Load::new();
    load.open(&target, plan, streams, Duration::from_secs(5));
    load.wait_until_started(streams).await?;
    sleep(SETTLE).await;
    let live = Memory::of(target.process.pid())?;
    let mut shared = None;
    if *subject != Subject::Nginx {
        let turns = load.recorder.turns.borrow().clone();
        for turn in &turns {
            load.read(Duration::ZERO, target.get_events(turn));
        }
        load.wait_until_started(streams + turns.len()).await?;
        sleep(SETTLE).await;
        shared = Some(Memory::of(target.process.pid())?);
    }
    let faults = bench.end(load, &target).await?;
    sleep(SETTLE).await;
    let after = Memory::of(target.process.pid())?;
    Ok(Weights {
        before,
        live,
        shared,
        after,
        faults,
    })
}

/// A few short streams, so that what is set up once is not charged to the many.
async fn warm_up(bench: &mut Bench, target: &Target) -> Result<()> {
    let mut load = Load::new();
    load.open(
        target,
        Plan {
            rate: 50.0,
            count: 5,
            burst: 1,
            phase: 0.0,
        },
        8,
        Duration::ZERO,
    );
    load.wait_until_ended(8).await;
    bench.end(load, target).await?;
    sleep(Duration::from_millis(500)).await;
    Ok(())
}
