//! The engine as a whole: the interface, its limits, and the agreement of its two evaluators.

#![expect(
    clippy::disallowed_methods,
    reason = "a limit on the time that a condition takes"
)]

use super::*;

fn holds(text: &str, result: ValueRef<'_>) -> bool {
    Condition::compile(text).evaluate(result).expect(text)
}

fn message(text: &str, result: ValueRef<'_>) -> String {
    Condition::compile(text)
        .evaluate(result)
        .expect_err(text)
        .message
}

fn error(text: &str) -> EvalError {
    Condition::compile(text)
        .evaluate(ValueRef::Vector(&[1.0]))
        .expect_err(text)
}

/// A generator for tests: the same numbers every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.roll(choices.len())]
    }
}

#[test]
fn the_type_of_the_result_decides() {
    assert!(holds("result >= 0.95", ValueRef::Float(0.97)));
    assert!(holds("result[0] >= 0.95", ValueRef::Vector(&[0.97])));
    assert!(holds("result == nil", ValueRef::Nil));
    assert!(holds(
        "result.a[1] == 2",
        ValueRef::Json(&serde_json::json!({"a": [1, 2]}))
    ));
    assert_eq!(
        message("result >= 0.95", ValueRef::Vector(&[0.97])),
        "invalid operation: >= (mismatched types []float64 and float64)"
    );
    assert_eq!(
        message("result", ValueRef::Int(1)),
        "expected bool, but got int"
    );
    assert_eq!(
        message("result[0] > 1", ValueRef::Vector(&[])),
        "index out of range: 0 (array length is 0)"
    );
}

#[test]
fn an_error_in_a_branch_never_taken_is_an_error() {
    assert_eq!(
        message("true || result[0] > 1", ValueRef::Float(1.0)),
        "type float64[int] is undefined"
    );
}

#[test]
fn check_for_finds_what_types_tell() {
    let condition = Condition::compile("result[0] > 0.9");
    assert_eq!(condition.check_for(Shape::Vector), Ok(()));
    assert_eq!(condition.check_for(Shape::List), Ok(()));
    let error = condition
        .check_for(Shape::Float)
        .expect_err("a number has no elements");
    assert_eq!(
        (error.message(), error.span()),
        ("type float64[int] is undefined", Some(6..7))
    );
    for shape in Shape::ALL {
        assert!(Condition::compile("result >").check_for(shape).is_err());
    }
}

#[test]
fn spans_point_at_the_operator() {
    assert_eq!(error("result > 0.9").span(), Some(7..8));
    assert_eq!(error("'é' == 1").span(), Some(5..7));
    assert_eq!(error("results[0] > 1").span(), Some(0..7));
    assert_eq!(error("result[7] > 1").span(), Some(6..7));
    assert_eq!(error("result 10").span(), Some(7..9));
}

#[test]
fn the_verdict_needs_both_conditions() {
    let above = Condition::compile("result > 0.9");
    let below = Condition::compile("result < 0.5");
    let empty = Condition::compile("");
    let verdict = |success, failure, result| judge(success, failure, ValueRef::Float(result)).ok();
    for (success, failure, result, expected) in [
        (None, None, 0.0, Verdict::Successful),
        (Some(&empty), Some(&empty), 0.0, Verdict::Successful),
        (Some(&above), None, 0.95, Verdict::Successful),
        (Some(&above), None, 0.5, Verdict::Failed),
        (None, Some(&below), 0.7, Verdict::Successful),
        (None, Some(&below), 0.3, Verdict::Failed),
        (Some(&above), Some(&below), 0.95, Verdict::Successful),
        (Some(&above), Some(&below), 0.7, Verdict::Inconclusive),
        (Some(&above), Some(&below), 0.3, Verdict::Failed),
        (Some(&above), Some(&above), 0.95, Verdict::Failed),
    ] {
        assert_eq!(verdict(success, failure, result), Some(expected));
    }
}

#[test]
fn an_error_names_the_condition_and_hides_its_cause_without_data() {
    let condition = Condition::compile("result[0] > 1");
    let text = |result| {
        judge(None, Some(&condition), result)
            .expect_err("an error")
            .to_string()
    };
    assert_eq!(
        text(ValueRef::Vector(&[])),
        "could not evaluate failureCondition \"result[0] > 1\": metric result is nil or empty: \
         no data returned from the metric provider"
    );
    assert_eq!(
        text(ValueRef::Float(1.0)),
        "could not evaluate failureCondition \"result[0] > 1\": type float64[int] is undefined"
    );
}

#[test]
fn now_is_what_the_caller_says() {
    let condition = Condition::compile("now().Year() == 2001 && now() > date('2001-09-09')");
    assert_eq!(
        condition.evaluate_at(ValueRef::Nil, 1_000_000_000_000_000_000),
        Ok(true)
    );
    assert_eq!(condition.evaluate(ValueRef::Nil), Ok(false));
}

#[test]
fn operands_before_a_search_from_the_end_are_lost() {
    let result = ValueRef::Vector(&[1.0, 9.0]);
    assert!(holds("findLast(result, # > 5) == 9", result));
    assert!(!holds("9 == findLast(result, # > 5)", result));
}

#[test]
fn nothing_grows_without_end() {
    let result = ValueRef::Vector(&[1.0]);
    for text in [
        "len(1..1000000000) > 0",
        "len(map(1..600, 1..2000)) > 0",
        "reduce(1..60, #acc + #acc, 'abcdefgh') == ''",
        "reduce(1..60, [#acc, #acc], []) == []",
        "reduce(1..900, [#acc], []) == []",
        "let s = repeat('a', 900000); len(map(1..100000, s + 'b')) > 0",
        "let a = 1..900000; len(map(1..1000, a[1:])) > 0",
        "let a = 1..900000; len(map(1..40, findLast(a, false))) > 0",
        "let a = 1..900000; all(a, all(a, # > 0))",
        "len(uniq(1..900000)) > 0",
        "let a = 1..900000; all(a, 7.5 not in a)",
        "let a = 1..900000; all(a, string(#) matches ('(a{100}){9}|' + string(#)))",
        "repeat(repeat('a', 100000), 100000) == ''",
        "let a = 1..900000; all(a, sort(a)[0] == 1)",
    ] {
        let start = std::time::Instant::now();
        assert!(Condition::compile(text).evaluate(result).is_err(), "{text}");
        assert!(
            start.elapsed().as_secs() < 20,
            "{text} took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn the_longest_chain_of_operators_is_evaluated() {
    let long = format!("{}true", "result > 2 || ".repeat(150));
    assert!(holds(&long, ValueRef::Float(1.0)));
    let long = format!("{}true", "result == nil || ".repeat(150));
    assert!(holds(&long, ValueRef::Json(&serde_json::json!({"a": 1}))));
    let nested = format!("{}# > 0{}", "all([1], ".repeat(45), ")".repeat(45));
    assert!(holds(&nested, ValueRef::Float(1.0)));
    let deep = format!("{}true{}", "not (".repeat(40), ")".repeat(40));
    assert!(holds(&deep, ValueRef::Float(1.0)));
}

#[test]
fn nested_calls_with_overloads_are_checked_in_time() {
    let nested = format!("{}'a'{} == 'a'", "trimPrefix(".repeat(40), ")".repeat(40));
    assert!(holds(&nested, ValueRef::Nil));
}

const TOKENS: [&str; 96] = [
    "result",
    "result",
    "result[0]",
    "result.a",
    "result?.b",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "?.",
    "..",
    ":",
    "::",
    ";",
    "?",
    "??",
    "|",
    "||",
    "&&",
    "&",
    "!",
    "!=",
    "==",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "**",
    "^",
    "/",
    "%",
    "#",
    "#acc",
    "#index",
    "##",
    "and",
    "or",
    "not",
    "in",
    "not in",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "let",
    "if",
    "else",
    "true",
    "false",
    "nil",
    "0",
    "1",
    "-1",
    "0.5",
    "1e3",
    "0x1F",
    "9223372036854775807",
    "1_0",
    "'a'",
    "\"b\"",
    "`c`",
    "b'd'",
    "'é'",
    "'['",
    "len",
    "all(",
    "any(",
    "filter(",
    "map(",
    "reduce(",
    "sortBy(",
    "groupBy(",
    "findLast(",
    "sum(",
    "max(",
    "isNaN(",
    "asInt(",
    "default(",
    "string(",
    "toJSON(",
    "split(",
    "date(",
    "now()",
    "duration('1h')",
    "$env",
    "x",
];

fn results() -> Vec<Value> {
    vec![
        Value::Nil,
        Value::Float(0.97),
        Value::Float(f64::NAN),
        Value::Int(7),
        Value::Bool(true),
        Value::String("héllo".to_owned()),
        Value::Vector(vec![]),
        Value::Vector(vec![0.5, f64::NAN, f64::INFINITY, 3.0]),
        Value::List(vec![1.0, 2.0]),
        Value::Json(serde_json::json!({"a": [1, {"b": null}], "b": {"c": "d"}})),
        Value::Json(serde_json::json!([[1, 2], "x", null, {"a": 1}])),
    ]
}

#[test]
fn token_soups_neither_panic_nor_hang() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let results = results();
    for _ in 0..20_000 {
        let words: Vec<_> = (0..=dice.roll(12)).map(|_| dice.pick(&TOKENS)).collect();
        let condition = Condition::compile(&words.join(dice.pick(&["", " ", " "])));
        for _ in 0..3 {
            let _ = condition.evaluate(results[dice.roll(results.len())].as_ref());
        }
    }
}

#[test]
fn garbage_neither_panics_nor_hangs() {
    const CHARS: [char; 40] = [
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        '"',
        '\'',
        '`',
        '\\',
        '#',
        '.',
        ',',
        ':',
        ';',
        '?',
        '|',
        '&',
        '=',
        '<',
        '>',
        '+',
        '-',
        '*',
        '/',
        '%',
        '^',
        '0',
        '1',
        'x',
        'u',
        'e',
        'b',
        '\n',
        '\t',
        ' ',
        'é',
        '\u{1F600}',
        '\u{0}',
        '$',
    ];
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    let results = results();
    for _ in 0..20_000 {
        let text: String = (0..dice.roll(24))
            .map(|_| CHARS[dice.roll(CHARS.len())])
            .collect();
        let condition = Condition::compile(&text);
        let _ = condition.evaluate(results[dice.roll(results.len())].as_ref());
        let pattern = format!("'aé' matches `{}`", text.replace('`', ""));
        let _ = Condition::compile(&pattern).evaluate(ValueRef::Nil);
    }
}

/// A condition over numbers that mostly fits its result.
fn numeric(dice: &mut Dice, depth: u32, vector: bool, inside: bool) -> String {
    let number = |dice: &mut Dice| {
        let leaf = match (inside && dice.roll(2) == 0, vector) {
            (true, _) => "#",
            (false, true) => dice.pick(&[
                "result[0]",
                "result[-1]",
                "result[2]",
                "len(result)",
                "max(result)",
                "sum(result)",
                "mean(result)",
                "min(result[1:])",
                "first(result)",
                "count(result, # > 0.5)",
                "result[len(result) - 1]",
                "sum(result, # * 2)",
            ]),
            (false, false) => {
                dice.pick(&["result", "-result", "asInt(result)", "default(result, 0)"])
            }
        };
        let shell = dice.pick(&[
            "@",
            "@",
            "@",
            "@ * 2",
            "@ - 0.5",
            "@ / 3",
            "abs(@)",
            "floor(@)",
            "asInt(@) % 3",
            "int(@)",
            "(@ > 1 ? @ : 0.5)",
            "@ ** 2",
            "asFloat(@)",
            "-@",
            "(@ ?? 1)",
            "round(@) + 1",
        ]);
        shell.replace('@', leaf)
    };
    if depth == 0 {
        let (left, right) = (number(dice), number(dice));
        let constant = dice.pick(&["0.5", "1", "0", "3", "nil", "1e3"]);
        let right = if dice.roll(3) == 0 { &right } else { constant };
        return match dice.roll(8) {
            0 => format!("isNaN({left})"),
            1 => format!("isInf({left})"),
            _ => format!(
                "{left} {} {right}",
                dice.pick(&["==", "!=", "<", ">", "<=", ">="])
            ),
        };
    }
    let (a, b) = (
        numeric(dice, depth - 1, vector, inside),
        numeric(dice, depth - 1, vector, inside),
    );
    match dice.roll(8) {
        0 => format!("!({a})"),
        1 => format!("({a}) ? ({b}) : ({a})"),
        2 => format!("({a}) == ({b})"),
        3 if vector => {
            let predicate = numeric(dice, depth - 1, true, true);
            let list = dice.pick(&["result", "result[1:]", "result[:-1]", "default(result, [])"]);
            let function = dice.pick(&["all", "any", "none", "one"]);
            format!("{function}({list}, {predicate})")
        }
        _ => format!("({a}) {} ({b})", dice.pick(&["&&", "||", "and", "or"])),
    }
}

#[test]
fn fast_answers_are_right_answers() {
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let scalars = [0.97, 0.0, -0.0, f64::NAN, f64::INFINITY, -2.5, 1e300];
    let vectors: [&[f64]; 5] = [
        &[],
        &[0.97],
        &[f64::NAN],
        &[0.5, 3.0, -1.0],
        &[1.0, f64::INFINITY],
    ];
    let mut answered = 0;
    for _ in 0..20_000 {
        let vector = dice.roll(2) == 0;
        let depth = u32::try_from(dice.roll(4)).unwrap_or_default();
        let condition = Condition::compile(&numeric(&mut dice, depth, vector, false));
        let shape = if vector { Shape::Vector } else { Shape::Float };
        let Ok(Program {
            fast: Some(test), ..
        }) = condition.program(shape)
        else {
            continue;
        };
        for i in 0..if vector { vectors.len() } else { scalars.len() } {
            let (input, result) = if vector {
                (
                    fast::Input {
                        scalar: 0.0,
                        vector: vectors[i],
                    },
                    ValueRef::Vector(vectors[i]),
                )
            } else {
                (
                    fast::Input {
                        scalar: scalars[i],
                        vector: &[],
                    },
                    ValueRef::Float(scalars[i]),
                )
            };
            let Some(answer) = test.value(&input, 0.0) else {
                continue;
            };
            answered += 1;
            let general = condition.evaluate_in_general(result, DEFAULT_NOW_NANOS);
            assert_eq!(general, Ok(answer), "{condition:?} for {result:?}");
        }
    }
    assert!(50_000 < answered, "only {answered} were fast");
}

#[test]
fn conditions_can_be_shared_between_threads() {
    fn shareable<T: Send + Sync + Clone>() {}
    shareable::<Condition>();
    let condition = Condition::compile("result[0] > 0.5");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(condition.evaluate(ValueRef::Vector(&[1.0])), Ok(true)));
        }
    });
}
