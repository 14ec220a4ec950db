//! `--help` names what the documentation names.

use std::process::Command;

#[test]
fn the_help_names_every_flag_variable_and_key_of_the_documentation() {
    let output = Command::new(env!("CARGO_BIN_EXE_tutorstream"))
        .arg("--help")
        .output();
    let help = String::from_utf8(output.expect("the program can be started").stdout).expect("text");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (_, table) = page
        .split_once("| Flag | Variable | Key in the file |")
        .expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut named = 0;
    for row in rows {
        // The first three columns; keys of a provider stand in a table of their own.
        for column in row
            .split('|')
            .skip(1)
            .take(3)
            .filter(|column| !column.contains("of a provider"))
        {
            for name in column.split('`').skip(1).step_by(2) {
                assert!(help.contains(name), "{name} is not in --help");
                named += 1;
            }
        }
    }
    assert!(named > 60, "{named} names were found");
}
