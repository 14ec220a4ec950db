//! Ended turns, read again from their start as fast as they come. nginx keeps nothing, so it has no
//! row here.

use std::rc::Rc;
use std::time::Duration;

use super::subjects;
use crate::Result;
use crate::plan::Plan;
use crate::run::{Bench, Load};
use crate::table::{Table, count, figure};
use crate::target::{Subject, Target};
use crate::window::Window;

const TURNS: usize = 10;
const READERS: usize = 4;

pub(crate) async fn run(bench: &mut Bench) -> Result<Table> {
    let deltas = count(bench.options.turn_deltas);
    let title = format!("Replay: {TURNS} ended turns of {deltas} deltas, {READERS} readers");
    let columns = [
        "measured",
        "deltas/s per core",
        "deltas/s",
        "events/s",
        "replays/s",
        "cores: it / readers / upstream / others",
        "faults",
    ];
    let mut table = Table::new(title, &columns);
    for subject in subjects(bench, &[("normal", 0)]) {
        if subject != Subject::Nginx {
            let window = measure(bench, &subject).await?;
            let replays = window.deltas as f64 / bench.options.turn_deltas as f64;
            table.row(vec![
                subject.label(),
                figure(window.deltas as f64 / window.cpu),
                figure(window.deltas as f64 / window.seconds),
                figure(window.frames as f64 / window.seconds),
                figure(replays / window.seconds),
                window.cores(),
                window.faults.to_string(),
            ]);
        }
    }
    Ok(table)
}

async fn measure(bench: &mut Bench, subject: &Subject) -> Result<Window> {
    eprintln!("replay, {}", subject.label());
    let target = Rc::new(bench.target(subject).await?);
    let turns = Rc::new(ended_turns(bench, &target).await?);
    let mut load = Load::new();
    for reader in 0..READERS {
        let (target, turns) = (Rc::clone(&target), Rc::clone(&turns));
        let mut next = reader;
        load.read_again(move || {
            next += 1;
            target.get_events(&turns[next % turns.len()])
        });
    }
    load.wait_until_started(READERS).await?;
    let window = bench.window(&target, &load).await?;
    let faults = bench.end(load, &target).await?;
    Ok(Window { faults, ..window })
}

async fn ended_turns(bench: &mut Bench, target: &Target) -> Result<Vec<String>> {
    let mut load = Load::new();
    let plan = Plan {
        rate: 0.0,
        count: bench.options.turn_deltas,
        burst: 16,
        phase: 0.0,
    };
    load.open(target, plan, TURNS, Duration::ZERO);
    if !load.wait_until_ended(TURNS).await {
        return Err("the turns to replay did not end".into());
    }
    let turns = load.recorder.turns.borrow().clone();
    bench.end(load, target).await?;
    if turns.is_empty() {
        Err("no turn to replay".into())
    } else {
        Ok(turns)
    }
}
