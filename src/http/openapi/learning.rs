//! The session focus and the learner's profile in the document.

use super::example;
use super::operation::{Operation, section};
use crate::http::focus::{FocusBody, FocusPage};
use crate::http::profile::{ProfileBody, ProfileChangesBody};
use crate::http::sessions::PageQuery;

const SESSION: &str = "The session.";

pub(super) fn operations() -> Vec<Operation> {
    section(
        "learning",
        [get_focus(), list_focus_history(), get_profile(), update_profile()],
    )
}

fn get_focus() -> Operation {
    Operation::get("/sessions/{id}/focus", "getFocus", "See what a session works on")
        .describe("The newest plan; 404 while there is none.")
        .id("id", SESSION)
        .json::<FocusBody>(200, "The plan.")
        .fails(&["not-found"])
}

fn list_focus_history() -> Operation {
    Operation::get(
        "/sessions/{id}/focus/history",
        "listFocusHistory",
        "See what a session worked on",
    )
    .describe("All plans of the session, the newest first.")
    .id("id", SESSION)
    .query::<PageQuery>()
    .matching("cursor", "^[0-9]{1,18}$")
    .json::<FocusPage>(200, "A page of plans.")
    .fails(&["not-found"])
}

fn get_profile() -> Operation {
    Operation::get(
        "/profile",
        "getProfile",
        "See what is kept of the caller as a learner",
    )
    .json::<ProfileBody>(200, "The profile.")
}

fn update_profile() -> Operation {
    Operation::patch(
        "/profile",
        "updateProfile",
        "Correct what is kept of the caller as a learner",
    )
    .describe("Changes what is given; null empties a field. `tracking: false` deletes all topics.")
    .body::<ProfileChangesBody>(example::profile())
    .json::<ProfileBody>(200, "The profile as it is now.")
    .fails(&["invalid-text"])
}
