//! The scenario that is written: what is in it, and its text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::guess::{ERROR_RATE, LATENCY, RPS};
use crate::diagnostic::wording::visible;
use crate::plan::environment::Profile;

/// A scenario in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// Its name.
    pub(super) name: String,
    /// What is said at its head, line by line.
    pub(super) head: Vec<String>,
    /// The tags of the stable version and of the one that is tried, where they are known.
    pub(super) versions: Option<(String, String)>,
    /// Whether it is for an Experiment on its own: nobody sends it requests.
    pub(super) is_experiment: bool,
    pub(super) telemetry: Telemetry,
    /// Whether testers send requests to the preview service.
    pub(super) preview: bool,
    /// Whether some requests carry the header of a route.
    pub(super) header: bool,
    pub(super) secrets: BTreeMap<String, Vec<String>>,
    /// Step plugins.
    pub(super) plugins: Vec<String>,
    /// Pauses that only a person ends: the step, or any.
    pub(super) gates: Vec<Option<usize>>,
    pub(super) metrics: Vec<Entry>,
    /// What is said of analyses that measure nothing.
    pub(super) failures: Vec<String>,
}

/// What Prometheus has to be told so that queries see something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Telemetry {
    /// All profiles, if those that there are by default do not suffice.
    pub(super) profiles: Option<Vec<Profile>>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) names: BTreeMap<&'static str, String>,
}

/// A metric.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    /// What is said of it; lines that begin with blanks belong to the one before.
    pub(super) notes: Vec<String>,
    /// Its answers, where it needs some.
    pub(super) binding: Option<Vec<String>>,
}

/// Widest line \[character\].
const WIDTH: usize = 110;

impl Draft {
    /// The text of the scenario.
    pub(super) fn yaml(&self) -> String {
        let mut out = String::new();
        self.head.iter().for_each(|line| comment(&mut out, 0, line));
        out.push_str("apiVersion: coalmine/v1alpha1\nkind: Scenario\nmetadata:\n");
        let _ = writeln!(out, "  name: {}\nspec:", scalar(&self.name));
        self.world(&mut out);
        self.telemetry(&mut out);
        self.people(&mut out);
        self.measured(&mut out);
        out
    }

    fn world(&self, out: &mut String) {
        let health = format!("{{startup: 10s, errorRate: {ERROR_RATE}, latency: {LATENCY}}}");
        let mut images = vec![("default", &health)];
        if !self.is_experiment {
            comment(
                out,
                2,
                "The version that is stable at first, and the requests of the users.",
            );
            let stable = self
                .versions
                .as_ref()
                .map_or("previous", |(stable, _)| stable);
            let _ = writeln!(out, "  stable: {}", scalar(stable));
            let preview = if self.preview { ", preview: 10" } else { "" };
            let header = if self.header { ", header: 0.01" } else { "" };
            let _ = writeln!(
                out,
                "  traffic: {{rps: {RPS}{preview}{header}, slow: 500ms}}"
            );
        }
        if let Some((stable, own)) = self.versions.as_ref().filter(|(_, own)| own != "default") {
            images = vec![(stable, &health), (own, &health)];
            let note = "How well each version serves. Let the new one be worse, and see whether the release notices.";
            comment(out, 2, note);
        }
        out.push_str("  images:\n");
        for (tag, health) in images {
            let _ = writeln!(out, "    {}: {health}", scalar(tag));
        }
    }

    fn telemetry(&self, out: &mut String) {
        let Telemetry {
            profiles,
            labels,
            names,
        } = &self.telemetry;
        if self.telemetry == Telemetry::default() {
            return;
        }
        out.push_str("  telemetry:\n");
        if let Some(profiles) = profiles {
            comment(out, 4, "The last ones export metrics that queries ask for.");
            let profiles: Vec<&str> = profiles.iter().map(|profile| profile.name()).collect();
            let _ = writeln!(out, "    profiles: [{}]", profiles.join(", "));
        }
        if !labels.is_empty() {
            comment(
                out,
                4,
                "Queries ask for these; the manifests do not say them. All series get them.",
            );
            out.push_str("    labels:\n");
            for (name, value) in labels {
                let _ = writeln!(out, "      {}: {}", scalar(name), scalar(value));
            }
        }
        if !names.is_empty() {
            comment(
                out,
                4,
                "No exporter is known that has these names; what they probably stand for goes by them.",
            );
            out.push_str("    names:\n");
            for (family, name) in names {
                let _ = writeln!(out, "      {family}: {}", scalar(name));
            }
        }
    }

    fn people(&self, out: &mut String) {
        if !self.secrets.is_empty() {
            comment(out, 2, "Arguments of analyses come from these.");
            out.push_str("  secrets:\n");
            for (name, keys) in &self.secrets {
                let _ = writeln!(out, "    {}:", scalar(name));
                for key in keys {
                    let _ = writeln!(out, "      {}: \"to be filled in\"", scalar(key));
                }
            }
        }
        if !self.plugins.is_empty() {
            out.push_str("  plugins:\n");
            for name in &self.plugins {
                let _ = writeln!(out, "    {}:\n    - {{phase: Successful}}", scalar(name));
            }
        }
        if !self.gates.is_empty() {
            comment(out, 2, "Somebody looks at it for five minutes and goes on.");
            out.push_str("  actions:\n");
            for gate in &self.gates {
                let step = gate.map_or(String::new(), |step| format!(" step: {step},"));
                let _ = writeln!(out, "  - {{on: paused,{step} after: 5m, do: promote}}");
            }
        }
    }

    fn measured(&self, out: &mut String) {
        for failure in &self.failures {
            comment(out, 2, failure);
        }
        let has_bindings = self.metrics.iter().any(|entry| entry.binding.is_some());
        if has_bindings {
            out.push_str("  metrics:\n");
        } else if self.metrics.is_empty() && self.failures.is_empty() {
            comment(out, 2, "Nothing is measured.");
        }
        let indent = if has_bindings { 4 } else { 2 };
        for entry in &self.metrics {
            entry
                .notes
                .iter()
                .for_each(|note| comment(out, indent, note));
            if let Some(answers) = &entry.binding {
                let _ = writeln!(out, "    {}:", scalar(&entry.name));
                for answer in answers {
                    let _ = writeln!(out, "    - {answer}");
                }
            }
        }
    }
}

/// Writes a comment, in several lines if it is long; all of them begin with the blanks of the text.
fn comment(out: &mut String, indent: usize, text: &str) {
    let text = visible(text);
    let blanks = text.len() - text.trim_start().len();
    let open = format!("{:indent$}# {:blanks$}", "", "");
    let mut line = open.clone();
    for word in text.split_whitespace() {
        let is_first = line.len() == open.len();
        if !is_first && WIDTH < line.chars().count() + 1 + word.chars().count() {
            out.push_str(&line);
            out.push('\n');
            line = format!("{open}  ");
        } else if !is_first {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// A text as YAML has it: plain where nothing else could be meant, quoted otherwise.
fn scalar(text: &str) -> String {
    const OTHERS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let mut letters = text.chars();
    let begins = letters
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic());
    let goes_on = letters.all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter));
    let is_word = OTHERS.contains(&text.to_ascii_lowercase().as_str());
    if begins && goes_on && !is_word {
        text.to_owned()
    } else {
        // What JSON escapes, YAML reads alike; it does not take control characters as they are.
        let text = serde_json::Value::String(text.to_owned()).to_string();
        text.chars()
            .map(|letter| match letter {
                '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                    format!("\\u{:04x}", u32::from(letter))
                }
                _ => letter.to_string(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_mean_something_else_are_quoted() {
        for (text, want) in [
            ("v2", "v2"),
            ("1.0", "\"1.0\""),
            ("no", "\"no\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("a\u{85}\n", "\"a\\u0085\\n\""),
        ] {
            assert_eq!(scalar(text), want);
            let read: serde_json::Value = serde_yaml::from_str(want).expect("YAML");
            assert_eq!(read, serde_json::json!(text));
        }
    }

    #[test]
    fn comments_are_broken_between_words_and_hold_no_second_line() {
        let mut out = String::new();
        comment(&mut out, 2, &format!("  {}", "word ".repeat(40)));
        comment(&mut out, 0, "a\nspec: {}");
        assert!(
            out.lines().count() == 3 && out.lines().all(|line| line.len() <= WIDTH),
            "{out}"
        );
        assert!(
            out.lines().all(|line| line.trim_start().starts_with('#')),
            "{out}"
        );
        assert!(out.starts_with("  #   word "), "{out}");
    }
}
