//! What strangers send, each kind as one function of bytes, which panics where a promise does not hold. The programs in
//! `fuzz/` feed them whatever makes a difference; the tests here feed them the seeds beside those programs, and what
//! random edits make of it. No part of the service: see the feature `fuzzing`.

pub use crate::config::fuzzing::base_url;
pub use crate::http::fuzzing::{json_request, last_event_id};
pub use crate::identity::fuzzing::jwt;
pub use crate::provider::{provider_chunks, sse_decoder};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    /// The name of its program and its seeds, and what it is.
    type Target = (&'static str, fn(&[u8]));

    const TARGETS: [Target; 6] = [
        ("base_url", base_url),
        ("json_request", json_request),
        ("jwt", jwt),
        ("last_event_id", last_event_id),
        ("provider_chunks", provider_chunks),
        ("sse_decoder", sse_decoder),
    ];

    fn files(folder: &str) -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder);
        let files =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        files.map(|file| file.expect("a file").path()).collect()
    }

    fn seeds(target: &str) -> Vec<Vec<u8>> {
        let files = files(&format!("seeds/{target}"));
        files
            .iter()
            .map(|file| std::fs::read(file).expect("a file"))
            .collect()
    }

    #[test]
    fn every_target_has_a_program_and_every_program_a_target() {
        let programs: BTreeSet<_> = files("fuzz_targets")
            .iter()
            .map(|file| file.file_stem().expect("a name").to_string_lossy().into_owned())
            .collect();
        let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(programs, targets);
    }

    #[test]
    fn every_target_takes_its_seeds() {
        for (name, run) in TARGETS {
            let seeds = seeds(name);
            assert!(seeds.len() >= 3, "{name} has {} seeds", seeds.len());
            seeds.iter().for_each(|input| run(input));
        }
    }

    /// One edit: where, of which kind, and with which byte.
    type Edit = (Index, u8, u8);

    fn edited(mut input: Vec<u8>, edits: Vec<Edit>) -> Vec<u8> {
        for (place, kind, byte) in edits {
            let at = place.index(input.len() + 1);
            match kind {
                0 if at < input.len() => input[at] = byte,
                1 if at < input.len() => drop(input.remove(at)),
                2 => input.truncate(at),
                3 => {
                    let piece = input[..at].to_vec();
                    input.extend(piece);
                }
                4 => {
                    let piece = input.split_off(at);
                    input = [piece, input].concat();
                }
                _ => input.insert(at, byte),
            }
        }
        input
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn no_target_meets_what_it_does_not_expect(
            (target, document) in (any::<Index>(), any::<Index>()),
            edits in prop::collection::vec((any::<Index>(), 0..6_u8, any::<u8>()), 0..6),
        ) {
            let (name, run) = TARGETS[target.index(TARGETS.len())];
            let seeds = seeds(name);
            run(&edited(seeds[document.index(seeds.len())].clone(), edits));
        }

        #[test]
        fn no_target_meets_bytes_that_it_does_not_expect(input in any::<Vec<u8>>()) {
            TARGETS.iter().for_each(|(_, run)| run(&input));
        }
    }
}
