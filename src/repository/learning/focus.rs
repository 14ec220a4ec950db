//! Rows of `session_focus`, and everything that planning looks at. What a plan says is the agent's affair: here it is
//! a text with a version.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::learners::{self, Learner};
use super::summaries;
use super::topics::{self, Lesson, TopicMastery};
use crate::ids::{MessageId, SessionId};
use crate::model::FocusSource;
use crate::repository::error::RepositoryError;
use crate::repository::messages::{self, Message};
use crate::repository::now;
use crate::repository::reading::ReadingRepository;
use crate::repository::sessions::{self, Session};
use crate::repository::user::UserRepository;
use crate::schema::session_focus;

/// One version of what a session works on.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = session_focus)]
pub struct FocusVersion {
    /// The session.
    pub session_id: SessionId,
    /// 1, 2, 3 …
    pub version: i64,
    /// The place of the newest message that it knows.
    pub position: i64,
    /// Never `Reused`.
    pub source: FocusSource,
    /// The place of the message that it was last planned for; later versions may only have carried it on.
    pub planned_at: i64,
    /// JSON.
    pub plan: String,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
}

/// A plan that is to be stored, and what was learnt about the learner with it.
#[derive(Clone, Debug)]
pub struct NewFocus {
    /// The place of the newest message that it knows.
    pub position: i64,
    /// Never `Reused`.
    pub source: FocusSource,
    /// See [`FocusVersion::planned_at`].
    pub planned_at: i64,
    /// JSON.
    pub plan: String,
    /// Stored with it, unless the learner does not want to be tracked.
    pub lessons: Vec<Lesson>,
}

/// What a plan is made from.
#[derive(Clone, Debug)]
pub struct PlanningMaterial {
    /// The session.
    pub session: Session,
    /// The newest messages up to the one that is to be answered, newest first.
    pub messages: Vec<Message>,
    /// The newest plan that knows no later message.
    pub focus: Option<FocusVersion>,
    /// What the learner says of themself.
    pub learner: Learner,
    /// What the learner masters of this subject, best first.
    pub topics: Vec<TopicMastery>,
}

/// What a prompt is made from.
#[derive(Clone, Debug)]
pub struct PromptMaterial {
    /// The session.
    pub session: Session,
    /// The newest messages up to the one that is to be answered, newest first.
    pub messages: Vec<Message>,
    /// The place up to which the summary tells the session, and the summary.
    pub summary: Option<(i64, String)>,
    /// What the learner says of themself.
    pub learner: Learner,
}

type Result<T> = std::result::Result<T, RepositoryError>;

#[expect(clippy::missing_errors_doc, reason = "said once for all of them, in `user`")]
impl UserRepository {
    /// What a plan for the answer to `upto` is made from, with the newest `limit` messages.
    pub async fn planning_material(
        &self,
        id: SessionId,
        upto: MessageId,
        limit: i64,
    ) -> Result<PlanningMaterial> {
        let scope = self.scope();
        let query = move |connection: &mut SqliteConnection| {
            let session = sessions::own(connection, &scope, id)?;
            let last = messages::find(connection, id, upto)?;
            let subject = session.subject.clone().unwrap_or_default();
            Ok(PlanningMaterial {
                messages: messages::newest(connection, id, last.position + 1, limit)?,
                focus: newest_upto(connection, id, last.position)?,
                learner: learners::find(connection, &scope.subject)?,
                topics: topics::of_subject(connection, &scope.subject, &subject)?,
                session,
            })
        };
        self.reading.pool.read(query).await
    }

    /// What the prompt for the answer to `upto` is made from, with the newest `limit` messages.
    pub async fn prompt_material(
        &self,
        id: SessionId,
        upto: MessageId,
        limit: i64,
    ) -> Result<PromptMaterial> {
        let scope = self.scope();
        let query = move |connection: &mut SqliteConnection| {
            let session = sessions::own(connection, &scope, id)?;
            let last = messages::find(connection, id, upto)?;
            let summary = summaries::find(connection, id)?;
            Ok(PromptMaterial {
                messages: messages::newest(connection, id, last.position + 1, limit)?,
                // A reply to an old message is not told what came after that.
                summary: summary.filter(|(position, _)| *position < last.position),
                learner: learners::find(connection, &scope.subject)?,
                session,
            })
        };
        self.reading.pool.read(query).await
    }

    /// Stores a plan as the session's next version.
    pub async fn store_focus(&self, id: SessionId, new: NewFocus) -> Result<FocusVersion> {
        let scope = self.scope();
        let work = move |connection: &mut SqliteConnection| {
            let session = sessions::own(connection, &scope, id)?;
            let better = newest_upto(connection, id, new.position)?
                .filter(|focus| (new.source, focus.source) == (FocusSource::Fallback, FocusSource::Planned))
                .filter(|focus| focus.planned_at >= new.planned_at);
            if let Some(better) = better {
                // A model's plan for the same message came in the very moment when it was given up.
                return Ok(better);
            }
            insert(connection, (&session, &scope.subject), &new)
        };
        self.writer.run(work).await
    }

    /// Stores a plan that carries version `follows` on. False when that is not the newest: nothing is stored then. Where
    /// a later message has its plan already, that one stays, and only what was learnt is stored.
    pub async fn carry_focus_on(&self, id: SessionId, new: NewFocus, follows: i64) -> Result<bool> {
        let scope = self.scope();
        let work = move |connection: &mut SqliteConnection| {
            let session = sessions::own(connection, &scope, id)?;
            carry_on(connection, (&session, &scope.subject), &new, follows)
        };
        self.writer.run(work).await
    }
}

#[expect(
    clippy::missing_errors_doc,
    reason = "said once for all of them, in `reading`"
)]
impl ReadingRepository {
    /// The session's plan as it stands.
    pub async fn focus(&self, id: SessionId) -> Result<FocusVersion> {
        self.focus_history(id, None, 1)
            .await?
            .pop()
            .ok_or(RepositoryError::NotFound)
    }

    /// The session's plans before version `before`, newest first.
    pub async fn focus_history(
        &self,
        id: SessionId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<FocusVersion>> {
        let scope = self.scope.clone();
        let query = move |connection: &mut SqliteConnection| {
            sessions::visible(connection, &scope, id)?;
            let rows = session_focus::table
                .filter(session_focus::session_id.eq(id))
                .filter(session_focus::version.lt(before.unwrap_or(i64::MAX)))
                .order(session_focus::version.desc())
                .limit(limit)
                .select(FocusVersion::as_select());
            Ok(rows.load(connection)?)
        };
        self.pool.read(query).await
    }
}

pub(in crate::repository) fn newest_upto(
    connection: &mut SqliteConnection,
    id: SessionId,
    position: i64,
) -> Result<Option<FocusVersion>> {
    let rows = session_focus::table
        .filter(session_focus::session_id.eq(id))
        .filter(session_focus::position.le(position))
        .order(session_focus::version.desc())
        .select(FocusVersion::as_select());
    Ok(rows.get_result(connection).optional()?)
}

/// Version and position of the newest plan; zeros without one.
fn last(connection: &mut SqliteConnection, id: SessionId) -> Result<(i64, i64)> {
    let rows = session_focus::table
        .filter(session_focus::session_id.eq(id))
        .order(session_focus::version.desc())
        .select((session_focus::version, session_focus::position));
    Ok(rows.get_result(connection).optional()?.unwrap_or_default())
}

/// See [`UserRepository::carry_focus_on`].
fn carry_on(
    connection: &mut SqliteConnection,
    (session, owner): (&Session, &str),
    new: &NewFocus,
    follows: i64,
) -> Result<bool> {
    let (version, position) = last(connection, session.id)?;
    if position > new.position {
        learn(connection, (session, owner), new)?;
    } else if version == follows {
        insert(connection, (session, owner), new)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// The plan as the next version, and what was learnt with it.
fn insert(
    connection: &mut SqliteConnection,
    (session, owner): (&Session, &str),
    new: &NewFocus,
) -> Result<FocusVersion> {
    learn(connection, (session, owner), new)?;
    let row = FocusVersion {
        session_id: session.id,
        version: last(connection, session.id)?.0 + 1,
        position: new.position,
        source: new.source,
        planned_at: new.planned_at,
        plan: new.plan.clone(),
        created_at: now(),
    };
    diesel::insert_into(session_focus::table)
        .values(&row)
        .execute(connection)?;
    Ok(row)
}

/// Keeps what was learnt, unless the learner does not want to be tracked.
fn learn(
    connection: &mut SqliteConnection,
    (session, owner): (&Session, &str),
    new: &NewFocus,
) -> Result<()> {
    if !learners::find(connection, owner)?.tracking {
        return Ok(());
    }
    let subject = session.subject.as_deref().unwrap_or_default();
    topics::learn(connection, (owner, subject), &new.lessons)
}

#[cfg(test)]
mod tests;
