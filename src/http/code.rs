//! Every code that a problem can have, with its status and when it is given. No answer can have another one, and a
//! test holds this list against `docs/http-api.md`.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($name:ident, $text:literal, $status:ident, $meaning:literal;)*) => {
        /// Which problem it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            pub(super) const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable word for programs.
            pub(super) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            pub(super) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }

            /// When it is given, for people.
            pub(super) const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                }
            }
        }
    };
}

codes! {
    InvalidJson, "invalid-json", BAD_REQUEST, "The body is not JSON.";
    InvalidBody, "invalid-body", BAD_REQUEST, "The body cannot be read.";
    JsonTooDeep, "json-too-deep", BAD_REQUEST, "The body is nested deeper than 32.";
    JsonTooLong, "json-too-long", BAD_REQUEST, "A list or an object of the body has more than 10,000 parts.";
    InvalidId, "invalid-id", BAD_REQUEST, "An id in the path is not a UUID.";
    InvalidLastEventId, "invalid-last-event-id", BAD_REQUEST,
        "The last event id is not a number that this service can have given.";
    Unauthorized, "unauthorized", UNAUTHORIZED, "No valid token.";
    CrossSite, "cross-site", FORBIDDEN,
        "A page of another origin sent this, with a cookie or without authentication.";
    ReadOnly, "read-only", FORBIDDEN, "The caller observes the session and does not own it.";
    UserMismatch, "user-mismatch", FORBIDDEN, "`userId`, or `confirm`, is somebody else.";
    NotFound, "not-found", NOT_FOUND, "There is no such thing, or it is another user's.";
    MethodNotAllowed, "method-not-allowed", METHOD_NOT_ALLOWED,
        "The path does not take that method; `Allow` has those that it takes.";
    RequestTimeout, "request-timeout", REQUEST_TIMEOUT, "The body did not arrive within 10 s.";
    TurnRunning, "turn-running", CONFLICT, "A reply is being written in this session; `Location` leads to it.";
    MessageStreaming, "message-streaming", CONFLICT, "The message is being written.";
    TranscriptLocked, "transcript-locked", CONFLICT,
        "A reply cannot be edited: the session has a named observer, or `locked_transcripts` is on.";
    AccountLeaving, "account-leaving", CONFLICT, "All that is the user's is being deleted.";
    StorageFull, "storage-full", CONFLICT,
        "The user stores as many bytes as may be, those included that are held for replies being written.";
    TooManySessions, "too-many-sessions", CONFLICT, "The user has as many sessions as may be.";
    TooManyMessages, "too-many-messages", CONFLICT, "The user has as many messages as may be.";
    TooManyObservers, "too-many-observers", CONFLICT, "100 observe the session.";
    NotContinuable, "not-continuable", CONFLICT, "The reply has come to its end, or a newer turn goes on with it.";
    PayloadTooLarge, "payload-too-large", PAYLOAD_TOO_LARGE, "The body is larger than 1 MiB.";
    MessageTooLong, "message-too-long", PAYLOAD_TOO_LARGE, "The message has more than 131,072 characters.";
    MessageTooLongForModel, "message-too-long-for-model", PAYLOAD_TOO_LARGE,
        "The message has more tokens than the model can read at once.";
    UriTooLong, "uri-too-long", URI_TOO_LONG, "The path and its query are longer than 8 KiB.";
    UnsupportedMediaType, "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body is not `application/json`.";
    UnknownHost, "unknown-host", MISDIRECTED_REQUEST, "`Host` is not one that the service answers for.";
    InvalidRequest, "invalid-request", UNPROCESSABLE_ENTITY, "A field, a query parameter or a key does not fit.";
    MessageEmpty, "message-empty", UNPROCESSABLE_ENTITY, "The message is only white space.";
    ProviderNotAllowed, "provider-not-allowed", UNPROCESSABLE_ENTITY,
        "There is no provider of that name that learners may choose.";
    ParameterNotAllowed, "parameter-not-allowed", UNPROCESSABLE_ENTITY,
        "Learners may not choose that parameter of the provider.";
    InvalidText, "invalid-text", UNPROCESSABLE_ENTITY, "The text has a NUL character.";
    IdempotencyConflict, "idempotency-conflict", UNPROCESSABLE_ENTITY, "The key was used for another request.";
    TooManyTickets, "too-many-tickets", TOO_MANY_REQUESTS, "200 tickets wait to be used.";
    QueueFull, "queue-full", TOO_MANY_REQUESTS, "Too many messages wait in this session.";
    RateLimited, "rate-limited", TOO_MANY_REQUESTS, "The user asks too often.";
    TooManyParallelRequests, "too-many-parallel-requests", TOO_MANY_REQUESTS,
        "As many requests and streams of the user are open as may.";
    TooManyUnread, "too-many-unread", TOO_MANY_REQUESTS,
        "Answers of the user that nobody reads take all the memory that they may.";
    TooManyFailures, "too-many-failures", TOO_MANY_REQUESTS, "This address was wrong about who it is too often.";
    TooManyTurns, "too-many-turns", TOO_MANY_REQUESTS, "As many turns of the user run as may.";
    TokensSpent, "tokens-spent", TOO_MANY_REQUESTS, "The user's tokens of this day (UTC) are spent, or held for replies that are being written.";
    HeadersTooLarge, "headers-too-large", REQUEST_HEADER_FIELDS_TOO_LARGE, "The header is larger than 32 KiB.";
    Internal, "internal", INTERNAL_SERVER_ERROR, "A fault of the server.";
    IdentityProviderUnavailable, "identity-provider-unavailable", SERVICE_UNAVAILABLE,
        "There are no keys to check a JWT with.";
    Draining, "draining", SERVICE_UNAVAILABLE, "The server is about to end.";
    Overloaded, "overloaded", SERVICE_UNAVAILABLE, "Too many replies are being written.";
    TooManyConnections, "too-many-connections", SERVICE_UNAVAILABLE,
        "This connection is one too many; it is closed.";
    StorageUnavailable, "storage-unavailable", SERVICE_UNAVAILABLE, "The database does not answer now.";
}

impl Code {
    /// Whether a limit refuses with it, rather than something that is wrong with the request.
    pub(super) fn is_limit(self) -> bool {
        let stores = [
            Self::StorageFull,
            Self::TooManySessions,
            Self::TooManyMessages,
            Self::TooManyObservers,
            Self::Overloaded,
            Self::TooManyConnections,
        ];
        self.status() == StatusCode::TOO_MANY_REQUESTS || stores.contains(&self)
    }

    /// The code that is written so.
    pub(super) fn find(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}
