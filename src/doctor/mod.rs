//! `tutorstream doctor`: looks at the settings, the database and each provider, and says in plain words what is wrong
//! and how to mend it. Changes nothing, and never tells a key.

mod answer;
mod database;
mod provider;

use std::fmt;

use crate::config::{ServeArgs, Settings};

/// Everything that was looked at.
#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Debug)]
struct Finding {
    subject: String,
    /// What is the case.
    words: String,
    /// What to do; `None` when all is well.
    mend: Option<String>,
}

impl Finding {
    fn well(subject: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            words: words.into(),
            mend: None,
        }
    }

    fn problem(subject: impl Into<String>, words: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            mend: Some(mend.into()),
            ..Self::well(subject, words)
        }
    }
}

impl Report {
    /// Whether nothing has to be mended.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(|finding| finding.mend.is_none())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { subject, words, mend } in &self.findings {
            match mend {
                None => writeln!(f, "ok       {subject}: {words}")?,
                Some(mend) => writeln!(f, "problem  {subject}: {words}\n         {mend}")?,
            }
        }
        let problems = self
            .findings
            .iter()
            .filter(|finding| finding.mend.is_some())
            .count();
        match problems {
            0 => f.write_str("all is well"),
            1 => f.write_str("1 problem"),
            more => write!(f, "{more} problems"),
        }
    }
}

/// Looks at everything. Each provider is asked for a few tokens.
pub async fn examine(args: ServeArgs) -> Report {
    let settings = match Settings::load(args) {
        Ok(settings) => settings,
        Err(error) => {
            let mend = "Mend this first: the rest cannot be looked at without settings.";
            let finding = Finding::problem("settings", error.to_string(), mend);
            return Report {
                findings: vec![finding],
            };
        }
    };
    let mut findings = vec![Finding::well(
        "settings",
        format!("they can be used; the service listens on {}", settings.bind),
    )];
    findings.extend(database::examine(settings.database).await);
    findings.extend(provider::examine_all(&settings.providers).await);
    Report { findings }
}
