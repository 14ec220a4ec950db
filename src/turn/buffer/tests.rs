use super::*;

fn numbers(bytes: &[u8]) -> Vec<u64> {
    event::frames(bytes).map(|frame| frame.number).collect()
}

fn text(buffer: &mut Buffer, text: &str) {
    buffer.push_text(TextKind::Reply, text.to_owned());
}

#[test]
fn text_merges_until_the_writer_has_taken_it() {
    let (mut buffer, mut batch) = (Buffer::default(), Vec::new());
    text(&mut buffer, "a");
    text(&mut buffer, "b");
    assert!(buffer.take_into(TurnId::new(), &mut batch));
    text(&mut buffer, "c");
    assert_eq!(buffer.last_number(), 2);
    buffer.set_stored();
    assert_eq!(buffer.stored().number, 1);
    assert_eq!(event::text_of(&buffer.read(0, 1_000).unwrap()), "ab");
}

#[test]
fn a_log_that_goes_on_ends_before_its_gap_until_more_is_stored() {
    let from = Resumption {
        offset: 500,
        number: 7,
        gaps: vec![Gap { after: 7, last: 107 }],
    };
    let mut buffer = Buffer::new(from);
    assert_eq!((buffer.stored().number, buffer.stored().offset), (7, 500));
    text(&mut buffer, "a");
    buffer.take_into(TurnId::new(), &mut Vec::new());
    assert_eq!(buffer.stored().number, 7);
    buffer.set_stored();
    assert_eq!(buffer.stored().number, 108);
}

#[test]
fn numbers_in_any_gap_are_unknown_and_others_up_to_the_stored_one_known() {
    let gaps = vec![
        Gap { after: 0, last: 9 },
        Gap { after: 12, last: 40 },
        Gap { after: 45, last: 99 },
    ];
    let from = Resumption {
        offset: 500,
        number: 45,
        gaps,
    };
    let mut buffer = Buffer::new(from);
    let mut known = vec![0, 10, 11, 12, 41, 42, 43, 44, 45];
    let all = |buffer: &Buffer| {
        (0..300)
            .filter(|number| buffer.knows(*number))
            .collect::<Vec<_>>()
    };
    assert_eq!((buffer.stored().number, all(&buffer)), (45, known.clone()));
    text(&mut buffer, "a");
    buffer.take_into(TurnId::new(), &mut Vec::new());
    buffer.set_stored();
    known.push(100);
    assert_eq!((buffer.stored().number, all(&buffer)), (100, known));
    assert_eq!(
        buffer.offset_after(45),
        Some(500),
        "the next event is the one after the gap"
    );
    assert_eq!(buffer.offset_after(12), None, "what came before is in segments");
}

#[test]
fn a_log_that_goes_on_after_what_came_behind_its_last_gap_goes_on_with_the_next_number() {
    let from = Resumption {
        offset: 500,
        number: 12,
        gaps: vec![Gap { after: 3, last: 9 }],
    };
    let mut buffer = Buffer::new(from);
    assert_eq!((buffer.stored().number, buffer.last_number()), (12, 12));
    text(&mut buffer, "a");
    assert_eq!(buffer.last_number(), 13);
}

#[test]
fn other_kinds_of_events_do_not_merge() {
    let mut buffer = Buffer::default();
    text(&mut buffer, "a");
    buffer.push_text(TextKind::Reasoning, "hm".to_owned());
    text(&mut buffer, "b");
    assert_eq!(buffer.last_number(), 3);
}

#[test]
fn nothing_is_read_before_it_is_stored_and_what_is_not_stored_is_taken_again() {
    let (mut buffer, mut first, mut second) = (Buffer::default(), Vec::new(), Vec::new());
    let turn_id = TurnId::new();
    text(&mut buffer, "a");
    assert!(buffer.take_into(turn_id, &mut first));
    assert_eq!(buffer.read(0, 1_000).unwrap(), b"");
    buffer.undo();
    assert!(buffer.take_into(turn_id, &mut second));
    assert_eq!(first, second);
}

#[test]
fn the_end_of_a_log_stands_in_no_segment_without_its_turns_outcome() {
    let mut buffer = Buffer::default();
    text(&mut buffer, "a");
    buffer.take_into(TurnId::new(), &mut Vec::new());
    buffer.set_stored();
    text(&mut buffer, "b");
    buffer.ended = true;
    let aged = buffer.take_segment(false).unwrap();
    assert_eq!((aged.last, buffer.take_segment(false).is_none()), (1, true));
    buffer.set_stored();
    assert!(!buffer.stored().ended, "nobody is shown the end");
    assert_eq!(buffer.take_segment(true).unwrap().last, 2);
    buffer.set_stored();
    assert!(buffer.stored().ended);
}

#[test]
fn a_long_log_leaves_the_memory_in_segments_and_keeps_its_end() {
    let mut buffer = Buffer::default();
    let mut segments = Vec::new();
    for round in 0..2_000 {
        buffer.push_text([TextKind::Reply, TextKind::Reasoning][round % 2], "x".repeat(300));
        if buffer.wants_segment() {
            segments.push(buffer.take_segment(false).unwrap());
            buffer.set_stored();
        }
    }
    let last = segments.last().unwrap();
    assert!(segments.len() >= 2 && buffer.bytes.len() < 2 * SEGMENT_BYTES);
    assert!(segments.windows(2).all(|pair| pair[0].last + 1 == pair[1].first));
    assert_eq!(buffer.offset_after(1), None);
    let offset = buffer.offset_after(last.last - 5).unwrap();
    assert_eq!(
        numbers(&buffer.read(offset, 1_000_000).unwrap()).first(),
        Some(&(last.last - 4))
    );
}

#[test]
fn a_reader_gets_whole_frames_even_if_one_is_longer_than_its_limit() {
    let (mut buffer, mut batch) = (Buffer::default(), Vec::new());
    text(&mut buffer, &"x".repeat(5_000));
    buffer.push_text(TextKind::Reasoning, "y".to_owned());
    buffer.take_into(TurnId::new(), &mut batch);
    buffer.set_stored();
    let end = buffer.stored().offset;
    let first = buffer.read(0, 100).unwrap();
    assert_eq!(numbers(&first), [1]);
    let second = buffer.read(first.len() as u64, 100).unwrap();
    assert_eq!(
        (numbers(&second), first.len() as u64 + second.len() as u64),
        (vec![2], end)
    );
}

#[test]
fn a_segment_has_a_bound_however_much_waits() {
    let mut buffer = Buffer::default();
    for round in 0..100 {
        buffer.push_text(
            [TextKind::Reply, TextKind::Reasoning][round % 2],
            "x".repeat(20_000),
        );
    }
    buffer.push_text(TextKind::Reply, "y".repeat(2 * SEGMENT_BYTES));
    buffer.push_text(TextKind::Reasoning, "z".to_owned());
    let all = buffer.bytes.clone();
    let segments: Vec<_> = std::iter::from_fn(|| buffer.take_segment(false)).collect();
    buffer.set_stored();
    assert_eq!(buffer.stored().number, 102);
    let long = segments
        .iter()
        .filter(|segment| segment.frames.len() > SEGMENT_BYTES);
    assert_eq!(
        long.map(|segment| (segment.first, segment.last))
            .collect::<Vec<_>>(),
        [(101, 101)]
    );
    for segment in &segments {
        let numbers = numbers(&segment.frames);
        assert_eq!(
            (numbers.first(), numbers.last()),
            (Some(&segment.first), Some(&segment.last))
        );
    }
    let together: Vec<u8> = segments.into_iter().flat_map(|segment| segment.frames).collect();
    assert_eq!(together, all);
}
