//! The page about security says what shows each of its sentences: that has to be there.

use std::path::{Path, PathBuf};

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    entries
        .flat_map(|entry| {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                files(&entry.path())
            } else {
                vec![entry.path()]
            }
        })
        .collect()
}

#[test]
fn what_the_page_about_security_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["src", "tests/api"].map(|folder| files(&root.join(folder)));
    let sources: String = sources
        .iter()
        .flatten()
        .filter(|file| file.extension().is_some_and(|kind| kind == "rs"))
        .map(|file| std::fs::read_to_string(file).expect("a source"))
        .collect();
    let page = std::fs::read_to_string(root.join("docs/security.md")).expect("the page");
    let mut named = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let shown_by = row.trim_end_matches('|').rsplit('|').next().expect("a column");
        for name in shown_by.split('`').skip(1).step_by(2) {
            let file = ["", "tests/browser", "client/test"]
                .iter()
                .any(|folder| root.join(folder).join(name).exists());
            let test = sources.contains(&format!("fn {name}("));
            assert!(file || test, "{name} is not there");
            named += 1;
        }
    }
    assert!(named > 80, "{named} names were found");
}
