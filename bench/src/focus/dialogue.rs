//! The dialogues of `bench/focus`: what a learner writes, and what a good tutor makes of it.

use std::fs;
use std::path::Path;

use clap::ValueEnum;
use serde::Deserialize;

use crate::Result;

/// A half of the dialogues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Half {
    /// That the local rules were made by
    Development,
    /// That they were not made by
    HeldOut,
}

impl Half {
    fn folder(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::HeldOut => "held-out",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    dialogue: Vec<Dialogue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dialogue {
    pub(super) name: String,
    pub(super) language: String,
    /// Words of which a plan's topic or objective has one, until a turn says others.
    topic: Vec<String>,
    pub(super) turns: Vec<Turn>,
    /// The name of its file.
    #[serde(skip)]
    pub(super) subject: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Turn {
    pub(super) learner: String,
    /// What the tutor of the dialogue says to it: the next message follows on that.
    pub(super) tutor: String,
    topic: Option<Vec<String>>,
    #[serde(default)]
    pub(super) stuck: bool,
    #[serde(default)]
    pub(super) step_done: bool,
    #[serde(default)]
    pub(super) new_topic: bool,
    /// Words of which the misconception in this message has one.
    #[serde(default)]
    pub(super) misconception: Vec<String>,
    /// What a reply must not tell: the learner is to find it.
    #[serde(default)]
    pub(super) answer: Vec<String>,
}

impl Dialogue {
    /// The words of the topic at this turn.
    pub(super) fn topic_at(&self, place: usize) -> &[String] {
        let said = self.turns[..=place]
            .iter()
            .rev()
            .find_map(|turn| turn.topic.as_ref());
        said.unwrap_or(&self.topic)
    }
}

/// The dialogues of a half, in the order of their files' names.
pub(super) fn read(root: &Path, half: Half) -> Result<Vec<Dialogue>> {
    let folder = root.join(half.folder());
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let file: File = toml::from_str(&fs::read_to_string(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let subject = path.file_stem().unwrap_or_default().to_string_lossy();
        all.extend(file.dialogue.into_iter().map(|dialogue| Dialogue {
            subject: subject.clone().into_owned(),
            ..dialogue
        }));
    }
    Ok(all)
}
