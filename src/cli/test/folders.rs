//! Where scenarios lie: folders with a file of scenarios, and manifests beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::quoted;

/// A folder whose scenarios are run.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Only the scenarios of these files; `None`: all.
    only: Option<BTreeSet<PathBuf>>,
}

/// The folders that the arguments stand for, in the order of the arguments and then by name; and what is wrong with the arguments.
pub(super) fn find(arguments: &[PathBuf]) -> (Vec<Folder>, Vec<Diagnostic>) {
    let mut found = Found::default();
    let mut problems = Vec::new();
    for argument in arguments {
        if argument.is_dir() {
            let before = found.places.len();
            let known = found.below(argument, &mut problems);
            if found.places.len() == before && !known {
                let message = format!("there is no scenario in {} or below", shown(argument));
                let help = "scenarios lie in files named `scenario.yaml`, `scenarios.yaml` or `*.scenario.yaml`";
                problems.push(Diagnostic::error("no-scenario", message).help(help));
            }
        } else if argument.is_file() {
            found.file(argument);
        } else {
            let message = format!("there is no file or folder {}", shown(argument));
            problems.push(Diagnostic::error("no-such-file", message));
        }
    }
    (found.folders, problems)
}

#[derive(Default)]
struct Found {
    folders: Vec<Folder>,
    /// Where each folder is in the list.
    places: BTreeMap<PathBuf, usize>,
}

impl Found {
    /// Adds the folders with scenarios at a path and below; returns whether there are any. Links are not followed, so that nothing is
    /// searched for ever.
    fn below(&mut self, root: &Path, problems: &mut Vec<Diagnostic>) -> bool {
        let mut has_any = false;
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    let message = format!("cannot read {}: {error}", shown(&folder));
                    problems.push(Diagnostic::error("unreadable-file", message));
                    continue;
                }
            };
            let mut inner = Vec::new();
            let mut has_scenarios = false;
            for entry in entries.flatten() {
                let name = entry.file_name();
                let is_hidden = name.to_str().is_none_or(|name| name.starts_with('.'));
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                if kind.is_dir() && !is_hidden {
                    inner.push(entry.path());
                } else if !kind.is_dir() && is_scenario(&name) {
                    has_scenarios = true;
                }
            }
            if has_scenarios {
                has_any = true;
                let place = self.place(&folder);
                self.folders[place].only = None;
            }
            // The first one is to be searched first.
            inner.sort_unstable_by(|a, b| b.cmp(a));
            waiting.extend(inner);
        }
        has_any
    }

    fn file(&mut self, file: &Path) {
        let folder = file.parent().filter(|path| !path.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let is_known = self.places.contains_key(folder);
        let place = self.place(folder);
        let only = &mut self.folders[place].only;
        if !is_known {
            *only = Some(BTreeSet::new());
        }
        if let (Some(only), Some(name)) = (only, file.file_name()) {
            only.insert(folder.join(name));
        }
    }

    fn place(&mut self, folder: &Path) -> usize {
        if let Some(place) = self.places.get(folder) {
            return *place;
        }
        let place = self.folders.len();
        self.places.insert(folder.to_owned(), place);
        self.folders.push(Folder {
            path: folder.to_owned(),
            only: None,
        });
        place
    }
}

impl Folder {
    /// Its manifests, and the files of scenarios that were named.
    pub(super) fn arguments(&self) -> Vec<PathBuf> {
        let mut arguments = vec![self.path.clone()];
        arguments.extend(self.only.iter().flatten().cloned());
        arguments
    }

    /// Whether the scenarios of a file are run.
    pub(super) fn wants(&self, file: &str) -> bool {
        let only = self.only.as_ref();
        only.is_none_or(|only| only.contains(Path::new(file)))
    }

    /// Its path as the user knows it.
    pub(super) fn name(&self) -> String {
        plain(&self.path).display().to_string()
    }

    /// What a scenario of it is called in a list: the folder, and the scenario's name unless the folder is called so; the file where it
    /// is no `scenario.yaml`.
    pub(super) fn label(&self, file: &str, name: &str) -> String {
        let file = Path::new(file);
        let stem = file.file_stem().and_then(OsStr::to_str);
        let is_plain = matches!(stem, Some("scenario" | "scenarios"));
        let place = plain(if is_plain { &self.path } else { file });
        let place = place.display().to_string();
        if place.is_empty() || place == "." {
            return name.to_owned();
        }
        if is_plain && self.path.file_name().and_then(OsStr::to_str) == Some(name) {
            return place;
        }
        format!("{place}: {name}")
    }
}

/// Whether a file of this name has scenarios that are found without being named.
fn is_scenario(name: &OsStr) -> bool {
    let name = name.to_str().unwrap_or_default();
    let Some(stem) = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"))
    else {
        return false;
    };
    !name.starts_with('.')
        && (matches!(stem, "scenario" | "scenarios") || stem.ends_with(".scenario"))
}

/// A path without `./` in front.
fn plain(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}
