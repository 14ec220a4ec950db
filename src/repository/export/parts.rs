//! What an export has, table by table, in the order of its lines.

/// One table: its name, whose its rows are, its key, and its columns as JSON.
pub(super) struct Part {
    pub(super) rows: &'static str,
    /// Their session; `None` where they name their owner, as `o.owner`.
    pub(super) session: Option<&'static str>,
    /// With `session` or the owner, the columns of an index.
    pub(super) key: &'static [&'static str],
    pub(super) line: &'static str,
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

pub(super) const PARTS: &[Part] = &[
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
            "'replyTo', m.reply_to, 'clientMessageId', m.client_message_id, 'source', m.source, 'edited', ",
            "json(iif(m.edited, 'true', 'false')), 'createdAt', ",
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
        rows: "turns t CROSS JOIN turn_reasoning r ON r.turn_id = t.id",
        session: Some("t.session_id"),
        key: &["t.created_at", "t.rowid"],
        line: "'type', 'reasoning', 'turnId', r.turn_id, 'messageId', t.message_id, 'text', r.reasoning",
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
        rows: "session_readers r",
        session: Some("r.session_id"),
        key: &["r.reader"],
        line: concat!(
            "'type', 'reader', 'sessionId', r.session_id, 'user', r.reader, 'firstReadAt', ",
            time!("r.first_read_at"),
            ", 'lastReadAt', ",
            time!("r.last_read_at")
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
