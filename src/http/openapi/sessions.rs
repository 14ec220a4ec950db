//! `/sessions` in the document.

use super::operation::{Operation, section};
use super::{example, feed};
use crate::http::sessions::{SessionBody, SessionFieldsBody, SessionPage, SessionQuery};

/// A time in milliseconds and an id.
const CURSOR: &str = r"^[0-9]{1,15}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";

pub(super) fn operations() -> Vec<Operation> {
    section(
        "sessions",
        [
            list_sessions(),
            create_session(),
            get_session(),
            update_session(),
            delete_session(),
            feed::follow_session(),
        ],
    )
}

fn list_sessions() -> Operation {
    Operation::get("/sessions", "listSessions", "List sessions")
        .describe("The caller's sessions, the one that changed last first.")
        .query::<SessionQuery>()
        .matching("cursor", CURSOR)
        .json::<SessionPage>(200, "A page of sessions.")
        .leads_to("listSessions", "cursor", "$response.body#/nextCursor")
}

fn create_session() -> Operation {
    Operation::post("/sessions", "createSession", "Create a session")
        .body::<SessionFieldsBody>(example::session_fields())
        .json::<SessionBody>(201, "The new session.")
        .with_header("Location", "The session's path.")
        .leads_to("getSession", "id", "$response.body#/id")
        .leads_to("updateSession", "id", "$response.body#/id")
        .leads_to("deleteSession", "id", "$response.body#/id")
        .leads_to("listMessages", "id", "$response.body#/id")
        .leads_to("addMessage", "id", "$response.body#/id")
        .fails(&["invalid-text", "storage-full", "too-many-sessions"])
}

fn get_session() -> Operation {
    Operation::get("/sessions/{id}", "getSession", "Look at a session")
        .id("id", "The session.")
        .json::<SessionBody>(200, "The session.")
        .fails(&["not-found"])
}

fn update_session() -> Operation {
    Operation::patch("/sessions/{id}", "updateSession", "Change a session")
        .describe("Changes the fields that are given; null leaves a field as it is.")
        .id("id", "The session.")
        .body::<SessionFieldsBody>(example::session_fields())
        .json::<SessionBody>(200, "The session as it is now.")
        .fails(&["not-found", "invalid-text", "storage-full"])
}

fn delete_session() -> Operation {
    Operation::delete("/sessions/{id}", "deleteSession", "Delete a session")
        .describe("Stops running turns, then deletes messages, turns, events and keys.")
        .id("id", "The session.")
        .empty(204, "It is gone.")
        .leads_to("getSession", "id", "$request.path.id")
        .fails(&["not-found"])
}
