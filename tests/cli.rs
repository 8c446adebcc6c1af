//! The program from outside: exact output, exact errors, exact exit codes.

#[expect(dead_code, reason = "these tests use a part of it")]
#[path = "command/program.rs"]
mod program;

mod cli {
    mod formats;
    mod input;
    mod query;
    mod run;
    mod usage;

    fn rollout(name: &str, strategy: &str) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: {name}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: web, image: \"example.com/web:v2\"}}]
  strategy:
    {strategy}
"
        )
    }

    const STEPS: &str = "canary: {steps: [{setWeight: 50}, {pause: {duration: 30s}}]}";
    const GATE: &str = "canary: {steps: [{setWeight: 50}, {pause: {}}]}";
    const ANALYSED: &str = "canary: {steps: [{analysis: {templates: [{templateName: check}]}}]}";
    const CHECK: &str = "---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: check}
spec:
  metrics:
  - name: rate
    successCondition: result[0] > 0.9
    provider: {prometheus: {address: x, query: up}}
";
    const BAD: &str = "apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {name: bad}
spec:
  metrics: {rate: [{from: 0s, vector: [0.5]}]}
";

    const SERVED: &str = "apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {name: served}
spec:
  until: 100s
  traffic: {rps: 100}
  images: {default: {startup: 0s, errorRate: 0.1}}
";
}
