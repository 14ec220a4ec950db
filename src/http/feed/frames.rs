//! The frames of a feed: rows as JSON, and the frames of a turn with their place in the feed.

use std::io::Write;

use serde::Serialize;

use super::place::Place;
use crate::ids::TurnId;
use crate::turn::event;

/// The last frame of a feed whose session is gone.
pub(super) const DELETED: &[u8] = b"event: session-deleted\ndata: {}\n\n";

/// Appends an event whose data are rows.
pub(super) fn push_rows(place: Place, name: &str, data: &impl Serialize, frames: &mut Vec<u8>) {
    // Writing to a Vec cannot fail, and neither can serialising these types.
    let _ = write!(frames, "id: {place}\nevent: {name}\ndata: ");
    let _ = serde_json::to_writer(&mut *frames, data);
    frames.extend_from_slice(b"\n\n");
}

/// A frame that passes, as it stands in a feed: its data say which turn it is about, if it is about one.
pub(super) fn passing(turn_id: Option<TurnId>, frame: &[u8]) -> Vec<u8> {
    const DATA: &[u8] = b"\ndata: {";
    let (Some(turn_id), Some(at)) = (turn_id, memchr::memmem::find(frame, DATA)) else {
        return frame.to_vec();
    };
    let (head, fields) = frame.split_at(at + DATA.len());
    let comma = if fields.starts_with(b"}") { "" } else { "," };
    let named = format!("\"turnId\":\"{turn_id}\"{comma}");
    [head, named.as_bytes(), fields].concat()
}

/// The frames of a turn as they stand in a feed that has sent the rows up to `revision`: their data say which turn and
/// which of its events they are.
pub(super) fn of_turn(revision: i64, turn_id: TurnId, log: &[u8]) -> Vec<u8> {
    const ADDED: usize = 150;
    let named = format!("\"turnId\":\"{turn_id}\",");
    let mut frames = Vec::with_capacity(log.len() + event::frames(log).count() * ADDED);
    for event::Frame {
        number, name, data, ..
    } in event::frames(log)
    {
        let place = Place {
            revision,
            turn: Some((turn_id, number)),
        };
        // Every event has fields. `turn-start` says by itself which turn it begins.
        let fields = data.strip_prefix('{').unwrap_or(data);
        let named = if fields.starts_with(&named) {
            ""
        } else {
            named.as_str()
        };
        let _ = write!(
            frames,
            "id: {place}\nevent: {name}\ndata: {{\"eventId\":{number},{named}{fields}\n\n"
        );
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passing_frame_says_which_turn_it_is_about_with_fields_and_without() {
        let turn_id = TurnId::new();
        let told = |frame: &str| String::from_utf8(passing(Some(turn_id), frame.as_bytes())).expect("text");
        assert_eq!(
            told("event: retrying\ndata: {\"inMs\":5}\n\n"),
            format!("event: retrying\ndata: {{\"turnId\":\"{turn_id}\",\"inMs\":5}}\n\n")
        );
        assert_eq!(
            told("event: storage-degraded\ndata: {}\n\n"),
            format!("event: storage-degraded\ndata: {{\"turnId\":\"{turn_id}\"}}\n\n")
        );
    }
}
