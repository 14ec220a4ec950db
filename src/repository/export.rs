//! All that is a user's, as lines of JSON, in pages: each is a read of its own, so that nothing is held open while a
//! slow client reads. Rows come in the order of an index, and each page begins where the last one ended: however much
//! there is, each row is looked at once.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteConnection};

use super::error::RepositoryError;
use super::page::PAGE_BYTES;

/// Most columns of a key.
const COLUMNS: usize = 4;

/// Where an export stands: behind this row of a part.
#[derive(Clone, Debug, Default)]
pub struct ExportPlace {
    part: usize,
    /// Whose rows are read, in a part whose rows have sessions.
    session: String,
    /// The key of the row that was read last; none before the first.
    after: Option<[String; COLUMNS]>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    session: String,
    #[diesel(sql_type = Text)]
    first: String,
    #[diesel(sql_type = Text)]
    second: String,
    #[diesel(sql_type = Text)]
    third: String,
    #[diesel(sql_type = Text)]
    fourth: String,
    #[diesel(sql_type = Text)]
    line: String,
}

/// One table: its name, whose its rows are, its key, and its columns as JSON.
struct Part {
    rows: &'static str,
    /// Their session; `None` where they name their owner, as `o.owner`.
    session: Option<&'static str>,
    /// With `session` or the owner, the columns of an index.
    key: &'static [&'static str],
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
        session: None,
        key: &["o.id"],
        line: concat!(
            "'type', 'session', 'id', o.id, 'title', o.title, 'subject', o.subject, 'learnerProfile', ",
            "json(o.learner_profile), 'revision', o.revision, 'createdAt', ",
            time!("o.created_at"),
            ", 'updatedAt', ",
            time!("o.updated_at")
        ),
    },
    Part {
        rows: "messages m",
        session: Some("m.session_id"),
        key: &["m.position"],
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
        rows: "turns t",
        session: Some("t.session_id"),
        key: &["t.created_at", "t.rowid"],
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
        rows: "turns t CROSS JOIN attempts a ON a.turn_id = t.id",
        session: Some("t.session_id"),
        key: &["t.created_at", "t.rowid", "a.number"],
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
        rows: "session_observers v",
        session: Some("v.session_id"),
        key: &["v.observer"],
        line: concat!(
            "'type', 'observer', 'sessionId', v.session_id, 'user', v.observer, 'createdAt', ",
            time!("v.created_at")
        ),
    },
    Part {
        rows: "session_focus f",
        session: Some("f.session_id"),
        key: &["f.version"],
        line: concat!(
            "'type', 'focus', 'sessionId', f.session_id, 'version', f.version, 'position', f.position, 'source', ",
            "f.source, 'plan', json(f.plan), 'createdAt', ",
            time!("f.created_at")
        ),
    },
    Part {
        rows: "session_summaries y",
        session: Some("y.session_id"),
        key: &["y.session_id"],
        line: concat!(
            "'type', 'summary', 'sessionId', y.session_id, 'position', y.position, 'summary', y.summary, ",
            "'createdAt', ",
            time!("y.created_at")
        ),
    },
    Part {
        rows: "learners o",
        session: None,
        key: &["o.owner"],
        line: concat!(
            "'type', 'profile', 'level', o.level, 'goals', o.goals, 'language', o.language, 'tracking', ",
            "json(iif(o.tracking, 'true', 'false')), 'updatedAt', ",
            time!("o.updated_at")
        ),
    },
    Part {
        rows: "learner_topics o",
        session: None,
        key: &["o.subject", "o.topic"],
        line: concat!(
            "'type', 'topic', 'subject', o.subject, 'topic', o.topic, 'mastery', o.mastery / 1000.0, 'evidence', ",
            "json(o.evidence), 'updatedAt', ",
            time!("o.updated_at")
        ),
    },
    Part {
        rows: "idempotency_keys o",
        session: None,
        key: &["o.key"],
        line: concat!(
            "'type', 'idempotency-key', 'key', o.key, 'turnId', o.turn_id, 'createdAt', ",
            time!("o.created_at")
        ),
    },
    Part {
        rows: "usage_days o",
        session: None,
        key: &["o.day", "o.provider", "o.model", "o.purpose"],
        line: "'type', 'usage', 'day', o.day, 'provider', o.provider, 'model', o.model, 'purpose', o.purpose, \
            'calls', o.calls, 'inputTokens', o.input_tokens, 'outputTokens', o.output_tokens",
    },
];

impl Part {
    /// Which rows of this part are still to be read, as one statement after another.
    fn statements(&self, owner: &str, place: &ExportPlace) -> Vec<Statement> {
        let whose = self.session.unwrap_or("o.owner");
        let rows = self.rows;
        let mut statements = Vec::new();
        if let Some(after) = &place.after {
            let key = self.key.join(", ");
            let binds = vec!["?"; self.key.len()].join(", ");
            let condition = format!("{whose} = ? AND ({key}) > ({binds})");
            let whose = if self.session.is_some() {
                &place.session
            } else {
                owner
            };
            let after = after.iter().take(self.key.len()).cloned();
            statements.push(Statement {
                sql: self.select(whose_column(self.session), (rows, &condition, &key)),
                binds: std::iter::once(whose.to_owned()).chain(after).collect(),
            });
        }
        let rest = match self.session {
            Some(session) => {
                let rows = format!("sessions o CROSS JOIN {rows}");
                let condition = format!("o.owner = ? AND o.id > ? AND {session} = o.id");
                let order = format!("o.id, {}", self.key.join(", "));
                Some((
                    self.select("o.id", (&rows, &condition, &order)),
                    vec![place.session.clone()],
                ))
            }
            None if place.after.is_none() => {
                let order = self.key.join(", ");
                Some((self.select("''", (rows, "o.owner = ?", &order)), Vec::new()))
            }
            None => None,
        };
        statements.extend(rest.map(|(sql, binds)| Statement {
            sql,
            binds: std::iter::once(owner.to_owned()).chain(binds).collect(),
        }));
        statements
    }

    fn select(&self, session: &str, (rows, condition, order): (&str, &str, &str)) -> String {
        let mut key = self.key.iter().copied().chain(std::iter::repeat("''"));
        let key = ["first", "second", "third", "fourth"].map(|name| {
            let column = key.next().unwrap_or("''");
            format!("CAST({column} AS TEXT) AS {name}")
        });
        let (key, line) = (key.join(", "), self.line);
        format!(
            "SELECT {session} AS session, {key}, json_object({line}) AS line FROM {rows} WHERE {condition} ORDER BY {order}"
        )
    }
}

fn whose_column(session: Option<&'static str>) -> &'static str {
    session.unwrap_or("''")
}

/// SQL and what is bound to it.
struct Statement {
    sql: String,
    binds: Vec<String>,
}

impl Statement {
    fn query(self) -> BoxedSqlQuery<'static, Sqlite, SqlQuery> {
        let query = diesel::sql_query(self.sql).into_boxed();
        let bind = |query: BoxedSqlQuery<'static, Sqlite, SqlQuery>, text| query.bind::<Text, String>(text);
        self.binds.into_iter().fold(query, bind)
    }
}

/// The lines of the next page, each ended by LF, and where the one after it begins; `None` at the end.
pub(super) fn page(
    connection: &mut SqliteConnection,
    owner: &str,
    place: &ExportPlace,
) -> Result<Option<(String, ExportPlace)>, RepositoryError> {
    let (mut lines, mut place) = (String::new(), place.clone());
    while let Some(part) = PARTS.get(place.part) {
        for statement in part.statements(owner, &place) {
            let rows = statement
                .query()
                .load_iter::<Row, DefaultLoadingMode>(connection)?;
            for row in rows {
                let row = row?;
                if !lines.is_empty() && lines.len() + row.line.len() > PAGE_BYTES {
                    return Ok(Some((lines, place)));
                }
                lines.push_str(&row.line);
                lines.push('\n');
                place.session = row.session;
                place.after = Some([row.first, row.second, row.third, row.fourth]);
            }
        }
        place = ExportPlace {
            part: place.part + 1,
            ..ExportPlace::default()
        };
    }
    Ok(Some((lines, place)).filter(|(lines, _)| !lines.is_empty()))
}

#[cfg(test)]
mod tests;
