//! Streams that come as fast as they are taken, many deltas in a write: the ceiling.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use super::subjects;
use crate::Result;
use crate::plan::Plan;
use crate::run::{Bench, Load, unique_name};
use crate::table::{Table, count, figure, times};
use crate::target::Subject;
use crate::window::{Window, median};

const BURST: usize = 16;

pub(crate) async fn run(bench: &mut Bench) -> Result<Table> {
    let streams = bench.options.scaled(50);
    let chosen = subjects(bench, &[("off", 0), ("normal", 0), ("full", 0)]);
    let mut windows = vec![Vec::new(); chosen.len()];
    for _ in 0..bench.options.rounds {
        for (subject, windows) in chosen.iter().zip(&mut windows) {
            windows.push(measure(bench, subject, streams).await?);
        }
    }
    let windows: Vec<Window> = windows.into_iter().filter_map(median).collect();
    let title = format!(
        "Saturation: {streams} streams, {BURST} deltas a write, {} deltas a turn",
        count(bench.options.turn_deltas)
    );
    let columns = [
        "measured",
        "deltas/s per core",
        "× nginx",
        "deltas/s",
        "CPU µs/delta",
        "written B/delta",
        "events/delta",
        "cores: it / readers / upstream / others",
        "faults",
    ];
    let mut table = Table::new(title, &columns);
    let yardstick = chosen
        .iter()
        .zip(&windows)
        .find(|(subject, _)| **subject == Subject::Nginx);
    for (subject, window) in chosen.iter().zip(&windows) {
        table.row(vec![
            subject.label(),
            figure(per_core(window)),
            times(
                Some(per_core(window)),
                yardstick.map(|(_, nginx)| per_core(nginx)),
            ),
            figure(window.deltas as f64 / window.seconds),
            figure(window.cpu_per_delta()),
            figure(window.per_delta(window.written as f64)),
            figure(window.per_delta(window.frames as f64)),
            window.cores(),
            window.faults.to_string(),
        ]);
    }
    Ok(table)
}

fn per_core(window: &Window) -> f64 {
    window.deltas as f64 / window.cpu
}

async fn measure(bench: &mut Bench, subject: &Subject, streams: usize) -> Result<Window> {
    eprintln!("{streams} streams that flood, {}", subject.label());
    let target = Rc::new(bench.target(subject).await?);
    let plan = Plan {
        rate: 0.0,
        count: bench.options.turn_deltas,
        burst: BURST,
        phase: 0.0,
    };
    let mut load = Load::new();
    for slot in 0..streams {
        let target = Rc::clone(&target);
        load.read_again(move || target.post(&plan, &unique_name(slot)));
    }
    load.wait_until_started(streams).await?;
    sleep(Duration::from_secs(1)).await;
    let window = bench.window(&target, &load).await?;
    let faults = bench.end(load, &target).await?;
    Ok(Window { faults, ..window })
}
