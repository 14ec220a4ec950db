use proptest::prelude::*;

use super::*;

fn text_delta(text: &str) -> Event {
    Event::TextDelta(TextOf {
        text: text.to_owned(),
    })
}

#[test]
fn a_frame_is_id_event_data_and_a_blank_line() {
    let mut bytes = Vec::new();
    text_delta("a\n\"b\"").encode(7, &mut bytes);
    assert_eq!(
        bytes,
        b"id: 7\nevent: text-delta\ndata: {\"text\":\"a\\n\\\"b\\\"\"}\n\n"
    );
}

#[test]
fn a_restart_voids_the_text_so_far() {
    let mut bytes = Vec::new();
    text_delta("void").encode(1, &mut bytes);
    Event::AttemptStart(AttemptStart {
        attempt: 2,
        mode: AttemptMode::Restart,
        provider: "p".into(),
        model: "m".into(),
        reason: "requested",
    })
    .encode(2, &mut bytes);
    text_delta("good").encode(3, &mut bytes);
    assert_eq!(text_of(&bytes), "good");
}

proptest! {
    /// No text can end a frame early or forge another.
    #[test]
    fn any_text_is_one_frame_and_comes_back(parts in prop::collection::vec(any::<String>(), 1..5)) {
        let mut bytes = Vec::new();
        text_delta(&parts[0]).encode(1, &mut bytes);
        for part in &parts[1..] {
            Event::merge_text(part, &mut bytes);
        }
        prop_assert_eq!(frames(&bytes).count(), 1);
        prop_assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 4);
        prop_assert!(!bytes.contains(&b'\r'));
        prop_assert_eq!(text_of(&bytes), parts.concat());
    }
}
