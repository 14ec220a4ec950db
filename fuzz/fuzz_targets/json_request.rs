//! Any bytes as the body of a request: what is taken has no field that no schema has.
//!
//! `cargo +nightly fuzz run json_request fuzz/corpus/json_request fuzz/seeds/json_request`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tutorstream::fuzzing::json_request(input));
