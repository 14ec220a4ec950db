//! All that is a user's, as lines of JSON, in pages: each is a read of its own, so that nothing is held open while a
//! slow client reads.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;

/// Rows of a page: a message or the text of an attempt has up to 2 MiB.
const PAGE: i64 = 16;

/// Where an export stands.
#[derive(Clone, Debug, Default)]
pub struct ExportPlace {
    part: usize,
    after: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    line: String,
}

/// One table: its name, its key as text, and its columns as JSON. `o` is the row that has the owner.
struct Part {
    rows: &'static str,
    key: &'static str,
    line: &'static str,
}

macro_rules! time {
    ($column:literal) => {
        concat!(
            "strftime('%Y-%m-%dT%H:%M:%fZ', ",
            $column,
            " / 1000.0, 'unixepoch')"
        )
    };
}

const PARTS: &[Part] = &[
    Part {
        rows: "sessions o",
        key: "o.id",
        line: concat!(
            "'type', 'session', 'id', o.id, 'title', o.title, 'subject', o.subject, 'learnerProfile', ",
            "json(o.learner_profile), 'revision', o.revision, 'createdAt', ",
            time!("o.created_at"),
            ", 'updatedAt', ",
            time!("o.updated_at")
        ),
    },
    Part {
        rows: "sessions o JOIN messages m ON m.session_id = o.id",
        key: "o.id || printf('/%015d', m.position)",
        line: concat!(
            "'type', 'message', 'id', m.id, 'sessionId', m.session_id, 'position', m.position, 'role', m.role, ",
            "'content', m.content, 'status', m.status, 'finishReason', m.finish_reason, 'errorCode', m.error_code, ",
            "'inputTokens', m.input_tokens, 'outputTokens', m.output_tokens, 'usageSource', m.usage_source, ",
            "'replyTo', m.reply_to, 'clientMessageId', m.client_message_id, 'createdAt', ",
            time!("m.created_at"),
            ", 'updatedAt', ",
            time!("m.updated_at")
        ),
    },
    Part {
        rows: "sessions o JOIN turns t ON t.session_id = o.id",
        key: "o.id || '/' || t.id",
        line: concat!(
            "'type', 'turn', 'id', t.id, 'sessionId', t.session_id, 'userMessageId', t.user_message_id, ",
            "'messageId', t.message_id, 'status', t.status, 'provider', t.provider, 'model', t.model, ",
            "'finishReason', t.finish_reason, 'errorCode', t.error_code, 'inputTokens', t.input_tokens, ",
            "'outputTokens', t.output_tokens, 'usageSource', t.usage_source, 'createdAt', ",
            time!("t.created_at"),
            ", 'endedAt', ",
            time!("t.ended_at")
        ),
    },
    Part {
        rows: "sessions o JOIN turns t ON t.session_id = o.id JOIN turn_reasoning r ON r.turn_id = t.id",
        key: "o.id || '/' || t.id",
        line: "'type', 'reasoning', 'turnId', r.turn_id, 'messageId', t.message_id, 'text', r.reasoning",
    },
    Part {
        rows: "sessions o JOIN turns t ON t.session_id = o.id JOIN attempts a ON a.turn_id = t.id",
        key: "o.id || '/' || t.id || printf('/%010d', a.number)",
        line: concat!(
            "'type', 'attempt', 'turnId', a.turn_id, 'number', a.number, 'provider', a.provider, 'model', a.model, ",
            "'mode', a.mode, 'outcome', a.outcome, 'text', iif(a.text_in_log, NULL, a.text), 'inputTokens', a.input_tokens, ",
            "'outputTokens', a.output_tokens, 'usageSource', a.usage_source, 'startedAt', ",
            time!("a.started_at"),
            ", 'endedAt', ",
            time!("a.ended_at")
        ),
    },
    Part {
        rows: "sessions o JOIN session_observers v ON v.session_id = o.id",
        key: "o.id || '/' || v.observer",
        line: concat!(
            "'type', 'observer', 'sessionId', v.session_id, 'user', v.observer, 'createdAt', ",
            time!("v.created_at")
        ),
    },
    Part {
        rows: "sessions o JOIN session_focus f ON f.session_id = o.id",
        key: "o.id || printf('/%015d', f.version)",
        line: concat!(
            "'type', 'focus', 'sessionId', f.session_id, 'version', f.version, 'position', f.position, 'source', ",
            "f.source, 'plan', json(f.plan), 'createdAt', ",
            time!("f.created_at")
        ),
    },
    Part {
        rows: "sessions o JOIN session_summaries y ON y.session_id = o.id",
        key: "o.id",
        line: concat!(
            "'type', 'summary', 'sessionId', y.session_id, 'position', y.position, 'summary', y.summary, ",
            "'createdAt', ",
            time!("y.created_at")
        ),
    },
    Part {
        rows: "learners o",
        key: "o.owner",
        line: concat!(
            "'type', 'profile', 'level', o.level, 'goals', o.goals, 'language', o.language, 'tracking', ",
            "json(iif(o.tracking, 'true', 'false')), 'updatedAt', ",
            time!("o.updated_at")
        ),
    },
    Part {
        rows: "learner_topics o",
        // A separator that no topic has keeps the order of pairs.
        key: "o.subject || char(31) || o.topic",
        line: concat!(
            "'type', 'topic', 'subject', o.subject, 'topic', o.topic, 'mastery', o.mastery / 1000.0, 'evidence', ",
            "json(o.evidence), 'updatedAt', ",
            time!("o.updated_at")
        ),
    },
    Part {
        rows: "idempotency_keys o",
        key: "o.key",
        line: concat!(
            "'type', 'idempotency-key', 'key', o.key, 'turnId', o.turn_id, 'createdAt', ",
            time!("o.created_at")
        ),
    },
    Part {
        rows: "usage_days o",
        key: "o.day || '/' || o.provider || '/' || o.model || '/' || o.purpose",
        line: "'type', 'usage', 'day', o.day, 'provider', o.provider, 'model', o.model, 'purpose', o.purpose, \
            'calls', o.calls, 'inputTokens', o.input_tokens, 'outputTokens', o.output_tokens",
    },
];

/// The lines of the next page, each ended by LF, and where the one after it begins; `None` at the end.
pub(super) fn page(
    connection: &mut SqliteConnection,
    owner: &str,
    place: &ExportPlace,
) -> Result<Option<(String, ExportPlace)>, RepositoryError> {
    let Some(Part { rows, key, line }) = PARTS.get(place.part) else {
        return Ok(None);
    };
    let query = format!(
        "SELECT {key} AS key, json_object({line}) AS line FROM {rows} WHERE o.owner = ? AND {key} > ? ORDER BY 1 LIMIT ?"
    );
    let found = diesel::sql_query(query)
        .bind::<Text, _>(owner)
        .bind::<Text, _>(&place.after)
        .bind::<BigInt, _>(PAGE)
        .load::<Row>(connection)?;
    let next = match found.last() {
        Some(last) => ExportPlace {
            part: place.part,
            after: last.key.clone(),
        },
        None => ExportPlace {
            part: place.part + 1,
            after: String::new(),
        },
    };
    let lines = found.into_iter().map(|row| row.line + "\n").collect();
    Ok(Some((lines, next)))
}

#[cfg(test)]
mod tests;
