//! Every code that a problem can have, with its status and when it is given. docs/http-api.md has the same rows.

/// Code, status, meaning.
pub(super) const PROBLEMS: &[(&str, u16, &str)] = &[
    ("invalid-json", 400, "The body is not JSON."),
    ("json-too-deep", 400, "The body is nested deeper than 32."),
    (
        "json-too-long",
        400,
        "A list or an object of the body has more than 10,000 parts.",
    ),
    (
        "uri-too-long",
        414,
        "The path and its query are longer than 8 KiB.",
    ),
    (
        "unknown-host",
        421,
        "`Host` is not one that the service answers for.",
    ),
    ("headers-too-large", 431, "The header is larger than 32 KiB."),
    (
        "too-many-connections",
        503,
        "This connection is one too many; it is closed.",
    ),
    ("invalid-body", 400, "The body cannot be read."),
    ("invalid-id", 400, "An id in the path is not a UUID."),
    (
        "invalid-last-event-id",
        400,
        "The last event id is not a number that this service can have given.",
    ),
    ("unauthorized", 401, "No valid token."),
    (
        "cross-site",
        403,
        "A cookie, and a request that is not of this origin.",
    ),
    (
        "read-only",
        403,
        "The caller observes the session and does not own it.",
    ),
    ("too-many-observers", 409, "100 observe the session."),
    ("too-many-tickets", 429, "200 tickets wait to be used."),
    (
        "identity-provider-unavailable",
        503,
        "There are no keys to check a JWT with.",
    ),
    ("user-mismatch", 403, "`userId`, or `confirm`, is somebody else."),
    (
        "not-found",
        404,
        "There is no such thing, or it is another user's.",
    ),
    (
        "method-not-allowed",
        405,
        "The path does not take that method; `Allow` has those that it takes.",
    ),
    ("request-timeout", 408, "The body did not arrive within 10 s."),
    (
        "turn-running",
        409,
        "A reply is being written in this session; `Location` leads to it.",
    ),
    ("message-streaming", 409, "The message is being written."),
    (
        "not-continuable",
        409,
        "The reply has come to its end, or a newer turn goes on with it.",
    ),
    ("payload-too-large", 413, "The body is larger than 1 MiB."),
    (
        "message-too-long-for-model",
        413,
        "The message has more tokens than the model can read at once.",
    ),
    (
        "message-too-long",
        413,
        "The message has more than 131,072 characters.",
    ),
    (
        "unsupported-media-type",
        415,
        "The body is not `application/json`.",
    ),
    (
        "invalid-request",
        422,
        "A field, a query parameter or a key does not fit.",
    ),
    ("message-empty", 422, "The message is only white space."),
    (
        "provider-not-allowed",
        422,
        "There is no provider of that name that learners may choose.",
    ),
    (
        "parameter-not-allowed",
        422,
        "Learners may not choose that parameter of the provider.",
    ),
    ("invalid-text", 422, "The text has a NUL character."),
    (
        "idempotency-conflict",
        422,
        "The key was used for another request.",
    ),
    ("rate-limited", 429, "The user asks too often."),
    (
        "too-many-parallel-requests",
        429,
        "As many requests and streams of the user are open as may.",
    ),
    (
        "too-many-failures",
        429,
        "This address was wrong about who it is too often.",
    ),
    ("too-many-turns", 429, "As many turns of the user run as may."),
    ("tokens-spent", 429, "The user's tokens of this day are spent."),
    ("queue-full", 429, "Too many messages wait in this session."),
    ("rate-limited", 429, "The user asks too often."),
    (
        "too-many-parallel-requests",
        429,
        "As many requests and streams of the user are open as may.",
    ),
    (
        "too-many-failures",
        429,
        "This address was wrong about who it is too often.",
    ),
    ("too-many-turns", 429, "As many turns of the user run as may."),
    (
        "tokens-spent",
        429,
        "The user's tokens of this day (UTC) are spent.",
    ),
    ("internal", 500, "A fault of the server."),
    ("draining", 503, "The server is about to end."),
    ("overloaded", 503, "Too many replies are being written."),
    ("storage-unavailable", 503, "The database does not answer now."),
];

/// Status and meaning of a code.
pub(super) fn find(code: &str) -> Option<(u16, &'static str)> {
    let found = PROBLEMS.iter().find(|(known, ..)| *known == code);
    found.map(|(_, status, meaning)| (*status, *meaning))
}
