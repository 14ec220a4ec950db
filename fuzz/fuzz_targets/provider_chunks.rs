//! Any bytes as a provider's reply, over each wire: the same comes of it in any split, within its bounds.
//!
//! `cargo +nightly fuzz run provider_chunks fuzz/corpus/provider_chunks fuzz/seeds/provider_chunks`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tutorstream::fuzzing::provider_chunks(input));
