//! Observers, tickets and the cookie in the document.

use super::example;
use super::operation::{Operation, section};
use super::text::User;
use crate::http::auth::LoginBody;
use crate::http::observers::ObserverList;
use crate::http::tickets::{TicketAnswer, TicketBody};

const SESSION: &str = "The session.";
const OBSERVER: &str = "Who may read it.";
const OBSERVERS: &str = "/sessions/{id}/observers";
const OBSERVED: &str = "/sessions/{id}/observers/{user}";

pub(super) fn operations() -> Vec<Operation> {
    section(
        "access",
        [
            list_observers(),
            add_observer(),
            remove_observer(),
            create_ticket(),
            log_in(),
            log_out(),
        ],
    )
}

fn list_observers() -> Operation {
    Operation::get(OBSERVERS, "listObservers", "List who may read a session")
        .id("id", SESSION)
        .json::<ObserverList>(200, "Who may read it.")
        .fails(&["read-only", "not-found"])
}

fn add_observer() -> Operation {
    Operation::put(OBSERVED, "addObserver", "Let another user read a session")
        .id("id", SESSION)
        .part::<User>("user", OBSERVER)
        .empty(204, "That user may read it and follow its turns.")
        .fails(&["invalid-request", "read-only", "not-found", "too-many-observers"])
}

fn remove_observer() -> Operation {
    Operation::delete(OBSERVED, "removeObserver", "Let a user no longer read a session")
        .describe("Streams that the user reads end.")
        .id("id", SESSION)
        .part::<User>("user", OBSERVER)
        .empty(204, "That user may not read it.")
        .fails(&["invalid-request", "read-only", "not-found"])
}

fn create_ticket() -> Operation {
    Operation::post("/stream-tickets", "createTicket", "Get a ticket for a stream")
        .describe("For `EventSource`, which cannot send headers. A ticket opens one path once, within 30 s.")
        .body::<TicketBody>(example::ticket())
        .json::<TicketAnswer<'_>>(201, "The ticket.")
        .with_header("Cache-Control", "`no-store`.")
        .fails(&["not-found", "too-many-tickets"])
}

fn log_in() -> Operation {
    Operation::post("/login", "logIn", "Put the token into a cookie")
        .describe("For pages of this origin. 404 when cookies are not configured.")
        .json::<LoginBody>(200, "The cookie is set.")
        .with_header("Set-Cookie", "The token, out of reach of scripts.")
        .fails(&["invalid-request", "not-found"])
}

fn log_out() -> Operation {
    Operation::post("/logout", "logOut", "Take the token out of the cookie")
        .empty(204, "The cookie is cleared.")
        .with_header("Set-Cookie", "No token.")
        .fails(&["cross-site", "not-found"])
}
