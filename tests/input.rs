//! Reading manifests and scenarios: what is wrong with them, and where.
//!
//! Files of `tests/input` carry their expectations as comments on the line concerned,
//! `# error: [id] part of the one-line form`, several one after the other. Those of
//! `tests/input/golden` have their whole rendering beside them; `UPDATE=1` writes it anew.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use coalmine::diagnostic::{Finding, Located, Look, Place, render, render_compact};
use coalmine::duration::SECOND;
use coalmine::input::{self, Input, Manifest, SourceFile};
use coalmine::scenario::{
    self, Action, Event, JobEnd, NoFiles, Promotion, Reply, Scenario, Trigger, Verb, Written,
};
use coalmine::time::{Delta, SimTime};

fn folder(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name);
    let entries = fs::read_dir(root).expect("a folder of tests");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension != "txt"))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

/// Reads one source and checks the scenarios in it.
fn read(name: &str, bytes: impl Into<Vec<u8>>) -> (Input, Vec<Finding>) {
    let (name, bytes) = (name.to_owned(), bytes.into());
    let input = input::read(vec![SourceFile { name, bytes }]);
    let mut later = Vec::new();
    for manifest in input.manifests() {
        if let Manifest::Scenario(written) = manifest {
            let omitted = input.omitted(written.document);
            later.extend(scenario::check(written, omitted, &[], &NoFiles).1);
        }
    }
    let findings = input.findings(later);
    (input, findings)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().expect("a file");
    name.to_string_lossy().into_owned()
}

/// The ids of everything that is wrong with a text.
fn ids(bytes: impl Into<Vec<u8>>) -> Vec<&'static str> {
    let (_, findings) = read("x.yaml", bytes);
    findings
        .iter()
        .map(|finding| finding.diagnostic.id)
        .collect()
}

/// What a comment expects: the start of the one-line form behind its place, and a part of it.
fn expectations(line: &str) -> Vec<(String, String)> {
    let mut expected = Vec::new();
    for severity in ["error", "warning", "info"] {
        for (at, mark) in line.match_indices(&format!("# {severity}: [")) {
            let rest = &line[at + mark.len()..];
            let (id, part) = rest.split_once(']').expect("an id in brackets");
            let part = part.split(" # ").next().unwrap_or_default().trim();
            expected.push((format!("{severity}[{id}]"), part.to_owned()));
        }
    }
    expected
}

#[test]
fn every_finding_is_expected_on_its_line() {
    let mut wrong = Vec::new();
    for path in folder("input") {
        let text = fs::read_to_string(&path).expect("a text");
        let (input, findings) = read(&file_name(&path), text.as_str());
        let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for finding in &findings {
            let location = finding.location.as_ref().expect("a place");
            let span = location.span.expect("a span");
            let line = input.sources.position(location.source, span.start()).line;
            let compact = render_compact(std::slice::from_ref(finding), &input.sources);
            found.entry(line).or_default().push(compact);
        }
        for (index, line) in text.lines().enumerate() {
            let here = found.entry(index + 1).or_default();
            for (title, part) in expectations(line) {
                let fits = |compact: &String| compact.contains(&title) && compact.contains(&part);
                match here.iter().position(fits) {
                    Some(at) => drop(here.remove(at)),
                    None => wrong.push(format!(
                        "missing: {}:{}: {title}: {part}\n",
                        file_name(&path),
                        index + 1
                    )),
                }
            }
        }
        let unexpected = found.into_values().flatten();
        wrong.extend(unexpected.map(|compact| format!("unexpected: {compact}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn renderings_are_as_agreed() {
    let update = std::env::var_os("UPDATE").is_some();
    for path in folder("input/golden") {
        let (input, findings) = read(&file_name(&path), fs::read(&path).expect("a file"));
        let rendered = render(&findings, &input.sources, Look::Plain);
        let golden = path.with_extension("txt");
        if update {
            fs::write(&golden, &rendered).expect("a writable folder");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(rendered, expected, "{}", path.display());
    }
}

#[test]
fn what_is_no_manifest_gets_a_clear_answer() {
    let utf16: Vec<u8> = "\u{feff}a: [\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (bytes, expected) in [
        (b"".as_slice(), "empty-source"),
        (b"\xef\xbb\xbf", "empty-source"),
        (b"# nothing\n---\n  \n# here\n", "empty-source"),
        (b"---\n---\n...\n", "empty-source"),
        (b"just text", "not-an-object"),
        (b"a: \xff\n", "not-utf8"),
        (b"\x7fELF\x02\0\0", "binary-file"),
        (&utf16, "yaml-syntax"),
        (b"a: 1\xc2", "not-utf8"),
        (b"{", "yaml-syntax"),
        (b"}", "yaml-syntax"),
        (b"a\x07: 1", "missing-kind"),
        (b"%YAML 1.1\n---\na: 1", "missing-kind"),
    ] {
        assert_eq!(ids(bytes), [expected], "{}", String::from_utf8_lossy(bytes));
    }
    // A document that holds nothing is nothing to talk about.
    assert!(ids("null\n---\n~").is_empty());
}

#[test]
fn documents_come_in_many_clothes() {
    let rollout = "{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Rollout\", \
                   \"metadata\": {\"name\": \"NAME\"}}";
    let named = |name: &str| rollout.replace("NAME", name);
    let utf16: Vec<u8> = named("a")
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let utf16 = [b"\xfe\xff".as_slice(), &utf16].concat();
    let tabs = named("a").replace(' ', "\n\t\t");
    let loose = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\n\
                 spec:\n  a:\n  - [\n1,\n2]\n  - 'b\nc'\n  - ! 5\n";
    for (bytes, count) in [
        (loose.to_owned().into_bytes(), 1),
        (
            format!("{}\n{}{}", named("a"), named("b"), named("c")).into_bytes(),
            3,
        ),
        (
            format!("--- {}\r\n---\r\n{}", named("a"), named("b")).into_bytes(),
            2,
        ),
        (
            format!("\u{feff}{}\n...\n---\n{}", named("a"), named("b")).into_bytes(),
            2,
        ),
        (format!("%YAML 1.1\n---\n{}", named("a")).into_bytes(), 1),
        (tabs.into_bytes(), 1),
        (utf16, 1),
    ] {
        let (input, findings) = read("x", bytes);
        assert!(
            findings.is_empty(),
            "{}",
            render_compact(&findings, &input.sources)
        );
        assert_eq!(input.manifests().count(), count);
    }
}

#[test]
fn foreign_objects_are_listed() {
    let (input, findings) = read(
        "x",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\nkind: Strange\n",
    );
    assert!(findings.is_empty());
    let ignored = input.ignored.iter();
    let ignored: Vec<(&str, &str, &str)> = ignored
        .map(|ignored| {
            (
                ignored.kind.as_str(),
                ignored.api_version.as_str(),
                ignored.name.as_str(),
            )
        })
        .collect();
    assert_eq!(ignored, [("Secret", "v1", "a"), ("Strange", "", "")]);
    let place = input.locate(&input.ignored[1].place).expect("a place");
    let at = input
        .sources
        .position(place.source, place.span.expect("a span").start());
    assert_eq!((at.line, at.column), (5, 7));
}

#[test]
fn of_two_objects_with_one_name_the_last_counts() {
    let text = "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: a}
spec: {replicas: 1}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: a, namespace: default}
spec: {replicas: 2}
";
    let (input, _) = read("x", text);
    let replicas: Vec<Option<i32>> = input
        .manifests()
        .filter_map(|manifest| match manifest {
            Manifest::Rollout(rollout) => Some(rollout.value.spec.as_ref()?.replicas),
            _ => None,
        })
        .collect();
    assert_eq!(replicas, [Some(2)]);
}

/// The text of a place.
fn text_at(input: &Input, place: &Place) -> String {
    let location = input.locate(place).expect("a place");
    let span = location.span.expect("a span");
    input.sources.text(location.source)[span.start()..span.end()].to_owned()
}

#[test]
fn places_lead_to_keys_values_and_parts_of_texts() {
    let text = "
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: ü}
spec:
  metrics:
  - name: a
    successCondition: len(result) > 0 && result[0] >= 0.95
    failureCondition: >-
      result[0] < 0.5 ||
      isNaN(result[0])
    interval: \"\\u0035m\"
";
    let (input, findings) = read("x", text);
    assert!(findings.is_empty());
    let Some(Manifest::AnalysisTemplate(template)) = input.manifests().next() else {
        panic!("an AnalysisTemplate");
    };
    let metric = "spec.metrics[0]";
    let path = |field: &str| format!("{metric}.{field}");
    let success = "len(result) > 0 && result[0] >= 0.95";
    let at = success.find(">=").expect("an operator");
    let failure = "result[0] < 0.5 || isNaN(result[0])";
    let is_nan = failure.find("isNaN").expect("a function");
    for (place, expected) in [
        (template.at(path("name")), "a"),
        (template.at_key(path("name")), "name"),
        (template.within(path("successCondition"), at..at + 2), ">="),
        (
            template.within(path("failureCondition"), is_nan..is_nan + 5),
            "isNaN",
        ),
        (template.within(path("interval"), 0..1), "\\u0035"),
        (template.at(path("count")), "name: a"),
        (template.at("spec.args[3].name"), "spec"),
        (template.at("metadata.name"), "ü"),
        (template.at("spec"), "spec"),
    ] {
        assert!(
            text_at(&input, &place).starts_with(expected),
            "{place:?} is not {expected}"
        );
    }
}

#[test]
fn values_that_were_left_out_are_known() {
    let text = "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: {{args.x}}}
spec: {replicas: x, strategy: {canary: {steps: [{setWeight: x}, 3, {setWeight: 5}]}}}
";
    let (input, _) = read("x", text);
    let Some(Manifest::Rollout(rollout)) = input.manifests().next() else {
        panic!("a Rollout");
    };
    let omitted = input
        .omitted(rollout.document)
        .iter()
        .map(ToString::to_string);
    let steps = "spec.strategy.canary.steps";
    assert_eq!(
        omitted.collect::<Vec<_>>(),
        [
            "spec.replicas".to_owned(),
            format!("{steps}[0].setWeight"),
            format!("{steps}[1]"),
            "metadata.name".to_owned()
        ]
    );
    let canary = rollout
        .value
        .spec
        .clone()
        .and_then(|spec| spec.strategy?.canary);
    let steps = canary.and_then(|canary| canary.steps).expect("steps");
    let weights: Vec<Option<i32>> = steps.iter().map(|step| step.set_weight).collect();
    assert_eq!(
        weights,
        [None, None, Some(5)],
        "the third step stays the third"
    );
}

#[test]
fn a_scenario_becomes_typed_and_exact() {
    let text = include_str!("input/scenario.yaml");
    let (input, _) = read("x", text);
    let Some(Manifest::Scenario(written)) = input.manifests().next() else {
        panic!("a Scenario");
    };
    let (scenario, wrong) = scenario::check(written, &[], &[], &NoFiles);
    assert!(wrong.is_empty());
    let image = scenario.image("v2");
    assert_eq!(image.startup, Delta::from_secs(8).into());
    assert_eq!(image.max_ready, Some(3));
    let window = (SimTime::from_secs(150), SimTime::from_secs(600));
    assert_eq!(image.unready, [window]);
    assert_eq!(scenario.image("v3").startup, Delta::from_secs(10).into());
    let reply = |second| scenario.reply("success-rate", second * SECOND);
    assert_eq!(reply(149), Some(&Reply::Vector(vec![0.99])));
    assert_eq!(reply(150), Some(&Reply::Scalar(0.8)));
    let job = JobEnd::SucceedsAfter(12 * SECOND);
    assert_eq!(reply(320), Some(&Reply::Job(job)));
    assert_eq!(reply(330), Some(&Reply::Value(serde_json::Value::Null)));
    assert_eq!(scenario.reply("another", 0), None);
    assert_eq!(
        scenario.actions[1],
        Action {
            trigger: Trigger::On {
                event: Event::Paused { step: Some(2) },
                after: 120 * SECOND,
                every: false,
            },
            verb: Verb::Promote(Promotion::Plain),
        }
    );
    assert_eq!(scenario.verify_after, Some(12 * SECOND));
    let (default, wrong) = scenario::check(
        &Located {
            value: Written::default(),
            document: written.document,
        },
        &[],
        &[],
        &NoFiles,
    );
    assert_eq!((default, wrong.len()), (Scenario::default(), 0));
}

#[test]
fn limits_end_in_an_answer() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut chain = "a0: &a0 [x]\n".to_owned();
    for level in 1..300 {
        let before = level - 1;
        writeln!(
            bomb,
            "a{level}: &a{level} [{}]",
            vec![format!("*a{before}"); 9].join(",")
        )
        .expect("a text");
        writeln!(chain, "a{level}: &a{level} [*a{before}]").expect("a text");
    }
    let keys: Vec<String> = (0..1000).map(|key| format!("k{key}: 1")).collect();
    let merges = format!(
        "a: &a {{{}}}\nb:\n{}",
        keys.join(", "),
        "- <<: *a\n".repeat(5000)
    );
    for (text, expected) in [
        (bomb, "alias-bomb"),
        (merges, "alias-bomb"),
        (chain, "too-deep"),
        ("[".repeat(100_000), "too-deep"),
        ("- ".repeat(100_000), "too-deep"),
        ("{a: ".repeat(100_000), "too-deep"),
        ("a: &a [*a]".to_owned(), "alias-cycle"),
    ] {
        assert_eq!(
            ids(text.as_str()),
            [expected],
            "{}",
            &text[..20.min(text.len())]
        );
    }
    let deepest = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: x}}\nstatus: {}{}",
        "[".repeat(99),
        "]".repeat(99)
    );
    assert!(ids(deepest).is_empty());
}

#[test]
fn time_grows_with_the_size_of_the_input_only() {
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: x}\n";
    let steps = "spec:\n  strategy:\n    canary:\n      steps:\n";
    let labels: Vec<String> = (0..20_000)
        .map(|label| format!("\"l{label}\": \"ü\""))
        .collect();
    for text in [
        format!("{head}{steps}{}", "      - setWeight: 20\n".repeat(20_000)),
        format!("{head}{steps}{}", "      - setWieght: 20\n".repeat(3_000)),
        format!(
            "{head}spec: {{template: {{metadata: {{labels: {{{}}}}}}}}}",
            labels.join(", ")
        ),
        format!("{head}status: {{{}}}", "a: 1, ".repeat(20_000)),
        format!("{head}status: \"{}\"", "x ".repeat(200_000)),
        format!("{head}---\n").repeat(2_000),
        "a: \"\n---\n".repeat(2_000),
        "{{ .Values.x }}\n".repeat(5_000),
        "a: {\n".repeat(20_000),
        "'".repeat(100_001),
        "&a ".repeat(50_000),
        "? ".repeat(50_000),
    ] {
        let start = Instant::now();
        let (input, findings) = read("x", text.as_str());
        let rendered = render(&findings, &input.sources, Look::Coloured);
        let taken = start.elapsed();
        assert!(!rendered.is_empty() || findings.is_empty());
        assert!(
            taken < Duration::from_secs(20),
            "{taken:?} for {}",
            &text[..100.min(text.len())]
        );
    }
}

/// A small generator of numbers (`SplitMix64`), so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((number ^ (number >> 31)) % limit.max(1) as u64).expect("below a usize")
    }
}

/// Changes a text a little, often into something that is nearly YAML.
fn mutated(text: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const PIECES: [&str; 28] = [
        "{", "}", "[", "]", ":", ": ", "- ", "\n", "\n---\n", "\"", "'", "&a ", "*a", "<<: ",
        "|\n", ">-\n  ", "\t", "  ", "#", "!!str ", "{{", "}}", "ü", "\u{feff}", "\r\n", "null",
        "1e999", "? ",
    ];
    let mut bytes = text.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        let length = numbers.below(12).min(bytes.len() - at);
        match numbers.below(5) {
            0 => drop(bytes.drain(at..at + length)),
            1 => {
                let copy = bytes[at..at + length].to_vec();
                let to = numbers.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            2 if at < bytes.len() => {
                bytes[at] = u8::try_from(numbers.below(256)).expect("a byte");
            }
            3 => bytes.truncate(at.max(bytes.len() / 2)),
            _ => {
                let piece = PIECES[numbers.below(PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
        }
    }
    bytes
}

#[test]
fn mutilated_manifests_always_get_a_quick_answer() {
    let texts: Vec<Vec<u8>> = [folder("input"), folder("input/golden")]
        .concat()
        .iter()
        .map(|path| fs::read(path).expect("a file"))
        .collect();
    // A longer search: `ROUNDS=100000 cargo test --release --test input mutilated`.
    let rounds = std::env::var("ROUNDS").map_or(1_500, |rounds| rounds.parse().expect("a number"));
    let mut numbers = Numbers(7);
    for round in 0..rounds {
        let mut text = texts[numbers.below(texts.len())].clone();
        for _ in 0..=numbers.below(3) {
            text = mutated(&text, &mut numbers);
        }
        let start = Instant::now();
        let (input, findings) = read("x.yaml", text.as_slice());
        let rendered = render(&findings, &input.sources, Look::Plain);
        let compact = render_compact(&findings, &input.sources);
        let taken = start.elapsed();
        assert!(taken < Duration::from_secs(2), "round {round}: {taken:?}");
        assert_eq!(compact.lines().count(), findings.len(), "round {round}");
        let is_shown = |finding: &Finding| rendered.contains(finding.diagnostic.id);
        assert!(findings.iter().all(is_shown), "round {round}: {rendered}");
    }
}

#[test]
fn reading_twice_gives_the_same_answer() {
    let files: Vec<SourceFile> = folder("input")
        .iter()
        .map(|path| SourceFile {
            name: file_name(path),
            bytes: fs::read(path).expect("a file"),
        })
        .collect();
    let compact = |files: Vec<SourceFile>| {
        let input = input::read(files);
        render_compact(&input.findings([]), &input.sources)
    };
    assert_eq!(compact(files.clone()), compact(files));
}
