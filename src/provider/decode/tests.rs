mod fixtures;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use fixtures::FIXTURES;

/// Name and data of the events, in order, and the error that ended them.
type Read = (Vec<(String, String)>, Option<DecodeError>);

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut decoder = SseDecoder::new();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(Bytes::copy_from_slice(piece));
        loop {
            match decoder.next_event() {
                Ok(Some(event)) => events.push((event.name.to_owned(), event.data.to_owned())),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
    }
    (events, None)
}

fn owned(events: &[(&str, &str)]) -> Vec<(String, String)> {
    events
        .iter()
        .map(|(name, data)| ((*name).to_owned(), (*data).to_owned()))
        .collect()
}

#[test]
fn every_rule_has_its_events() {
    for (rule, document, events) in FIXTURES {
        assert_eq!(read([*document]), (owned(events), None), "{rule}");
    }
}

#[test]
fn every_split_has_the_same_events() {
    for (rule, document, events) in FIXTURES {
        let expected = (owned(events), None);
        assert_eq!(read(document.chunks(1)), expected, "{rule}: byte by byte");
        for first in 0..=document.len() {
            for second in first..=document.len() {
                let pieces = [&document[..first], &document[first..second], &document[second..]];
                assert_eq!(read(pieces), expected, "{rule}: split at {first} and {second}");
            }
        }
    }
}

#[test]
fn bytes_may_be_pushed_before_the_ones_before_are_read() {
    for (rule, document, events) in FIXTURES {
        for at in 0..=document.len() {
            let mut decoder = SseDecoder::new();
            decoder.push(Bytes::from_static(&document[..at]));
            let mut found = Vec::new();
            if let Some(event) = decoder.next_event().unwrap() {
                found.push((event.name.to_owned(), event.data.to_owned()));
            }
            decoder.push(Bytes::from_static(&document[at..]));
            while let Some(event) = decoder.next_event().unwrap() {
                found.push((event.name.to_owned(), event.data.to_owned()));
            }
            assert_eq!(found, owned(events), "{rule}: {at}");
        }
    }
}

#[test]
fn an_event_comes_with_the_carriage_return_that_ends_it() {
    let mut decoder = SseDecoder::new();
    decoder.push(Bytes::from_static(b"data: a\r\n\r"));
    assert_eq!(
        decoder
            .next_event()
            .unwrap()
            .map(|event| event.data.to_owned())
            .as_deref(),
        Some("a")
    );
    decoder.push(Bytes::from_static(b"\ndata: b\n\n"));
    assert_eq!(
        decoder
            .next_event()
            .unwrap()
            .map(|event| event.data.to_owned())
            .as_deref(),
        Some("b")
    );
}

#[test]
fn data_that_lies_in_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: abc\n\n");
    let mut decoder = SseDecoder::new();
    decoder.push(chunk.clone());
    let event = decoder.next_event().unwrap().unwrap();
    assert_eq!(event.data.as_ptr(), chunk[6..].as_ptr());
}

#[test]
fn a_chunk_is_let_go_when_it_is_read() {
    let chunk = Bytes::from(b"data: a\n\ndata: b\n".to_vec());
    let mut decoder = SseDecoder::new();
    decoder.push(chunk.clone());
    while decoder.next_event().unwrap().is_some() {}
    assert!(chunk.is_unique());
}

#[test]
fn comments_are_counted() {
    let mut decoder = SseDecoder::new();
    decoder.push(Bytes::from_static(b": a\n:\n\nfoo\ndata: :\n\n: half"));
    while decoder.next_event().unwrap().is_some() {}
    assert_eq!(decoder.comments(), 2);
}

#[test]
fn invalid_utf8_is_an_error() {
    for document in [
        &b"data: a\n\ndata: \xFFb\n\n"[..],
        b"data: a\n\nevent: \xC3\ndata: b\n\n",
        b"data: a\n\ndata: \xE2\ndata: \x82\xAC\n\n",
    ] {
        let expected = (owned(&[("", "a")]), Some(DecodeError::InvalidUtf8));
        assert_eq!(read([document]), expected);
        assert_eq!(read(document.chunks(1)), expected);
    }
}

#[test]
fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
    for (length, fits) in [(MAX_BYTES, true), (MAX_BYTES + 1, false)] {
        let mut document = b"data:".to_vec();
        document.resize(length, b'a');
        document.extend_from_slice(b"\n\n");
        for size in [document.len(), 65_536, 4_099] {
            let (events, error) = read(document.chunks(size));
            assert_eq!(events.len(), usize::from(fits));
            assert_eq!(error, (!fits).then_some(DecodeError::TooLong));
        }
    }
}

#[test]
fn a_line_that_never_ends_is_refused_at_the_limit() {
    let piece = Bytes::from(vec![b'a'; 64 * 1024]);
    let mut decoder = SseDecoder::new();
    let pieces = (1..)
        .find(|_| {
            decoder.push(piece.clone());
            decoder.next_event().is_err()
        })
        .unwrap();
    assert_eq!(pieces, 17);
}

#[test]
fn an_event_of_many_lines_has_the_same_limit() {
    let document = b"data: 0123456789\n".repeat(MAX_BYTES / 11 + 1);
    assert_eq!(read([&document[..]]), (Vec::new(), Some(DecodeError::TooLong)));
    assert_eq!(
        read(document.chunks(1_000)),
        (Vec::new(), Some(DecodeError::TooLong))
    );
}

/// Bytes that are likely to mean something.
fn documents() -> impl Strategy<Value = Vec<u8>> {
    let tokens: [&[u8]; 13] = [
        b"data",
        b"event",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"data: ",
        b"x",
        b"\xEF\xBB\xBF",
        b"\xE2\x82\xAC",
        b"\xFF",
    ];
    let token = proptest::sample::select(tokens.to_vec());
    proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(read([&bytes[..]]), read(bytes.chunks(1)));
    }

    #[test]
    fn splits_never_matter(document in documents(), cuts in proptest::collection::vec(0_usize..120, 0..6)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(document.len())).collect();
        cuts.extend([0, document.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &document[cut[0]..cut[1]]);
        prop_assert_eq!(read(pieces), read([&document[..]]));
    }
}
