//! Rows of `learner_topics`: how well a learner masters what sessions were about, with the messages that show it.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use crate::ids::MessageId;
use crate::repository::error::RepositoryError;
use crate::repository::now;
use crate::schema::learner_topics;

/// No more topics than this are kept of a learner: the one that was not touched for longest goes first.
const MOST_TOPICS: i64 = 500;
/// No more message ids than this are kept as evidence, the newest.
const MOST_EVIDENCE: usize = 8;
/// Complete mastery, as it is stored.
const FULL: f64 = 1000.0;

/// How well a learner masters a topic.
#[derive(Clone, Debug)]
pub struct TopicMastery {
    /// `None`: of sessions without a subject.
    pub subject: Option<String>,
    /// The topic.
    pub topic: String,
    /// 0 to 1.
    pub mastery: f64,
    /// Messages that show it, oldest first.
    pub evidence: Vec<MessageId>,
    /// Milliseconds since the Unix epoch.
    pub updated_at: i64,
}

/// What a session has shown of a topic.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The topic.
    pub topic: String,
    /// How the mastery changes.
    pub change: Change,
    /// The message that shows it.
    pub evidence: Option<MessageId>,
}

/// How a mastery changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// To this value, 0 to 1.
    To(f64),
    /// This part of the way to 1.
    Up(f64),
    /// This part of the way to 0.
    Down(f64),
}

type Result<T> = std::result::Result<T, RepositoryError>;

/// The topics of a subject, the one that is mastered best first.
pub(super) fn of_subject(
    connection: &mut SqliteConnection,
    owner: &str,
    subject: &str,
) -> Result<Vec<TopicMastery>> {
    let rows = learner_topics::table
        .filter(
            learner_topics::owner
                .eq(owner)
                .and(learner_topics::subject.eq(subject)),
        )
        .order((learner_topics::mastery.desc(), learner_topics::topic))
        .select(TopicRow::as_select());
    // A bound LIMIT would have SQLite prepare the statement anew at every call.
    let rows = rows.load_iter(connection)?.take(40);
    rows.map(|row| Ok(row?.read())).collect()
}

/// Keeps what a session has shown.
pub(super) fn learn(
    connection: &mut SqliteConnection,
    (owner, subject): (&str, &str),
    lessons: &[Lesson],
) -> Result<()> {
    if lessons.is_empty() {
        return Ok(());
    }
    let known = of_subject(connection, owner, subject)?;
    for lesson in lessons {
        let before = known.iter().find(|known| same(&known.topic, &lesson.topic));
        let row = TopicRow::learnt((owner, subject), before, lesson);
        put(connection, &row)?;
    }
    forget_oldest(connection, owner)
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = learner_topics)]
struct TopicRow {
    owner: String,
    subject: String,
    topic: String,
    mastery: i32,
    evidence: String,
    updated_at: i64,
}

impl TopicRow {
    fn learnt((owner, subject): (&str, &str), before: Option<&TopicMastery>, lesson: &Lesson) -> Self {
        let mastery = before.map_or(0.0, |before| before.mastery);
        let mut evidence = before.map_or_else(Vec::new, |before| before.evidence.clone());
        if let Some(id) = lesson.evidence {
            evidence.retain(|known| *known != id);
            evidence.push(id);
        }
        evidence.drain(..evidence.len().saturating_sub(MOST_EVIDENCE));
        Self {
            owner: owner.to_owned(),
            subject: subject.to_owned(),
            topic: before.map_or(&lesson.topic, |before| &before.topic).clone(),
            mastery: thousandths(lesson.change.apply(mastery)),
            evidence: serde_json::to_string(&evidence).unwrap_or_else(|_never| "[]".to_owned()),
            updated_at: now(),
        }
    }

    fn read(self) -> TopicMastery {
        TopicMastery {
            subject: Some(self.subject).filter(|subject| !subject.is_empty()),
            topic: self.topic,
            mastery: f64::from(self.mastery) / FULL,
            evidence: serde_json::from_str(&self.evidence).unwrap_or_default(),
            updated_at: self.updated_at,
        }
    }
}

impl Change {
    fn apply(self, mastery: f64) -> f64 {
        match self {
            Self::To(mastery) => mastery,
            Self::Up(part) => mastery + (1.0 - mastery) * part,
            Self::Down(part) => mastery * (1.0 - part),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the value is between 0 and 1000")]
fn thousandths(mastery: f64) -> i32 {
    (mastery.clamp(0.0, 1.0) * FULL).round() as i32
}

fn put(connection: &mut SqliteConnection, row: &TopicRow) -> Result<()> {
    diesel::insert_into(learner_topics::table)
        .values(row)
        .on_conflict((
            learner_topics::owner,
            learner_topics::subject,
            learner_topics::topic,
        ))
        .do_update()
        .set(row)
        .execute(connection)?;
    Ok(())
}

fn forget_oldest(connection: &mut SqliteConnection, owner: &str) -> Result<()> {
    let own = learner_topics::table.filter(learner_topics::owner.eq(owner));
    let surplus = own.count().get_result::<i64>(connection)? - MOST_TOPICS;
    let oldest = own
        .order(learner_topics::updated_at)
        .limit(surplus.max(0))
        .select((learner_topics::subject, learner_topics::topic));
    for (subject, topic) in oldest.load::<(String, String)>(connection)? {
        diesel::delete(learner_topics::table.find((owner, subject, topic))).execute(connection)?;
    }
    Ok(())
}

pub(super) fn all(connection: &mut SqliteConnection, owner: &str) -> Result<Vec<TopicMastery>> {
    let rows = learner_topics::table
        .filter(learner_topics::owner.eq(owner))
        .order((learner_topics::subject, learner_topics::topic))
        .select(TopicRow::as_select());
    Ok(rows.load(connection)?.into_iter().map(TopicRow::read).collect())
}

pub(super) fn forget_all(connection: &mut SqliteConnection, owner: &str) -> Result<()> {
    diesel::delete(learner_topics::table.filter(learner_topics::owner.eq(owner))).execute(connection)?;
    Ok(())
}

pub(super) fn forget(
    connection: &mut SqliteConnection,
    (owner, subject): (&str, &str),
    topic: &str,
) -> Result<()> {
    diesel::delete(learner_topics::table.find((owner, subject, topic))).execute(connection)?;
    Ok(())
}
