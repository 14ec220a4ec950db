//! Odd answers that public bug reports describe, each kind on each wire: one file says what comes, and in its first
//! comments what is to be made of it. Every file is also cut and split at every byte.
//!
//! The comments: `text`, `reasoning` (JSON strings), `end` (a finish reason, or what went wrong), `tokens` (read and
//! written, or `none`), `setting` (of the provider; `restart`: what was shown before the text has to be taken back;
//! `early`: a reason of its own comes before the text does, so that a cut between them cannot be told from an end).

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::fake::{HEAD, Outcome, gather, play_with, send};
use super::recordings::{Reader, reader};
use super::vendor::Vendor;
use crate::config::{Deltas, ProviderSettings, Thoughts};
use crate::provider::{Delta, ProviderErrorKind};

/// One file.
struct Odd {
    name: String,
    vendor: Vendor,
    body: Vec<u8>,
    text: String,
    reasoning: String,
    end: String,
    tokens: Option<String>,
    setting: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/conformance/odd")
}

fn all() -> Vec<Odd> {
    let mut all = Vec::new();
    for (wire, vendor) in [
        ("chat", Vendor::Chat),
        ("responses", Vendor::Responses),
        ("messages", Vendor::Messages),
    ] {
        let files = std::fs::read_dir(folder().join(wire)).unwrap();
        let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        all.extend(paths.iter().map(|path| Odd::read(path, vendor)));
    }
    all
}

impl Odd {
    fn read(path: &Path, vendor: Vendor) -> Self {
        let body = std::fs::read_to_string(path).unwrap();
        let head = body.lines().map_while(|line| line.strip_prefix(": "));
        let told: Vec<_> = head.filter_map(|line| line.split_once(' ')).collect();
        let find = |name: &str| told.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let string =
            |name: &str| find(name).map_or_else(String::new, |json| serde_json::from_str(json).unwrap());
        Self {
            name: format!("{vendor:?} {}", path.file_stem().unwrap().to_string_lossy()),
            vendor,
            text: string("text"),
            reasoning: string("reasoning"),
            end: find("end").unwrap().to_owned(),
            tokens: find("tokens").map(str::to_owned),
            setting: find("setting").unwrap_or_default().to_owned(),
            body: body.into_bytes(),
        }
    }

    fn set(&self, settings: &mut ProviderSettings) {
        match &*self.setting {
            "unopened" => settings.thoughts = Thoughts::Unopened,
            "shown" => settings.thoughts = Thoughts::Shown,
            "cumulative" => settings.deltas = Deltas::Cumulative,
            _ => {}
        }
    }

    fn reader(&self) -> Reader {
        reader(self.vendor, |settings| self.set(settings))
    }

    #[track_caller]
    fn assert_is(&self, outcome: &Outcome) {
        let Self { name, .. } = self;
        assert_eq!(
            (outcome.text(), outcome.reasoning(), end(outcome)),
            (self.text.clone(), self.reasoning.clone(), self.end.clone()),
            "{name}: {outcome:?}"
        );
        let restarts = outcome
            .deltas
            .iter()
            .any(|delta| matches!(delta, Delta::Restart { .. }));
        assert_eq!(restarts, self.setting == "restart", "{name}: {outcome:?}");
        if let (Some(tokens), Some(Delta::End(completion))) = (&self.tokens, outcome.deltas.last()) {
            let told = completion.usage.map_or_else(
                || "none".to_owned(),
                |usage| format!("{} {}", usage.input_tokens, usage.output_tokens),
            );
            assert_eq!(&told, tokens, "{name}");
        }
    }
}

/// The finish reason, or what went wrong.
fn end(outcome: &Outcome) -> String {
    if let Some(Delta::End(completion)) = outcome.deltas.last() {
        return completion.finish_reason.to_string();
    }
    let word = match outcome.kind().unwrap() {
        ProviderErrorKind::Disconnected => "cut",
        ProviderErrorKind::Empty { .. } => "empty",
        ProviderErrorKind::OutOfTokens { .. } => "out-of-tokens",
        ProviderErrorKind::Overloaded { .. } => "overloaded",
        ProviderErrorKind::RateLimited { .. } => "limited",
        other => other.code(),
    };
    word.to_owned()
}

#[tokio::test]
async fn odd_answers_are_read_for_what_they_say() {
    let all = all();
    assert!(all.len() > 150, "the files are there");
    for odd in all {
        let outcome = play_with(
            odd.vendor,
            |settings| odd.set(settings),
            vec![send(HEAD), send(&odd.body)],
        )
        .await;
        odd.assert_is(&outcome);
    }
}

#[tokio::test]
async fn an_odd_answer_that_is_cut_at_any_byte_is_complete_only_as_a_whole() {
    for odd in all() {
        let body = Bytes::from(odd.body.clone());
        let read = odd.reader();
        let has_end = gather(read(vec![body.clone()])).await.has_end();
        for cut in 0..body.len() {
            let outcome = gather(read(vec![body.slice(..cut)])).await;
            let name = format!("{} cut at {cut}: {outcome:?}", odd.name);
            if outcome.has_end() && odd.setting != "early" {
                assert!(has_end, "{name}");
                assert_eq!(
                    (outcome.text(), end(&outcome)),
                    (odd.text.clone(), odd.end.clone()),
                    "{name}"
                );
            } else if odd.setting != "restart" {
                assert!(odd.text.starts_with(&outcome.text()), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn an_odd_answer_says_the_same_wherever_it_is_split() {
    for odd in all() {
        let body = Bytes::from(odd.body.clone());
        let read = odd.reader();
        for at in (0..body.len()).step_by(5) {
            odd.assert_is(&gather(read(vec![body.slice(..at), body.slice(at..)])).await);
        }
        let bytes = (0..body.len()).map(|at| body.slice(at..=at));
        odd.assert_is(&gather(read(bytes.collect())).await);
    }
}
