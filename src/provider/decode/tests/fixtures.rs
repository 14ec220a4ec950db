//! The format of event streams, rule by rule.

/// One fixture for each rule of the format: the rule, a document, its events as (name, data).
pub(super) type Fixture = (
    &'static str,
    &'static [u8],
    &'static [(&'static str, &'static str)],
);

/// The fixtures.
pub(super) const FIXTURES: &[Fixture] = &[
    (
        "a blank line dispatches",
        b"data: a\n\ndata: b\n\n",
        &[("", "a"), ("", "b")],
    ),
    (
        "lines end with CR LF",
        b"data: a\r\ndata: b\r\n\r\n",
        &[("", "a\nb")],
    ),
    ("lines end with CR", b"data: a\rdata: b\r\r", &[("", "a\nb")]),
    (
        "line ends may be mixed",
        b"data: a\rdata: b\r\ndata: c\n\r\ndata: d\r\r\n",
        &[("", "a\nb\nc"), ("", "d")],
    ),
    (
        "LF CR is two line ends",
        b"data: a\n\rdata: b\n\n",
        &[("", "a"), ("", "b")],
    ),
    (
        "lines of data are joined by LF",
        b"data: a\ndata\ndata:\ndata: b\n\n",
        &[("", "a\n\n\nb")],
    ),
    (
        "one leading space goes",
        b"data:a\n\ndata: a\n\ndata:  a\n\ndata:\ta\n\n",
        &[("", "a"), ("", "a"), ("", " a"), ("", "\ta")],
    ),
    (
        "a field without colon has an empty value",
        b"data\n\n",
        &[("", "")],
    ),
    (
        "a colon in the value is no separator",
        b"data: a: b\n\n",
        &[("", "a: b")],
    ),
    (
        "a space before the colon is part of the name",
        b"data : a\n\n",
        &[],
    ),
    ("names are case-sensitive", b"DATA: a\n\nData: b\n\n", &[]),
    (
        "comments are no events",
        b": hello\n\n:\n\ndata: a\n: b\ndata: c\n\n",
        &[("", "a\nc")],
    ),
    (
        "unknown fields are ignored",
        b"foo: a\nid: 7\nretry: 9\ndata: b\n\n",
        &[("", "b")],
    ),
    (
        "an event has a name",
        b"event: ping\ndata: a\n\ndata: b\n\n",
        &[("ping", "a"), ("", "b")],
    ),
    (
        "the last name counts",
        b"event: a\nevent: b\nevent\ndata: c\n\nevent: d\ndata: e\n\n",
        &[("", "c"), ("d", "e")],
    ),
    (
        "an event without data is none",
        b"event: a\n\ndata: b\n\n",
        &[("", "b")],
    ),
    (
        "empty data is data",
        b"data\n\ndata\ndata\n\ndata:",
        &[("", ""), ("", "\n")],
    ),
    (
        "a leading byte order mark goes",
        b"\xEF\xBB\xBFdata: a\n\n",
        &[("", "a")],
    ),
    (
        "only one byte order mark goes",
        b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\ndata: b\n\n",
        &[("", "b")],
    ),
    (
        "a later byte order mark is part of a name",
        b"data: a\n\n\xEF\xBB\xBFdata: b\n\n",
        &[("", "a")],
    ),
    (
        "a byte order mark alone is a blank line",
        b"\xEF\xBB\xBF\n\ndata: a\n\n",
        &[("", "a")],
    ),
    (
        "half a byte order mark is none",
        b"\xEF\xBBdata: a\n\ndata: b\n\n",
        &[("", "b")],
    ),
    (
        "characters of many bytes stay whole",
        "data: \u{e9}\u{20ac}\u{1f600}\n\n".as_bytes(),
        &[("", "\u{e9}\u{20ac}\u{1f600}")],
    ),
    (
        "NUL and other controls are data",
        b"data: a\0\x0B\x0C\x1Fb\n\n",
        &[("", "a\0\x0B\x0C\x1Fb")],
    ),
    (
        "other line separators are data",
        "data: a\u{2028}b\u{85}c\n\n".as_bytes(),
        &[("", "a\u{2028}b\u{85}c")],
    ),
    (
        "a last event without blank line is none",
        b"data: a\n\ndata: b\n",
        &[("", "a")],
    ),
    (
        "a last line without end is none",
        b"data: a\n\ndata: b",
        &[("", "a")],
    ),
    ("the input may be empty", b"", &[]),
    (
        "invalid UTF-8 in a comment harms nobody",
        b": \xFF\n\xFF: \xFF\ndata: a\n\n",
        &[("", "a")],
    ),
    (
        "[DONE] is data",
        b"data: {}\n\ndata: [DONE]\n\n",
        &[("", "{}"), ("", "[DONE]")],
    ),
];
