//! `/account` and `/export` in the document.

use super::example;
use super::operation::{Operation, section};
use crate::http::account::DeletionBody;

pub(super) fn operations() -> Vec<Operation> {
    section("account", [export(), delete_account()])
}

fn export() -> Operation {
    Operation::get("/export", "exportAccount", "Take all that is yours along")
        .describe(
            "Lines of JSON, each with a `type`: `export` (the first), `session`, `message`, `turn`, `reasoning`, `attempt`, \
             `observer`, `focus`, `summary`, `profile`, `topic`, `idempotency-key`, `usage`, `end` (the last). Without `end` it was cut.",
        )
        .text("application/x-ndjson", "The lines.")
        .with_header("Content-Disposition", "A name for the file.")
}

fn delete_account() -> Operation {
    Operation::delete("/account", "deleteAccount", "Delete all that is yours")
        .describe("Stops running turns and deletes everything but tokens, which are the operator's.")
        .body::<DeletionBody>(example::deletion())
        .empty(204, "It is gone.")
        .fails(&["user-mismatch"])
}
