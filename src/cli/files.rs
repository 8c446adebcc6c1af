//! Gathers what the user names: files, folders, patterns and standard input.
//!
//! Knows paths and file systems. Refuses to know what is in the files. Simplifies: a folder stands
//! for the manifests in it, not for those in folders below (as for `kubectl apply -f`).

#![expect(clippy::disallowed_methods, reason = "the place where files are read")]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::{closest, count, quoted};
use crate::input::{SOURCE_SIZE_MAX, SourceFile};
use crate::scenario::Files;

/// Stands for standard input.
pub const STDIN: &str = "-";
/// The name that standard input has in messages.
pub const STDIN_NAME: &str = "<stdin>";
/// Most files that one folder or pattern may stand for.
pub const FILES_MAX: usize = 10_000;

/// Reads everything that the arguments name, in their order; what a folder or a pattern stands for
/// is sorted by name. A file is read once, however often it is named. What cannot be read is
/// described in diagnostics without a place.
///
/// - A file is read whatever its name is, up to [`SOURCE_SIZE_MAX`].
/// - A folder stands for its files `*.yaml`, `*.yml` and `*.json` that are not hidden, without the
///   files of Kustomize, which are no manifests.
/// - What does not exist and has one of the characters `*?[` is a pattern; `**` crosses folders.
/// - `-` is standard input.
pub fn gather(arguments: &[PathBuf], stdin: &mut dyn Read) -> (Vec<SourceFile>, Vec<Diagnostic>) {
    let mut gathering = Gathering::default();
    let mut stdin = Some(stdin);
    for argument in arguments {
        if argument.as_os_str() == STDIN {
            match stdin.take() {
                Some(stdin) => gathering.read(STDIN_NAME.to_owned(), stdin),
                None => gathering.fail(
                    Diagnostic::error("stdin-twice", "standard input can be read once only")
                        .help("give `-` once"),
                ),
            }
        } else if argument.is_dir() {
            gathering.folder(argument);
        } else if argument.exists() {
            gathering.file(argument);
        } else {
            gathering.pattern(argument);
        }
    }
    (gathering.files, gathering.diagnostics)
}

/// Writes a file; one that exists only if `force` says so.
///
/// # Errors
///
/// Why it cannot be written. It exists: [`io::ErrorKind::AlreadyExists`].
pub fn write(path: &Path, text: &str, force: bool) -> io::Result<()> {
    let mut options = File::options();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(path)?.write_all(text.as_bytes())
}

/// The files beside a scenario.
#[derive(Debug)]
pub struct Beside {
    folder: PathBuf,
}

impl Beside {
    /// The files in the folder of the scenario's own file.
    #[must_use]
    pub fn file(scenario: &str) -> Self {
        let folder = Path::new(scenario).parent().map(Path::to_owned);
        Self {
            folder: folder.unwrap_or_default(),
        }
    }
}

impl Files for Beside {
    fn text(&self, name: &str) -> Result<String, String> {
        let path = self.folder.join(name);
        let file = File::open(&path).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        let limit = SOURCE_SIZE_MAX as u64 + 1;
        file.take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        if bytes.len() > SOURCE_SIZE_MAX {
            return Err(format!("it is larger than {SOURCE_SIZE_MAX} bytes"));
        }
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    }
}

#[derive(Default)]
struct Gathering {
    files: Vec<SourceFile>,
    diagnostics: Vec<Diagnostic>,
    /// Files that were read.
    known: BTreeSet<PathBuf>,
}

impl Gathering {
    fn fail(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let message = format!("cannot read {}: {error}", shown(path));
        self.fail(Diagnostic::error("unreadable-file", message));
    }

    fn read(&mut self, name: String, reader: &mut dyn Read) {
        // One byte more shows that the limit is passed; what is wrong with that is said later.
        let limit = SOURCE_SIZE_MAX as u64 + 1;
        let mut bytes = Vec::new();
        match reader.take(limit).read_to_end(&mut bytes) {
            Ok(_) => self.files.push(SourceFile { name, bytes }),
            Err(error) => self.unreadable(Path::new(&name), &error),
        }
    }

    fn file(&mut self, path: &Path) {
        // Two names may lead to the same file.
        let same = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if !self.known.insert(same) {
            return;
        }
        match File::open(path) {
            Ok(mut file) => self.read(path.display().to_string(), &mut file),
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn folder(&mut self, folder: &Path) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(folder, &error),
        };
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let (mut folders, mut files) = (0, Vec::new());
        for path in paths {
            if path.is_dir() {
                folders += 1;
            } else if is_manifest(&path) {
                files.push(path);
            }
        }
        if files
            .iter()
            .any(|file| file.file_name() == Some(OsStr::new("Chart.yaml")))
        {
            let message = format!("the folder {} is a chart of Helm", shown(folder));
            let help = format!(
                "expand it first: `helm template {} | coalmine ... -`",
                folder.display()
            );
            return self.fail(Diagnostic::error("helm-chart", message).help(help));
        }
        if files.is_empty() {
            let message = format!("there is no manifest in the folder {}", shown(folder));
            let help = if folders == 0 {
                "a manifest is a file named `*.yaml`, `*.yml` or `*.json`".to_owned()
            } else {
                let pattern = folder.join("**").join("*.yaml");
                let folders = count(folders, "folder");
                format!(
                    "{folders} below it are not searched: name them, or write '{}'",
                    pattern.display()
                )
            };
            return self.fail(Diagnostic::error("no-manifests", message).help(help));
        }
        self.all(files, folder);
    }

    fn pattern(&mut self, path: &Path) {
        let pattern = path.to_str().filter(|text| text.contains(['*', '?', '[']));
        let Some(pattern) = pattern else {
            return self.missing(path);
        };
        let matches = match glob::glob(pattern) {
            Ok(matches) => matches,
            Err(error) => {
                let message = format!("{} is no pattern: {}", shown(path), error.msg);
                return self.fail(Diagnostic::error("bad-pattern", message));
            }
        };
        // One more than the limit shows that it is passed.
        let matches = matches.filter_map(Result::ok).filter(|path| !path.is_dir());
        let files: Vec<PathBuf> = matches.take(FILES_MAX + 1).collect();
        if files.is_empty() {
            let message = format!("no file matches the pattern {}", shown(path));
            let help = "`*` stands for any part of a name, `**` for any folders";
            return self.fail(Diagnostic::error("no-match", message).help(help));
        }
        self.all(files, path);
    }

    fn all(&mut self, mut files: Vec<PathBuf>, argument: &Path) {
        if FILES_MAX < files.len() {
            let message = format!("{} stands for more than {FILES_MAX} files", shown(argument));
            let help = "name fewer of them";
            return self.fail(Diagnostic::error("too-many-files", message).help(help));
        }
        files.sort();
        for file in files {
            self.file(&file);
        }
    }

    fn missing(&mut self, path: &Path) {
        let message = format!("there is no file or folder {}", shown(path));
        let diagnostic = Diagnostic::error("no-such-file", message);
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let neighbours = fs::read_dir(parent.unwrap_or(Path::new(".")));
        let neighbours = neighbours.into_iter().flatten().filter_map(|entry| {
            let name = entry.ok()?.file_name();
            name.to_str().map(str::to_owned)
        });
        let mut names: Vec<String> = neighbours.collect();
        names.sort();
        let wanted = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let meant = closest(wanted, names.iter().map(String::as_str));
        let diagnostic = match meant {
            Some(meant) => {
                let meant = path.with_file_name(meant);
                diagnostic.help(format!("did you mean {}?", shown(&meant)))
            }
            None => diagnostic,
        };
        self.fail(diagnostic);
    }
}

fn is_manifest(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_kustomization = matches!(name, "kustomization.yaml" | "kustomization.yml");
    matches!(extension, "yaml" | "yml" | "json") && !name.starts_with('.') && !is_kustomization
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that goes away with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[&str]) -> Self {
            let root = std::env::temp_dir().join(format!("coalmine-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&root);
            for file in files {
                let path = root.join(file);
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(path, file).expect("a file");
            }
            fs::create_dir_all(&root).expect("a folder");
            Folder(root)
        }

        fn gather(&self, arguments: &[&str], stdin: &str) -> (Vec<String>, Vec<String>) {
            let in_folder = |argument: &&str| match *argument {
                STDIN => PathBuf::from(STDIN),
                name => self.0.join(name),
            };
            let arguments: Vec<PathBuf> = arguments.iter().map(in_folder).collect();
            let (files, diagnostics) = gather(&arguments, &mut stdin.as_bytes());
            let contents = files
                .into_iter()
                .map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
            let ids = diagnostics
                .iter()
                .map(|diagnostic| diagnostic.id.to_owned());
            (contents.collect(), ids.collect())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_folder_stands_for_its_manifests_in_order() {
        let files = [
            "b.yml",
            "a.yaml",
            "c.json",
            ".d.yaml",
            "e.txt",
            "kustomization.yaml",
            "f/g.yaml",
        ];
        let folder = Folder::new("folder", &files);
        let (contents, ids) = folder.gather(&[""], "");
        assert_eq!(contents, ["a.yaml", "b.yml", "c.json"]);
        assert!(ids.is_empty());
    }

    #[test]
    fn patterns_cross_folders_and_files_are_read_once() {
        let folder = Folder::new("pattern", &["a.yaml", "x/b.yaml", "x/y/c.yaml", "d.txt"]);
        let (contents, ids) = folder.gather(&["d.txt", "x/b.yaml", "**/*.yaml", "./d.txt"], "");
        assert_eq!(contents, ["d.txt", "x/b.yaml", "a.yaml", "x/y/c.yaml"]);
        assert!(ids.is_empty());
    }

    #[test]
    fn standard_input_is_read_once() {
        let folder = Folder::new("stdin", &["a.yaml"]);
        let (contents, ids) = folder.gather(&["a.yaml", "-", "-"], "from stdin");
        assert_eq!(contents, ["a.yaml", "from stdin"]);
        assert_eq!(ids, ["stdin-twice"]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let folder = Folder::new(
            "errors",
            &["rollout.yaml", "x/y/a.yaml", "chart/Chart.yaml"],
        );
        let arguments = ["rolout.yaml", "z*", "[", "x", "chart", "rollout.yaml"];
        let (contents, ids) = folder.gather(&arguments, "");
        assert_eq!(contents, ["rollout.yaml"]);
        assert_eq!(
            ids,
            [
                "no-such-file",
                "no-match",
                "bad-pattern",
                "no-manifests",
                "helm-chart"
            ]
        );
        let missing = folder.0.join("rolout.yaml");
        let (_, diagnostics) = gather(&[missing], &mut io::empty());
        let help = diagnostics[0].help.as_deref().expect("a suggestion");
        assert!(help.contains("rollout.yaml"), "{help}");
    }
}
