//! Arguments, and readers of the output.

use std::process::Stdio;

use super::{GATE, rollout};
use crate::program::{Folder, Told};

#[test]
fn the_command_line_explains_itself() {
    let folder = Folder::new("help");
    let help = folder.run(&["run", "--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for code in [
        "  10  RolledBack        11  RollbackFailed\n",
        "  65  the input cannot be read\n",
    ] {
        assert!(help.stdout.contains(code), "{}", help.stdout);
    }
    for wrong in [
        &["run"][..],
        &["run", "x", "--until", "0"],
        &["run", "x", "--until", "8d"],
        &["walk"],
    ] {
        let told = folder.run(wrong);
        assert_eq!(
            (told.code, told.stdout.as_str()),
            (Some(2), ""),
            "{wrong:?}"
        );
    }
    assert_eq!(folder.run(&["run", "x", "-q", "-v"]).code, Some(2));
    assert_eq!(folder.run(&["run", "nowhere.yaml"]).code, Some(65));
}

#[test]
fn a_reader_who_goes_away_is_no_failure() {
    let folder = Folder::new("pipe").with("web.yaml", &rollout("web", GATE));
    let mut command = folder.command(&["run", "--verbose", "web.yaml"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let told = Told::from(child.wait_with_output().expect("the program ends"));
    assert_eq!((told.code, told.stderr.as_str()), (Some(12), ""));
}
