//! Adds records up to a table.

use super::play::{Played, PlayedTurn};
use crate::table::{Table, figure};

/// Outcomes of plans that a model has answered with what the schema asks for.
const VALID: [&str; 2] = ["planned", "late"];

/// A part of a whole, as the table shows it.
fn share(part: usize, whole: usize) -> String {
    match whole {
        0 => "–".to_owned(),
        _ => format!("{} % ({part} of {whole})", (part * 100 + whole / 2) / whole),
    }
}

/// Precision and recall of a decision: `(decided, expected)` for each turn.
fn precision_and_recall(decisions: impl Iterator<Item = (bool, bool)> + Clone) -> (String, String) {
    let count = |of: fn(&(bool, bool)) -> bool| decisions.clone().filter(of).count();
    let right = count(|(decided, expected)| *decided && *expected);
    let precision = share(right, count(|(decided, _)| *decided));
    (precision, share(right, count(|(_, expected)| *expected)))
}

/// The table of everything that was played.
pub(super) fn table(title: String, played: &[Played]) -> Table {
    let mut table = Table::new(title, &["", "share"]);
    let turns: Vec<_> = played.iter().flat_map(|played| &played.turns).collect();
    let mut row = |name: &str, value: String| table.row(vec![name.to_owned(), value]);
    plans(played, &turns, &mut row);
    decisions(played, &turns, &mut row);
    replies(&turns, &mut row);
    latency(played, &mut row);
    table
}

fn count(turns: &[&PlayedTurn], which: fn(&PlayedTurn) -> bool) -> usize {
    turns.iter().filter(|turn| which(turn)).count()
}

fn plans(played: &[Played], turns: &[&PlayedTurn], row: &mut impl FnMut(&str, String)) {
    let ended = |outcomes: &[&str]| -> usize {
        let all = turns.iter().flat_map(|turn| &turn.plans);
        let counted = all.filter(|(name, _)| outcomes.iter().any(|outcome| name.ends_with(outcome)));
        counted.map(|(_, count)| *count as usize).sum()
    };
    let valid = ended(&VALID);
    let answered = valid + ended(&["refused"]);
    let asked = answered + ended(&["unanswered"]);
    row("plans of a model that pass the schema", share(valid, answered));
    row(
        "plans of a model within the budget",
        share(ended(&["planned"]), asked),
    );
    let firsts = played.iter().map(|played| &played.turns[0]);
    let planned = firsts.filter(|turn| turn.source == "planned").count();
    row("first plans that are no fallback", share(planned, played.len()));
    let with_topic = count(turns, |turn| turn.is_on_topic.is_some());
    let on_topic = count(turns, |turn| turn.is_on_topic == Some(true));
    row("plans on the topic", share(on_topic, with_topic));
}

fn decisions(played: &[Played], turns: &[&PlayedTurn], row: &mut impl FnMut(&str, String)) {
    let later = played.iter().flat_map(|played| played.turns.iter().skip(1));
    let new_topic = later.map(|turn| (turn.source != "reused", turn.is_new_topic));
    let (precision, recall) = precision_and_recall(new_topic);
    row(
        "planned before the answer for another topic: precision",
        precision,
    );
    row("… recall", recall);
    let replan = turns
        .iter()
        .map(|turn| (turn.source != "reused" || !turn.plans.is_empty(), turn.needs_plan));
    let (precision, recall) = precision_and_recall(replan);
    row("planned anew, before or behind the answer: precision", precision);
    row("… recall", recall);
    let found = turns
        .iter()
        .map(|turn| (turn.is_misconception_found, turn.has_misconception));
    let (precision, recall) = precision_and_recall(found);
    row("misconceptions at the right message: precision", precision);
    row("… recall", recall);
    let named = count(turns, |turn| turn.is_misconception_named);
    row(
        "… named",
        share(named, count(turns, |turn| turn.has_misconception)),
    );
}

fn replies(turns: &[&PlayedTurn], row: &mut impl FnMut(&str, String)) {
    row(
        "turns that were answered",
        share(count(turns, |turn| turn.is_complete), turns.len()),
    );
    row(
        "replies that ask before they tell",
        share(count(turns, |turn| turn.asks_first), turns.len()),
    );
    let answers = count(turns, |turn| turn.gives_away.is_some());
    let given = count(turns, |turn| turn.gives_away == Some(true));
    row("replies that give the answer away", share(given, answers));
}

/// Median times to the first delta.
fn latency(played: &[Played], row: &mut impl FnMut(&str, String)) {
    let firsts = played.iter().filter_map(|played| played.turns[0].first_ms);
    let without = played.iter().filter_map(|played| played.unplanned_ms);
    let added = played
        .iter()
        .filter_map(|played| Some(played.turns[0].first_ms? - played.unplanned_ms?));
    let reused = played
        .iter()
        .flat_map(|played| &played.turns)
        .filter(|turn| turn.source == "reused");
    row("first delta of a first message, median", median(firsts.collect()));
    row("… without a planner", median(without.collect()));
    row("… added by the planner", median(added.collect()));
    row(
        "first delta where the plan is reused, median",
        median(reused.filter_map(|turn| turn.first_ms).collect()),
    );
}

fn median(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    match times.get(times.len() / 2) {
        Some(time) => format!("{} ms", figure(*time)),
        None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_is_of_what_was_decided_and_recall_of_what_was_expected() {
        let decisions = [
            (true, true),
            (true, false),
            (false, true),
            (false, true),
            (false, false),
        ];
        let (precision, recall) = precision_and_recall(decisions.into_iter());
        assert_eq!(
            (precision.as_str(), recall.as_str()),
            ("50 % (1 of 2)", "33 % (1 of 3)")
        );
        assert_eq!(share(0, 0), "–");
    }
}
