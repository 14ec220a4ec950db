//! `/sessions/{id}/messages` in the document.

use super::example;
use super::operation::{Operation, section};
use crate::http::messages::{ContentBody, MessageBody, MessagePageBody, NewMessageBody};
use crate::http::sessions::PageQuery;

const SESSION: &str = "The session.";
const MESSAGE: &str = "The message.";

pub(super) fn operations() -> Vec<Operation> {
    section(
        "messages",
        [
            list_messages(),
            add_message(),
            update_message(),
            regenerate_message(),
        ],
    )
}

fn list_messages() -> Operation {
    Operation::get( "/sessions/{id}/messages", "listMessages", "Read messages")
        .describe(
            "The newest messages, oldest first; the cursor leads to older ones. While a reply is being written, \
             `activeTurn` says where to follow it from.",
        )
        .id("id", SESSION)
        .query::<PageQuery>()
        .matching("cursor", "^[0-9]{1,15}$")
        .json::<MessagePageBody>(200, "A page of messages.")
        .fails(&["not-found"])
}

fn add_message() -> Operation {
    Operation::post("/sessions/{id}/messages", "addMessage", "Add a message")
        .describe("Adds a finished message without starting a turn.")
        .id("id", SESSION)
        .body::<NewMessageBody>(example::message())
        .json::<MessageBody>(201, "The message.")
        .fails(&[
            "not-found",
            "message-empty",
            "message-too-long",
            "invalid-text",
            "storage-full",
            "too-many-messages",
        ])
}

fn update_message() -> Operation {
    Operation::patch(
        "/sessions/{id}/messages/{messageId}",
        "updateMessage",
        "Change a message",
    )
    .describe("Replaces the text of a message that is not being written.")
    .id("id", SESSION)
    .id("messageId", MESSAGE)
    .body::<ContentBody>(example::content())
    .json::<MessageBody>(200, "The message as it is now.")
    .fails(&[
        "not-found",
        "message-streaming",
        "transcript-locked",
        "storage-full",
        "message-empty",
        "message-too-long",
        "invalid-text",
    ])
}

fn regenerate_message() -> Operation {
    let path = "/sessions/{id}/messages/{messageId}/regenerate";
    Operation::post(path, "regenerateMessage", "Have a message answered again")
        .describe("Starts a turn with a further reply. The old one stays as an alternative.")
        .id("id", SESSION)
        .id("messageId", "The learner's message, or a reply to it.")
        .idempotency_key()
        .starts_turn()
        .fails(&["not-continuable", "storage-full", "too-many-messages"])
}
