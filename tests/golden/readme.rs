//! Reports that are kept in a file and shown in the README.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::fs;
use std::path::Path;

/// Compares a page with the file and with the block of the README below the name of the file; `UPDATE=1` rewrites both. No line may be
/// wider than 100 columns.
#[track_caller]
pub(crate) fn shows(file: &str, page: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = root.join("README.md");
    let text = fs::read_to_string(&readme).expect("the README");
    let begin = format!("<!-- {file} -->\n```text\n");
    let start = text.find(&begin).expect("a place for the report") + begin.len();
    let end = start + text[start..].find("```\n").expect("an end of the block");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root.join(file), page).expect("a writable folder");
        let text = format!("{}{page}{}", &text[..start], &text[end..]);
        fs::write(&readme, text).expect("a writable folder");
    } else {
        let kept = fs::read_to_string(root.join(file)).unwrap_or_default();
        assert_eq!(page, kept, "UPDATE=1 rewrites");
        assert_eq!(page, &text[start..end], "UPDATE=1 rewrites");
    }
    for line in page.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
