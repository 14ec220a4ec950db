//! Any bytes as a signed token, and as the claims of one whose signature is good.
//!
//! `cargo +nightly fuzz run jwt fuzz/corpus/jwt fuzz/seeds/jwt`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tutorstream::fuzzing::jwt(input));
