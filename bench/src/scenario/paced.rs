//! Streams at the speed of a real model: latency and cost per delta.

use std::time::Duration;

use tokio::time::sleep;

use super::subjects;
use crate::Result;
use crate::plan::{MOST_DELTAS, Plan};
use crate::run::{Bench, Load};
use crate::table::{Table, count, figure, milliseconds, or_dash, times};
use crate::target::Subject;
use crate::window::{Window, median};

/// A number of streams, and how they are paced and opened.
#[derive(Clone, Copy)]
struct Shape {
    streams: usize,
    rate: f64,
    spread: Duration,
}

const SERVERS: &[(&str, u32)] = &[
    ("off", 0),
    ("normal", 0),
    ("full", 0),
    ("normal", 25),
    ("full", 25),
];

const LATENCY_AND_CPU: &[&str] = &[
    "measured",
    "p50 ms",
    "× nginx",
    "p99 ms",
    "× nginx",
    "first delta p50 ms",
    "CPU µs/delta",
    "× nginx",
    "faults",
];

const BEHIND_IT: &[&str] = &[
    "measured",
    "deltas/s",
    "events/delta",
    "commits/s",
    "written B/delta",
    "wchar B/delta",
    "switches/delta",
    "cores: it / readers / upstream / others",
];

pub(crate) async fn light(bench: &mut Bench) -> Result<Vec<Table>> {
    let streams = bench.options.scaled(20);
    // One after the other, so that the first delta is timed alone.
    tables(
        bench,
        "Light",
        Shape {
            streams,
            rate: 25.0,
            spread: Duration::from_secs(1),
        },
    )
    .await
}

pub(crate) async fn busy(bench: &mut Bench) -> Result<Vec<Table>> {
    let streams = bench.options.scaled(200);
    tables(
        bench,
        "Busy",
        Shape {
            streams,
            rate: 50.0,
            spread: Duration::ZERO,
        },
    )
    .await
}

pub(crate) async fn growth(bench: &mut Bench) -> Result<Table> {
    let few = Shape {
        streams: bench.options.scaled(200),
        rate: 50.0,
        spread: Duration::from_secs(1),
    };
    let many = Shape {
        streams: few.streams * 20,
        rate: few.rate / 20.0,
        spread: Duration::from_secs(4),
    };
    let title = format!("Growth: {} against {}", few.title(), many.title());
    let columns = [
        "measured",
        "CPU µs/delta, few",
        "many",
        "many / few",
        "p99 ms, few",
        "many",
        "faults",
    ];
    let mut table = Table::new(title, &columns);
    let chosen = subjects(bench, &[("normal", 0), ("full", 0)]);
    let few = measure_all(bench, &chosen, few).await?;
    let many = measure_all(bench, &chosen, many).await?;
    for (subject, (few, many)) in chosen.iter().zip(few.iter().zip(&many)) {
        table.row(vec![
            subject.label(),
            figure(few.cpu_per_delta()),
            figure(many.cpu_per_delta()),
            times(Some(many.cpu_per_delta()), Some(few.cpu_per_delta())),
            milliseconds(few.latency_p99),
            milliseconds(many.latency_p99),
            (few.faults + many.faults).to_string(),
        ]);
    }
    Ok(table)
}

async fn tables(bench: &mut Bench, name: &str, shape: Shape) -> Result<Vec<Table>> {
    let chosen = subjects(bench, SERVERS);
    let windows = measure_all(bench, &chosen, shape).await?;
    let yardstick = chosen
        .iter()
        .zip(&windows)
        .find(|(subject, _)| **subject == Subject::Nginx);
    let title = format!("{name}: {}", shape.title());
    let mut behind = Table::new(format!("{title}: what is behind it"), BEHIND_IT);
    let mut table = Table::new(title, LATENCY_AND_CPU);
    for (subject, window) in chosen.iter().zip(&windows) {
        table.row(latency_and_cpu(
            subject,
            window,
            yardstick.map(|(_, window)| window),
        ));
        behind.row(behind_it(subject, window));
    }
    Ok(vec![table, behind])
}

fn latency_and_cpu(subject: &Subject, window: &Window, nginx: Option<&Window>) -> Vec<String> {
    let exact = |value: Option<u64>| value.map(|value| value as f64);
    let against =
        |of: fn(&Window) -> Option<u64>| times(exact(of(window)), nginx.and_then(|nginx| exact(of(nginx))));
    vec![
        subject.label(),
        milliseconds(window.latency_p50),
        against(|window| window.latency_p50),
        milliseconds(window.latency_p99),
        against(|window| window.latency_p99),
        milliseconds(window.first_delta_p50),
        figure(window.cpu_per_delta()),
        times(Some(window.cpu_per_delta()), nginx.map(Window::cpu_per_delta)),
        window.faults.to_string(),
    ]
}

fn behind_it(subject: &Subject, window: &Window) -> Vec<String> {
    vec![
        subject.label(),
        figure(window.deltas as f64 / window.seconds),
        figure(window.per_delta(window.frames as f64)),
        or_dash(window.commits_per_second),
        figure(window.per_delta(window.written as f64)),
        figure(window.per_delta(window.written_through as f64)),
        figure(window.per_delta(window.switches as f64)),
        window.cores(),
    ]
}

/// One window per subject. Rounds go through all subjects in turn: a machine that changes its speed
/// changes it for all of them.
async fn measure_all(bench: &mut Bench, subjects: &[Subject], shape: Shape) -> Result<Vec<Window>> {
    let mut windows = vec![Vec::new(); subjects.len()];
    for _ in 0..bench.options.rounds {
        for (subject, windows) in subjects.iter().zip(&mut windows) {
            windows.push(measure(bench, subject, shape).await?);
        }
    }
    Ok(windows.into_iter().filter_map(median).collect())
}

async fn measure(bench: &mut Bench, subject: &Subject, shape: Shape) -> Result<Window> {
    eprintln!("{}, {}", shape.title(), subject.label());
    let target = bench.target(subject).await?;
    let plan = Plan {
        rate: shape.rate,
        count: MOST_DELTAS,
        burst: 1,
        phase: 0.0,
    };
    let mut load = Load::new();
    load.open(&target, plan, shape.streams, shape.spread);
    load.wait_until_started(shape.streams).await?;
    sleep(Duration::from_secs_f64((bench.options.seconds / 5.0).max(1.0))).await;
    let window = bench.window(&target, &load).await?;
    let faults = bench.end(load, &target).await?;
    Ok(Window { faults, ..window })
}

impl Shape {
    fn title(self) -> String {
        format!("{} streams of {} deltas/s", count(self.streams as u64), self.rate)
    }
}
