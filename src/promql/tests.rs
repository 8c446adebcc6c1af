//! The traps: what the engine must not get wrong, each with the shortest query that shows it.

mod lives;
mod resilience;

use super::{
    Answer, EvalError, Labels, Memory, Query, QueryErrorKind, Scratch, Steps, stale_marker,
};

/// Series from lines such as `up{job="a"} 0:1 15:2`, times in seconds.
fn store(lines: &[&str]) -> Memory {
    let mut store = Memory::new();
    for line in lines {
        let (series, samples) = line.split_once("} ").expect("labels and samples");
        let (name, labels) = series.split_once('{').expect("a name");
        let labels = labels
            .split(',')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').expect("a label"));
        let id = store.series(Labels::new(labels.chain([("__name__", name)])));
        for sample in samples.split(' ') {
            let (time, value) = sample.split_once(':').expect("a sample");
            let time: f64 = time.parse().expect("a time");
            let value = match value {
                "stale" => stale_marker(),
                value => value.parse().expect("a value"),
            };
            #[expect(clippy::cast_possible_truncation, reason = "short times")]
            store
                .append(id, (time * 1000.0) as i64, value)
                .expect("rising times");
        }
    }
    store
}

/// The answer at `seconds`, as text.
fn ask(store: &Memory, query: &str, seconds: i64) -> String {
    let compiled = match Query::compile(query) {
        Ok(compiled) => compiled,
        Err(error) => return format!("refused: {error}"),
    };
    let mut scratch = Scratch::new();
    match compiled.evaluate(store, seconds * 1000, &mut scratch) {
        Ok(Answer::Scalar(value)) => format!("{value}"),
        Ok(Answer::Vector(elements)) => elements
            .iter()
            .map(|(labels, value)| format!("{labels} {value}"))
            .collect::<Vec<_>>()
            .join("; "),
        Err(error) => format!("failed: {error}"),
    }
}

#[test]
fn windows_and_the_look_back_are_open_on_the_left() {
    let store = store(&["x{} 0:1 60:2 120:4"]);
    assert_eq!(ask(&store, "count_over_time(x[1m])", 120), "{} 1");
    assert_eq!(ask(&store, "count_over_time(x[60001ms])", 120), "{} 2");
    assert_eq!(ask(&store, "x", 419), r#"{__name__="x"} 4"#);
    assert_eq!(ask(&store, "x", 420), "");
}

#[test]
fn a_stale_marker_hides_a_series_until_its_next_sample_and_windows_skip_it() {
    let store = store(&["x{} 0:1 10:stale 30:3"]);
    assert_eq!(ask(&store, "x", 9), r#"{__name__="x"} 1"#);
    assert_eq!(ask(&store, "x", 10), "");
    assert_eq!(ask(&store, "x", 30), r#"{__name__="x"} 3"#);
    assert_eq!(ask(&store, "count_over_time(x[1m])", 30), "{} 2");
    assert_eq!(ask(&store, "absent_over_time(x[15s])", 20), "{} 1");
}

#[test]
fn an_ordinary_nan_is_a_value() {
    let store = store(&["x{} 0:NaN"]);
    assert_eq!(ask(&store, "x", 0), r#"{__name__="x"} NaN"#);
    assert_eq!(ask(&store, "x > 0", 0), "");
    assert_eq!(ask(&store, "x != 0", 0), r#"{__name__="x"} NaN"#);
}

#[test]
fn names_are_dropped_where_the_meaning_changes() {
    let store = store(&["x{a=1} 0:5"]);
    for (query, answer) in [
        ("x", r#"{__name__="x", a="1"} 5"#),
        ("x > 4", r#"{__name__="x", a="1"} 5"#),
        ("4 < x", r#"{__name__="x", a="1"} 5"#),
        ("x > bool 4", r#"{a="1"} 1"#),
        ("x + 0", r#"{a="1"} 5"#),
        ("-x", r#"{a="1"} -5"#),
        ("+x", r#"{__name__="x", a="1"} 5"#),
        ("sort(x)", r#"{__name__="x", a="1"} 5"#),
        ("topk(1, x)", r#"{__name__="x", a="1"} 5"#),
        ("last_over_time(x[1m])", r#"{__name__="x", a="1"} 5"#),
        ("max_over_time(x[1m])", r#"{a="1"} 5"#),
        ("x == x", r#"{__name__="x", a="1"} 5"#),
        ("x == on(a) x", r#"{a="1"} 5"#),
    ] {
        assert_eq!(ask(&store, query, 0), answer, "{query}");
    }
}

#[test]
fn two_series_must_not_become_one() {
    let store = store(&["x{} 0:1", "y{} 0:2"]);
    let same = "failed: vector cannot contain metrics with the same labelset";
    for query in [
        r#"{__name__=~"x|y"} + 0"#,
        r#"avg_over_time({__name__=~"x|y"}[1m:1s])"#,
        r#"count_over_time({__name__=~"x|y"}[1m])"#,
        r#"label_replace({__name__=~"x|y"}, "__name__", "z", "", "")"#,
    ] {
        assert_eq!(ask(&store, query, 0), same, "{query}");
    }
}

#[test]
fn two_series_must_not_become_one_even_at_different_steps_of_a_subquery() {
    let store = store(&["x{} 0:1 10:stale", "y{} 20:2"]);
    let kept = r#"last_over_time(last_over_time({__name__=~"x|y"}[5s])[1m:5s])"#;
    assert_eq!(
        ask(&store, kept, 20),
        r#"{__name__="x"} 1; {__name__="y"} 2"#
    );
    let dropped = r#"last_over_time(max_over_time({__name__=~"x|y"}[5s])[1m:5s])"#;
    assert!(ask(&store, dropped, 20).starts_with("failed: vector cannot"));
}

#[test]
fn a_second_partner_is_an_error_even_if_the_comparison_would_remove_it() {
    let store = store(&["x{a=1} 0:1", "x{a=2} 0:2", "y{} 0:9"]);
    assert_eq!(
        ask(&store, "x > on() y", 0),
        "failed: multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
    );
    assert_eq!(ask(&store, "x > on() group_left y", 0), "");
    assert!(ask(&store, "y > on() x", 0).contains("on the right hand-side"));
    assert!(ask(&store, "x > on() group_right y", 0).contains("on the left hand-side"));
    assert_eq!(ask(&store, "absent(y) > on() x", 0), "");
}

#[test]
fn the_one_side_may_give_labels() {
    let store = store(&["x{a=1} 0:1", "x{a=2} 0:2", "y{v=5,w=6} 0:10"]);
    assert_eq!(
        ask(&store, "x * on() group_left(v) y", 0),
        r#"{a="1", v="5"} 10; {a="2", v="5"} 20"#
    );
    assert_eq!(
        ask(&store, "y - on() group_right() x", 0),
        r#"{a="1"} 9; {a="2"} 8"#
    );
}

#[test]
fn subqueries_look_at_multiples_of_their_step() {
    let store = store(&["x{} 0:0 10:1 20:2 30:3 40:4"]);
    assert_eq!(ask(&store, "sum_over_time(x[20s:10s])", 35), "{} 5");
    assert_eq!(ask(&store, "count_over_time(x[2m:])", 119), "{} 2");
    assert_eq!(
        ask(&store, "sum_over_time(x[20s:10s] offset 10s)", 45),
        "{} 5"
    );
    assert_eq!(ask(&store, "sum_over_time(x[20s:10s] @ 35)", 9999), "{} 5");
    assert_eq!(ask(&store, "sum_over_time((x @ 10)[20s:10s])", 35), "{} 2");
}

#[test]
fn a_timestamp_is_of_the_sample_or_of_the_evaluation() {
    let store = store(&["x{} 10:1"]);
    assert_eq!(ask(&store, "timestamp(x)", 30), "{} 10");
    assert_eq!(ask(&store, "timestamp((x))", 30), "{} 10");
    assert_eq!(ask(&store, "timestamp(x + 0)", 30), "{} 30");
    assert_eq!(ask(&store, "time()", 30), "30");
}

#[test]
fn absent_takes_its_labels_from_equalities() {
    let store = store(&["x{} 0:1"]);
    for (query, labels) in [
        (r#"absent(y{a="1",b=~"2"})"#, r#"{a="1"} 1"#),
        (r#"absent((y{a="1"}))"#, r#"{a="1"} 1"#),
        (r#"absent(y{a="1",a="1"})"#, "{} 1"),
        (r#"absent(sum(y{a="1"}))"#, "{} 1"),
        (r#"absent_over_time(y{a="1"}[1m])"#, r#"{a="1"} 1"#),
        ("absent(x)", ""),
    ] {
        assert_eq!(ask(&store, query, 0), labels, "{query}");
    }
}

#[test]
fn only_the_best_remain_and_nan_is_never_among_them_before_a_number() {
    let store = store(&["x{a=1} 0:NaN", "x{a=2} 0:3", "x{a=3} 0:1", "x{a=4} 0:2"]);
    assert_eq!(
        ask(&store, "topk(2, x)", 0),
        r#"{__name__="x", a="2"} 3; {__name__="x", a="4"} 2"#
    );
    assert_eq!(
        ask(&store, "bottomk(2, x)", 0),
        r#"{__name__="x", a="3"} 1; {__name__="x", a="4"} 2"#
    );
    assert_eq!(ask(&store, "count(topk(9, x))", 0), "{} 4");
    assert_eq!(ask(&store, "topk(0, x)", 0), "");
    assert!(ask(&store, "topk(NaN, x)", 0).starts_with("failed"));
    assert_eq!(
        ask(&store, "count_values('v', x) + 0", 0)
            .matches('v')
            .count(),
        4
    );
}

#[test]
fn what_is_not_simulated_is_said_before_it_runs() {
    for query in [
        "limitk(1, x)",
        "info(x)",
        "mad_over_time(x[1m])",
        "histogram_count(x)",
        "x[5m]",
        "'text'",
        "x[5m + 1m]",
        "x </ 5",
        "start()",
        "x + fill(0) y",
        "double_exponential_smoothing(x[1m], 0.5, 0.5)",
    ] {
        let error = Query::compile(query).expect_err(query);
        assert_eq!(
            error.kind(),
            QueryErrorKind::NotSimulated,
            "{query}: {error}"
        );
    }
}

#[test]
fn what_the_reference_refuses_is_refused() {
    for query in [
        "",
        "x{__name__='y'}",
        "{}",
        "exp(Inf)",
        "ln(0)",
        "sum(3)",
        "1 > 2",
        "x and 1",
        "x and on(a) group_left y",
        "x + on(a) group_left(a) y",
        "rate(x)",
        "abs(x[1m])",
        "round()",
        "label_join(x, 'a')",
        "label_replace(x, 'a', '', 'b', '(')",
        "x[5m] offset -inf",
        "-x[5m]",
        "+x[5m]",
        "y + +x[5m]",
        "+'text'",
        "x offset 1m offset 1m",
        "x[5m][5m]",
        "0b101",
        "x{a='b' or c='d'}",
    ] {
        let error = Query::compile(query).expect_err(query);
        assert_eq!(error.kind(), QueryErrorKind::Invalid, "{query}: {error}");
    }
}

#[test]
fn a_scratch_serves_one_query_after_another_and_a_changing_store() {
    let mut first = store(&["x{a=1} 0:1"]);
    let second = store(&["x{a=2} 0:2"]);
    let mut scratch = Scratch::new();
    let sum = Query::compile("sum(x)").expect("a query");
    let all = Query::compile("x").expect("a query");
    let mut value = |query: &Query, store: &Memory| match query
        .evaluate(store, 0, &mut scratch)
        .expect("an answer")
    {
        Answer::Vector(elements) => elements.values().sum::<f64>(),
        Answer::Scalar(value) => value,
    };
    assert_eq!(value(&sum, &first).to_bits(), 1.0_f64.to_bits());
    assert_eq!(value(&sum, &second).to_bits(), 2.0_f64.to_bits());
    assert_eq!(value(&all, &first).to_bits(), 1.0_f64.to_bits());
    let new = first.series(Labels::new([("__name__", "x"), ("a", "3")]));
    first.append(new, 0, 5.0).expect("a sample");
    assert_eq!(value(&all, &first).to_bits(), 6.0_f64.to_bits());
}

#[test]
fn a_range_query_is_one_series_for_each_label_set() {
    let store = store(&["x{a=1} 0:1 10:2", "x{a=2} 10:5"]);
    let steps = Steps {
        start: 0,
        end: 25_000,
        step: 10_000,
    };
    let mut scratch = Scratch::new();
    let query = Query::compile("x @ end() + time()").expect("a query");
    let series = query
        .evaluate_range(&store, steps, &mut scratch)
        .expect("series");
    assert_eq!(series.len(), 2);
    assert_eq!(series[0].labels.to_string(), r#"{a="1"}"#);
    assert_eq!(series[0].times, [0, 10_000, 20_000]);
    assert_eq!(series[0].values, [2.0, 12.0, 22.0]);
    let fine = Steps { step: 1, ..steps };
    assert!(query.evaluate_range(&store, fine, &mut scratch).is_err());
}

#[test]
fn too_much_work_is_an_error() {
    let store = store(&["x{} 0:1"]);
    let query = Query::compile("count_over_time(vector(1)[290y:1ms])").expect("a query");
    let mut scratch = Scratch::new();
    let answer = query.evaluate(&store, i64::MAX, &mut scratch);
    assert_eq!(answer.map(|_| ()), Err(EvalError::TooMuchWork));
}

#[test]
fn every_stable_function_is_known_to_the_parser() {
    for of_vector in [
        "abs",
        "absent",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "ceil",
        "cos",
        "cosh",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "days_in_month",
        "deg",
        "exp",
        "floor",
        "hour",
        "ln",
        "log10",
        "log2",
        "minute",
        "month",
        "rad",
        "round",
        "scalar",
        "sgn",
        "sin",
        "sinh",
        "sort",
        "sort_desc",
        "sqrt",
        "tan",
        "tanh",
        "timestamp",
        "year",
    ] {
        let text = format!("{of_vector}(x)");
        assert!(Query::compile(&text).is_ok(), "{text}");
    }
    for of_range in [
        "absent_over_time",
        "avg_over_time",
        "changes",
        "count_over_time",
        "delta",
        "deriv",
        "first_over_time",
        "idelta",
        "increase",
        "irate",
        "last_over_time",
        "max_over_time",
        "min_over_time",
        "present_over_time",
        "rate",
        "resets",
        "stddev_over_time",
        "stdvar_over_time",
        "sum_over_time",
    ] {
        let text = format!("{of_range}(x[5m])");
        assert!(Query::compile(&text).is_ok(), "{text}");
    }
    for text in [
        "clamp(x, 0, 1)",
        "clamp_max(x, 1)",
        "clamp_min(x, 1)",
        "histogram_fraction(0, 1, x)",
        "histogram_quantile(0.5, x)",
        "label_join(x, 'a', ',')",
        "label_join(x, 'a', ',', 'b', 'c')",
        "label_replace(x, 'a', '$1', 'b', '(.*)')",
        "pi() + time()",
        "predict_linear(x[5m], 60)",
        "quantile_over_time(0.5, x[5m])",
        "vector(1)",
        "hour()",
    ] {
        assert!(Query::compile(text).is_ok(), "{text}");
    }
}

#[test]
fn a_nan_may_be_ordered_but_not_sorted_first() {
    let store = store(&["x{a=1} 0:NaN", "x{a=2} 0:3", "x{a=3} 0:1"]);
    for (query, last) in [("sort(x)", "NaN"), ("sort_desc(x)", "NaN")] {
        assert!(ask(&store, query, 0).ends_with(last), "{query}");
    }
}

#[test]
fn keywords_may_be_labels_and_labels_may_be_quoted() {
    let store = store(&["x{by=1,on=2} 0:5"]);
    assert_eq!(
        ask(&store, r#"sum by (by, "on") (x{by="1"})"#, 0),
        r#"{by="1", on="2"} 5"#
    );
    assert_eq!(
        ask(&store, r#"{"x", "by"=~"1"} + 0"#, 0),
        r#"{by="1", on="2"} 5"#
    );
}

#[test]
fn a_query_knows_how_far_back_it_looks_and_at_what() {
    for (query, millis) in [
        ("1", Some(0)),
        ("x", Some(300_000)),
        ("x offset 1m", Some(360_000)),
        ("rate(x[1m]) / rate(y[10m] offset 1m)", Some(660_000)),
        (
            "max_over_time(rate(x[5m])[1h:1m] offset 1m)",
            Some(3_960_000),
        ),
        ("x @ 100", None),
        ("x @ end()", Some(300_000)),
        ("x offset -1h", Some(0)),
    ] {
        let compiled = Query::compile(query).expect(query);
        assert_eq!(compiled.reach(), millis, "{query}");
    }
    let query = Query::compile(r#"sum(x{a=~"1.*"}) + y"#).expect("a query");
    let selects = |name, a| query.selects(&Labels::new([("__name__", name), ("a", a)]));
    assert!(selects("x", "12") && selects("y", ""));
    assert!(!selects("x", "2") && !selects("z", "1"));
}
