//! Rows of `learners`: what a learner says of themself, over all sessions, and their word on what was learnt of them.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::topics::{self, Change, Lesson, TopicMastery};
use crate::repository::error::RepositoryError;
use crate::repository::now;
use crate::repository::user::UserRepository;
use crate::schema::learners;

/// What a learner says of themself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learner {
    /// How far they are: a class, a course, a word.
    pub level: Option<String>,
    /// What they want to reach.
    pub goals: Option<String>,
    /// What they want to be answered in.
    pub language: Option<String>,
    /// Whether what they master may be kept.
    pub tracking: bool,
}

/// What a learner changes of their profile. The outer `None` leaves a field as it is, the inner one empties it.
#[derive(Clone, Debug, Default)]
pub struct LearnerChanges {
    /// See [`Learner::level`].
    pub level: Option<Option<String>>,
    /// See [`Learner::goals`].
    pub goals: Option<Option<String>>,
    /// See [`Learner::language`].
    pub language: Option<Option<String>>,
    /// Switched off: what was learnt is deleted.
    pub tracking: Option<bool>,
    /// The learner's word on topics.
    pub topics: Vec<TopicCorrection>,
}

/// The learner's word on one topic.
#[derive(Clone, Debug)]
pub struct TopicCorrection {
    /// `None`: of sessions without a subject.
    pub subject: Option<String>,
    /// The topic.
    pub topic: String,
    /// 0 to 1; `None` forgets the topic.
    pub mastery: Option<f64>,
}

/// Everything that is kept of a learner.
pub(super) type Profile = (Learner, Vec<TopicMastery>);

type Result<T> = std::result::Result<T, RepositoryError>;

#[expect(clippy::missing_errors_doc, reason = "said once for all of them, in `user`")]
impl UserRepository {
    /// What is kept of the user as a learner.
    pub async fn profile(&self) -> Result<Profile> {
        let scope = self.scope();
        self.reading
            .pool
            .read(move |connection| profile(connection, &scope.subject))
            .await
    }

    /// Changes the profile and answers it.
    pub async fn update_profile(&self, changes: LearnerChanges) -> Result<Profile> {
        let scope = self.scope();
        let work = move |connection: &mut SqliteConnection| {
            update(connection, &scope.subject, &changes)?;
            profile(connection, &scope.subject)
        };
        self.writer.run(work).await
    }
}

fn profile(connection: &mut SqliteConnection, owner: &str) -> Result<Profile> {
    Ok((find(connection, owner)?, topics::all(connection, owner)?))
}

/// Level, goals, language, and whether tracking is on.
type LearnerRow = (Option<String>, Option<String>, Option<String>, i32);

pub(super) fn find(connection: &mut SqliteConnection, owner: &str) -> Result<Learner> {
    let row = learners::table.find(owner).select((
        learners::level,
        learners::goals,
        learners::language,
        learners::tracking,
    ));
    let row: Option<LearnerRow> = row.get_result(connection).optional()?;
    let (level, goals, language, tracking) = row.unwrap_or((None, None, None, 1));
    Ok(Learner {
        level,
        goals,
        language,
        tracking: tracking != 0,
    })
}

fn update(connection: &mut SqliteConnection, owner: &str, changes: &LearnerChanges) -> Result<()> {
    let before = find(connection, owner)?;
    let tracking = changes.tracking.unwrap_or(before.tracking);
    let fields = (
        learners::level.eq(changes.level.clone().unwrap_or(before.level)),
        learners::goals.eq(changes.goals.clone().unwrap_or(before.goals)),
        learners::language.eq(changes.language.clone().unwrap_or(before.language)),
        learners::tracking.eq(i32::from(tracking)),
        learners::updated_at.eq(now()),
    );
    diesel::insert_into(learners::table)
        .values((learners::owner.eq(owner), fields.clone()))
        .on_conflict(learners::owner)
        .do_update()
        .set(fields)
        .execute(connection)?;
    if !tracking {
        return topics::forget_all(connection, owner);
    }
    changes
        .topics
        .iter()
        .try_for_each(|topic| correct(connection, owner, topic))
}

fn correct(connection: &mut SqliteConnection, owner: &str, correction: &TopicCorrection) -> Result<()> {
    let subject = correction.subject.clone().unwrap_or_default();
    match correction.mastery {
        Some(mastery) => {
            let lesson = Lesson {
                topic: correction.topic.clone(),
                change: Change::To(mastery),
                evidence: None,
            };
            topics::learn(connection, (owner, &subject), &[lesson])
        }
        None => topics::forget(connection, (owner, &subject), &correction.topic),
    }
}
