//! What a request may say, whatever it is: bodies and last event ids.

use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::account::DeletionBody;
use super::body;
use super::chat::ChatBody;
use super::feed::Place;
use super::json_shape::DEEPEST;
use super::messages::{ContentBody, NewMessageBody};
use super::profile::ProfileChangesBody;
use super::sessions::SessionFieldsBody;
use super::tickets::TicketBody;
use super::turns::last_event_id as turn_event_id;

/// A body that is taken is an object, not too deep, and has no field that its schema does not have.
pub fn json_request(input: &[u8]) {
    check::<ChatBody>(input);
    check::<SessionFieldsBody>(input);
    check::<NewMessageBody>(input);
    check::<ContentBody>(input);
    check::<ProfileChangesBody>(input);
    check::<TicketBody>(input);
    check::<DeletionBody>(input);
}

fn check<T: DeserializeOwned + JsonSchema>(input: &[u8]) {
    if body::parse::<T>(input).is_err() {
        return;
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(input) else {
        panic!("{} is no object", String::from_utf8_lossy(input))
    };
    let schema = schema_for!(T);
    for name in fields.keys() {
        assert!(
            schema.pointer(&format!("/properties/{name}")).is_some(),
            "{name} is no field"
        );
    }
    assert!(depth(&Value::Object(fields)) <= DEEPEST, "it is too deep");
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(parts) => 1 + parts.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// An id that is taken stands for one place, and that place is written with as many digits at most.
pub fn last_event_id(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(number) = turn_event_id(Some(text.to_owned())) {
        let digits = text.trim_start_matches('0');
        assert_eq!(if digits.is_empty() { "0" } else { digits }, number.to_string());
    }
    if let Ok(place) = text.parse::<Place>() {
        let written = place.to_string();
        assert_eq!(written.parse::<Place>().ok(), Some(place), "{text}");
        assert!(written.len() <= text.len(), "{text} is {written}");
        assert!(place.revision >= 0, "{text}");
    }
}
