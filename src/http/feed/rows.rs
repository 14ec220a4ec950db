//! What the rows of a session are in its feed: a snapshot, or one event for each row that has changed.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::messages::{ActiveTurn, MessageBody};
use super::super::sessions::SessionBody;
use super::frames::push_rows;
use super::place::Place;
use crate::ids::TurnId;
use crate::repository::Changes;
use crate::turn::LiveText;

/// The place of a turn in which a reader goes on: see [`Place::turn`].
type TurnPlace = Option<(TurnId, u64)>;

/// The session as it is, with its newest messages: at most 50, and about 1 MiB.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SessionSnapshot")]
pub(in crate::http) struct SnapshotBody {
    session: SessionBody,
    messages: Vec<MessageBody>,
    active_turn: Option<ActiveTurn>,
    /// Leads to older messages in the session's list, when there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    revision: i64,
}

/// A message that was added or has changed, and the revision of that.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct MessageChange {
    message: MessageBody,
    revision: i64,
}

/// The session, and the revision that it was changed with.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct SessionChange {
    session: SessionBody,
    revision: i64,
}

/// Everything at once, as `subject` sees it.
pub(super) fn snapshot(subject: &str, changes: Changes, live: Option<LiveText>, turn: TurnPlace) -> Vec<u8> {
    let Changes {
        session,
        messages,
        writings,
        streaming,
        next_cursor,
        ..
    } = changes;
    let bodies = messages
        .into_iter()
        .map(|message| MessageBody::new(message, &writings));
    let mut messages: Vec<_> = bodies.collect();
    let active_turn = streaming
        .first()
        .map(|turn| ActiveTurn::new(turn, live, &mut messages));
    let revision = session.revision;
    let body = SnapshotBody {
        session: SessionBody::seen_by(subject, session),
        messages,
        active_turn,
        next_cursor: next_cursor.map(|place| place.to_string()),
        revision,
    };
    let mut frames = Vec::new();
    push_rows(Place { revision, turn }, "session-snapshot", &body, &mut frames);
    frames
}

/// Each row that has changed since a revision, messages in the order of the conversation. A frame's id is the revision
/// up to which nothing is missing then, so that a reader may be cut after any of them.
pub(super) fn changed(subject: &str, changes: Changes, since: i64, turn: TurnPlace) -> Vec<u8> {
    let Changes {
        session,
        messages,
        writings,
        ..
    } = changes;
    let session = Some(session).filter(|session| session.fields_revision > since);
    let rows = messages
        .iter()
        .map(|message| (message.created_revision, message.revision))
        .chain(session.iter().map(|session| (since, session.fields_revision)))
        .map(|(created, revision)| RowRevision::told_since(since, created, revision));
    let mut complete = complete_after_each(&rows.collect::<Vec<_>>()).into_iter();
    let mut place = |revision| Place {
        revision: complete.next().unwrap_or(revision),
        turn,
    };
    let mut frames = Vec::new();
    for message in messages {
        let revision = message.revision;
        let name = if message.created_revision > since {
            "message-created"
        } else {
            "message-updated"
        };
        let message = MessageBody::new(message, &writings);
        let body = MessageChange { message, revision };
        push_rows(place(revision), name, &body, &mut frames);
    }
    if let Some(session) = session {
        let revision = session.fields_revision;
        let session = SessionBody::seen_by(subject, session);
        let body = SessionChange { session, revision };
        push_rows(place(revision), "session-updated", &body, &mut frames);
    }
    frames
}

/// What a row means for a reader that has not been sent it yet.
#[derive(Clone, Copy)]
struct RowRevision {
    /// From this revision on the reader is missing something. A row that is new to it is missing since it was created:
    /// named as a change of a row that the reader does not have, it would be lost.
    missing_from: i64,
    revision: i64,
}

impl RowRevision {
    fn told_since(since: i64, created: i64, revision: i64) -> Self {
        let missing_from = if created > since { created } else { revision };
        Self {
            missing_from,
            revision,
        }
    }
}

/// For each of these rows, in the order in which they are sent: up to which revision nothing is missing after it.
fn complete_after_each(rows: &[RowRevision]) -> Vec<i64> {
    let last = rows.iter().map(|row| row.revision).max().unwrap_or(0);
    let mut missing = last + 1;
    let mut complete: Vec<_> = rows
        .iter()
        .rev()
        .map(|row| {
            let after = missing - 1;
            missing = missing.min(row.missing_from);
            after
        })
        .collect();
    complete.reverse();
    complete
}

#[cfg(test)]
mod tests {
    use super::{RowRevision, complete_after_each};

    fn complete(since: i64, rows: &[(i64, i64)]) -> Vec<i64> {
        let rows = rows
            .iter()
            .map(|(created, revision)| RowRevision::told_since(since, *created, *revision));
        complete_after_each(&rows.collect::<Vec<_>>())
    }

    #[test]
    fn a_reader_that_is_cut_between_rows_is_sent_the_missing_ones_again() {
        let changed = |revisions: &[i64]| {
            let rows = revisions.iter().map(|revision| (1, *revision));
            complete(1, &rows.collect::<Vec<_>>())
        };
        assert_eq!(changed(&[2, 3]), [2, 3]);
        assert_eq!(changed(&[2, 6, 4, 5]), [3, 3, 4, 6]);
        assert_eq!(changed(&[9, 8, 7]), [6, 6, 9]);
        assert_eq!(changed(&[]), [0; 0]);
    }

    #[test]
    fn a_row_that_is_new_to_a_reader_stays_new_until_it_is_sent() {
        // The second was created at 4 and changed at 12.
        assert_eq!(complete(3, &[(5, 5), (4, 12)]), [3, 12]);
        assert_eq!(complete(4, &[(5, 5), (4, 12)]), [11, 12]);
    }
}
