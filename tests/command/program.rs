//! The program, started as a user starts it, and folders for what it reads and writes.
//!
//! Knows nothing of what the program does.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// How the program is started at the root of the project, without an environment.
pub(crate) fn coalmine() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coalmine"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear();
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    let output = coalmine().args(arguments).output();
    output.expect("the program runs")
}

/// What is written to standard output by a run that succeeds and complains of nothing.
#[track_caller]
pub(crate) fn told(arguments: &[&str]) -> String {
    succeeded(&run(arguments), arguments)
}

/// The same where the input comes from standard input.
#[track_caller]
pub(crate) fn told_of(input: &str, arguments: &[&str]) -> String {
    let mut command = coalmine();
    command.args(arguments);
    succeeded(&fed(command, input), arguments)
}

/// The document that such a run writes.
#[track_caller]
pub(crate) fn document(arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--output", "json"]].concat();
    serde_json::from_str(&told(&arguments)).expect("JSON")
}

/// The complaint of a run that ends in this way.
#[track_caller]
pub(crate) fn complaint(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    told
}

/// Starts a program, gives it an input, and waits for its end.
pub(crate) fn fed(mut command: Command, input: &str) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut stdin = child.stdin.take().expect("an open stream");
    stdin.write_all(input.as_bytes()).expect("a reader");
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

#[track_caller]
fn succeeded(output: &Output, arguments: &[&str]) -> String {
    let complaints = String::from_utf8_lossy(&output.stderr);
    // A slow machine says now and then how far it has come.
    let is_progress = |line: &str| line.ends_with(" left");
    assert!(
        complaints.lines().all(is_progress),
        "{arguments:?}: {complaints}"
    );
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// What a run said.
pub(crate) struct Told {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code(),
        }
    }
}

impl Told {
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, stdout: &str, stderr: &str) {
        let got = (self.code, self.stdout.as_str(), self.stderr.as_str());
        assert_eq!(got, (Some(code), stdout, stderr));
    }
}

/// A folder that goes away with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An empty folder; names are unique within a file of tests.
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("{}-{}-{name}", env!("CARGO_CRATE_NAME"), std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    /// The same with a file in it.
    #[must_use]
    pub(crate) fn with(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("a file for the test");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).expect("a file of the test")
    }

    /// How the program is started in it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = coalmine();
        command.current_dir(&self.0).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Told {
        let output = self.command(arguments).output();
        Told::from(output.expect("the program runs"))
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Told {
        Told::from(fed(self.command(arguments), input))
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }

    /// The path of a file in it.
    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// The names of all files in it, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
