//! Any text as a provider's base URL: what is taken goes to the host that an eye sees.
//!
//! `cargo +nightly fuzz run base_url fuzz/corpus/base_url fuzz/seeds/base_url`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tutorstream::fuzzing::base_url(input));
