//! Recorded answers of the reference engines against ours. The corpus is `tests/corpus`, or the folder
//! that `COALMINE_CORPUS` names.

mod conformance {
    pub mod expr;
}

#[test]
fn conditions_answer_like_the_reference() {
    let corpus = std::env::var("COALMINE_CORPUS").unwrap_or_else(|_| "tests/corpus".to_owned());
    let mut failures = Vec::new();
    for group in conformance::expr::run(corpus.as_ref()) {
        println!("{} {}/{}", group.name, group.passed, group.total);
        println!(
            "  same text: {}/{} errors",
            group.errors_same_text, group.errors
        );
        for text in &group.other_texts {
            println!("  {text}");
        }
        failures.extend(group.failures.iter().take(3).cloned());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
