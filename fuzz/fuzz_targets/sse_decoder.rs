//! The decoder of event streams against a slow one that follows the standard word by word.
//!
//! `cargo +nightly fuzz run sse_decoder fuzz/corpus/sse_decoder fuzz/seeds/sse_decoder`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tutorstream::fuzzing::sse_decoder(input));
