//! What no line of a server's log may hold, however much is logged: keys, tokens, and what was said. Checked for each
//! server of these tests, all of which log at TRACE.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use crate::database::Database;

/// How tokens and tickets of this service begin, and signed tokens of others.
const TOKENS: [&str; 3] = ["tst_", "tsk_", "eyJ"];
/// A shorter text may stand in a line by chance.
const TELLING: usize = 12;
/// Of a text so much is looked for.
const SAMPLE: usize = 40;

/// Panics with the line that tells something.
pub(super) fn check_log(log: &str, variables: &[(String, String)], database: &mut Database) {
    let filter = variables.iter().find(|(name, _)| name == "RUST_LOG");
    assert!(
        filter.is_none_or(|(_, filter)| filter.contains("trace")),
        "{filter:?} is too little to tell anything"
    );
    let tokens = TOKENS.map(str::to_owned);
    let secrets: BTreeSet<_> = keys(variables).chain(tokens).chain(texts(database)).collect();
    // All at once: a campaign leaves tens of thousands of texts, and a log of many megabytes.
    let automaton = AhoCorasick::new(&secrets).expect("patterns that fit into an automaton");
    if let Some(found) = automaton.find(log) {
        let (begin, end) = (log[..found.start()].rfind('\n'), log[found.end()..].find('\n'));
        let line = &log[begin.map_or(0, |begin| begin + 1)..end.map_or(log.len(), |end| found.end() + end)];
        panic!("the log tells {:?}: {line}", &log[found.range()]);
    }
}

/// The values of variables that are keys.
fn keys(variables: &[(String, String)]) -> impl Iterator<Item = String> {
    let is_key = |name: &str| {
        ["_KEY", "_SECRET", "_TOKEN"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let keys = variables.iter().filter(move |(name, _)| is_key(name));
    keys.map(|(_, key)| key.clone()).filter(|key| !key.is_empty())
}

/// A piece of each message that would stand in a line as it is.
fn texts(database: &mut Database) -> impl Iterator<Item = String> {
    let messages = database.messages().into_iter();
    messages.filter_map(|message| {
        let pieces = message
            .content
            .split(|character: char| !character.is_ascii_alphanumeric() && character != ' ');
        let longest = pieces.max_by_key(|piece| piece.len())?.trim();
        let sample = &longest[..longest.len().min(SAMPLE)];
        (sample.len() >= TELLING).then(|| sample.to_owned())
    })
}
