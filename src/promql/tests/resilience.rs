//! No text makes the compiler panic or hang, no store makes the evaluator panic.

use super::super::{
    Generation, Labels, Memory, Query, Reset, Samples, Scratch, Store, stale_marker,
};

/// A small generator of numbers, so that a failure can be repeated.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const PIECES: [&str; 92] = [
    "x",
    "y",
    "up",
    "rate(",
    "sum(",
    "sum by (a) (",
    "topk(2, ",
    "quantile(0.5, ",
    ")",
    ")",
    ")",
    "(",
    "[5m]",
    "[1m:15s]",
    "[2m:]",
    " + ",
    " - ",
    " * ",
    " / ",
    " ^ ",
    " % ",
    " > ",
    " == bool ",
    " and ",
    " or ",
    " unless ",
    " atan2 ",
    "on(a)",
    "ignoring(b)",
    " group_left ",
    " group_right(c) ",
    "1",
    "0.5",
    "1e300",
    "NaN",
    "Inf",
    "5m",
    "0x1f",
    "1_000",
    "017",
    "{a=\"b\"}",
    "{a=~\"b|.*\"}",
    "{__name__=~\".+\"}",
    "{\"x\"}",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"s\"",
    "'\\n'",
    "`raw\\`",
    "\"",
    "'",
    " offset 5m",
    " offset -1h",
    " @ 100",
    " @ start()",
    " @ end()",
    " @ ",
    "time()",
    "vector(",
    "scalar(",
    "absent(",
    "absent_over_time(",
    "label_replace(x, \"a\", \"$1\", \"b\", \"(.*)\")",
    "label_join(",
    "histogram_quantile(0.9, ",
    "sort(",
    "round(",
    "clamp(",
    "predict_linear(",
    "deriv(",
    "changes(",
    "count_values(\"v\", ",
    "#c\n",
    " ",
    "\n",
    "é",
    "支",
    "-",
    "--",
    "+",
    "!",
    "=",
    "=~",
    "fill(",
    "</",
    "limitk(1, ",
    "max_over_time(",
    "hour(",
    "day_of_week()",
];

#[test]
fn no_text_makes_the_compiler_panic() {
    let store = store();
    let mut dice = Dice(1);
    let mut compiled = 0;
    for _ in 0..20_000 {
        let length = 1 + dice.roll(14);
        let text: String = (0..length).map(|_| dice.pick(&PIECES)).collect();
        let Ok(query) = Query::compile(&text) else {
            continue;
        };
        compiled += 1;
        let mut scratch = Scratch::new();
        for at in [0, 100_000, 130_001, i64::MAX, i64::MIN] {
            // Errors are answers, too.
            let _ = query.evaluate(&store, at, &mut scratch);
        }
    }
    assert!(300 < compiled, "only {compiled} texts are queries");
}

#[test]
fn long_and_deep_texts_are_refused_in_time() {
    for piece in [
        "(",
        "-",
        "x+",
        "x[1m:]",
        "{",
        "[",
        "sum(",
        "1^",
        "x offset ",
        "x @ ",
        "a or ",
    ] {
        for count in [100, 1_000, 60_000] {
            let text = piece.repeat(count);
            let _ = Query::compile(&text);
            let _ = Query::compile(&format!("{text}x"));
        }
    }
    let chain = format!("{}x", "x + ".repeat(150));
    assert!(Query::compile(&chain).is_ok());
    let nested = format!("{}x{}", "abs(".repeat(150), ")".repeat(150));
    assert!(Query::compile(&nested).is_ok());
}

#[test]
fn what_is_not_refused_for_its_depth_does_not_exhaust_the_stack() {
    let store = store();
    for (before, after, count) in [
        ("abs(", ")", 198),
        ("(1 + ", ")", 98),
        ("sum by (a) (", ")", 198),
        ("vector(scalar(", "))", 98),
        ("label_join(", ", 'a', '')", 198),
        ("(x and ", ")", 98),
        ("(x + ", ")", 98),
        ("histogram_quantile(0.5, ", ")", 198),
        ("max_over_time(", "[10s:5s])", 98),
        ("-", "", 198),
        ("", " + x", 198),
    ] {
        let text = format!("{}x{}", before.repeat(count), after.repeat(count));
        let query = Query::compile(&text).unwrap_or_else(|error| panic!("{before}: {error}"));
        // Too much work and a missing partner are answers.
        let _ = query.evaluate(&store, 100_000, &mut Scratch::new());
        assert!(0 <= query.reach().expect("no time of its own"));
    }
}

/// A store that keeps none of the promises.
struct Broken;

static LABELS: std::sync::LazyLock<Labels> =
    std::sync::LazyLock::new(|| Labels::new([("__name__", "x"), ("le", "1e")]));

impl Store for Broken {
    fn generation(&self) -> Generation {
        Generation::fresh()
    }

    fn series_count(&self) -> usize {
        3
    }

    fn labels(&self, _: usize) -> &Labels {
        &LABELS
    }

    fn samples(&self, _: usize) -> Samples<'_> {
        Samples {
            times: &[i64::MAX, 5, 5, i64::MIN, 0, 100_000],
            values: &[1.0, f64::NAN, f64::INFINITY, -1.0],
            forgotten: usize::MAX,
            markers: &[usize::MAX, 7, 0],
            resets: &[
                Reset {
                    number: usize::MAX,
                    before: 1.0,
                },
                Reset {
                    number: 0,
                    before: f64::NAN,
                },
            ],
        }
    }
}

#[test]
fn no_store_makes_the_evaluator_panic() {
    for text in [
        "x",
        "rate(x[5m])",
        "topk(2, x)",
        "quantile by (le) (0.5, x)",
        "histogram_quantile(0.5, x)",
        "predict_linear(x[5m], 100)",
        "sum_over_time(x[5m:1s] offset -5m)",
        "quantile_over_time(0.5, x[5m])",
        "sort_desc(x)",
        "year(x)",
        "timestamp(x)",
    ] {
        let query = Query::compile(text).expect(text);
        let mut scratch = Scratch::new();
        for at in [0, 5, 100_000, i64::MAX, i64::MIN] {
            let _ = query.evaluate(&Broken, at, &mut scratch);
        }
    }
}

fn store() -> Memory {
    let mut store = Memory::new();
    for (name, a) in [("x", "b"), ("x", "c"), ("y", "b"), ("up", "")] {
        let le = if a == "c" { "+Inf" } else { "0.5" };
        let series = store.series(Labels::new([("__name__", name), ("a", a), ("le", le)]));
        for step in 0..20_i32 {
            let value = match step % 7 {
                5 => f64::NAN,
                6 if a.is_empty() => stale_marker(),
                _ => f64::from(step * step % 11),
            };
            store
                .append(series, i64::from(step) * 10_000, value)
                .expect("rising times");
        }
    }
    store
}
