//! Any text as the last event that a reader has seen, of a turn or of a session's feed.
//!
//! `cargo +nightly fuzz run last_event_id fuzz/corpus/last_event_id fuzz/seeds/last_event_id`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tutorstream::fuzzing::last_event_id(input));
