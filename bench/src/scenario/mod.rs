//! The situations that are measured. Each starts its programs afresh and returns its tables.

mod memory;
mod neighbour;
mod paced;
mod replay;
mod saturation;

use clap::ValueEnum;

use crate::Result;
use crate::run::Bench;
use crate::table::Table;
use crate::target::{Storing, Subject};

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// 20 streams of 25 deltas a second: latency
    Light,
    /// 200 streams of 50 deltas a second: CPU, latency, bytes written
    Busy,
    /// 50 streams that flood: the ceiling per core
    Saturation,
    /// 200 streams of 50 against 4,000 of 2.5: what a stream costs by being there
    Growth,
    /// 5,000 live streams, then 5,000 further readers: bytes of each
    Memory,
    /// Ended turns read again from their start
    Replay,
    /// One peer that reads nothing of its answers: what another user waits
    Neighbour,
    /// All of them
    All,
}

const EACH: [Scenario; 7] = [
    Scenario::Light,
    Scenario::Busy,
    Scenario::Saturation,
    Scenario::Growth,
    Scenario::Memory,
    Scenario::Replay,
    Scenario::Neighbour,
];

/// The scenarios a command line names, each once, in order.
pub(crate) fn chosen(named: &[Scenario]) -> Vec<Scenario> {
    let all = named.is_empty() || named.contains(&Scenario::All);
    EACH.into_iter()
        .filter(|scenario| all || named.contains(scenario))
        .collect()
}

/// Runs one scenario.
pub(crate) async fn run(scenario: Scenario, bench: &mut Bench) -> Result<Vec<Table>> {
    match scenario {
        Scenario::Light => paced::light(bench).await,
        Scenario::Busy | Scenario::All => paced::busy(bench).await,
        Scenario::Saturation => one(saturation::run(bench).await),
        Scenario::Growth => one(paced::growth(bench).await),
        Scenario::Memory => one(memory::run(bench).await),
        Scenario::Replay => one(replay::run(bench).await),
        Scenario::Neighbour => one(neighbour::run(bench).await),
    }
}

fn one(table: Result<Table>) -> Result<Vec<Table>> {
    table.map(|table| vec![table])
}

/// The subjects of a scenario: nginx and its own choice of server settings, unless the command line
/// names others.
fn subjects(bench: &Bench, servers: &[(&str, u32)]) -> Vec<Subject> {
    if !bench.options.subjects.is_empty() {
        return bench.options.subjects.clone();
    }
    let servers = servers
        .iter()
        .map(|(durability, merge)| Subject::Server(Storing::new(durability, *merge)));
    std::iter::once(Subject::Nginx).chain(servers).collect()
}

#[cfg(test)]
mod tests {
    use super::{EACH, Scenario, chosen};

    #[test]
    fn no_name_and_all_mean_every_scenario() {
        assert_eq!(chosen(&[]), EACH);
        assert_eq!(chosen(&[Scenario::Replay, Scenario::All]), EACH);
        assert_eq!(
            chosen(&[Scenario::Busy, Scenario::Light]),
            [Scenario::Light, Scenario::Busy]
        );
    }
}
