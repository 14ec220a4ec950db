//! The dialogues as they stand in `bench/focus`.

use std::fs;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    dialogue: Vec<Dialogue>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dialogue {
    pub(super) name: String,
    pub(super) language: String,
    /// Words of which a plan's topic has one, until a turn says others.
    pub(super) topic: Vec<String>,
    pub(super) turns: Vec<Label>,
}

/// One message of a learner, what a good tutor decides at it, and what the tutor says to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Label {
    pub(super) learner: String,
    pub(super) tutor: String,
    pub(super) topic: Option<Vec<String>>,
    #[serde(default)]
    pub(super) stuck: bool,
    #[serde(default)]
    pub(super) step_done: bool,
    #[serde(default)]
    pub(super) new_topic: bool,
    /// For plans and replies of models.
    #[serde(default, rename = "misconception")]
    _misconception: Vec<String>,
    #[serde(default, rename = "answer")]
    _answer: Vec<String>,
}

/// All dialogues of this half.
pub(super) fn read(half: &str) -> Vec<Dialogue> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("bench/focus")
        .join(half);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let files = paths.iter().map(|path| {
        let text = fs::read_to_string(path).expect("a text");
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.dialogue
    });
    files.flatten().collect()
}
