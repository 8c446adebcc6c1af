//! `coalmine trials` and `coalmine merge`, run as a user runs them.

#[expect(dead_code, reason = "these tests use a part of it")]
#[path = "command/program.rs"]
mod program;
#[path = "golden/readme.rs"]
mod readme;

mod trials {
    use serde_json::Value;

    mod answers;
    mod compared;
    mod kept;

    const NOISE: &str = "scenarios/gate-under-noise";

    fn share<'a>(document: &'a Value, verdict: &str) -> &'a Value {
        let shares = document["verdicts"].as_array().expect("shares");
        let found = shares.iter().find(|share| share["verdict"] == verdict);
        found.expect("a run with the verdict")
    }
}
