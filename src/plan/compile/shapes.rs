//! In which shape the provider of a metric hands over what it finds: read off its query and the conditions of the metric.
//!
//! Simplifies: queries are looked through as texts. What they would name in the result (a name after `as`, an alias of GraphQL) counts
//! only where the conditions name nothing themselves.

use crate::document::Step;
use crate::plan::analysis_template::{ProviderKind, ResolvedMetric};
use crate::plan::environment::{Document, Shape};
use crate::spec::provider::{CloudWatchMetric, DatadogMetric};

/// The shape of a metric's results.
pub(crate) fn shape(metric: &ResolvedMetric) -> Shape {
    let provider = &metric.provider;
    let document = |nothing, whole, named: Option<Vec<Step>>| {
        let mut places = metric.places();
        if places.is_empty() {
            places.extend(named);
        }
        Shape::Document(Document {
            places,
            nothing,
            whole,
        })
    };
    match &metric.kind {
        ProviderKind::Prometheus | ProviderKind::Job => Shape::Vector,
        ProviderKind::Kayenta => Shape::Score,
        ProviderKind::Datadog => Shape::Datadog {
            grouped: provider.datadog.as_ref().is_some_and(is_grouped),
        },
        ProviderKind::Wavefront => Shape::Wavefront,
        ProviderKind::Graphite => Shape::Graphite,
        ProviderKind::Influxdb => Shape::Influxdb,
        ProviderKind::CloudWatch => Shape::CloudWatch {
            results: provider
                .cloud_watch
                .as_ref()
                .map_or_else(Vec::new, cloud_watch_results),
        },
        ProviderKind::NewRelic => {
            let query = provider.new_relic.as_ref();
            let query = query.and_then(|one| one.query.as_deref());
            let named = Some(vec![Step::Field(nrql_name(query.unwrap_or_default()))]);
            document(Some("no results returned from NRQL query"), false, named)
        }
        ProviderKind::SkyWalking => {
            let query = provider.skywalking.as_ref();
            let named = graphql_place(query.and_then(|one| one.query.as_deref()));
            let nothing = "no results returned from SkyWalking query";
            document(Some(nothing), true, named)
        }
        ProviderKind::Plugin(_) if metric.places().is_empty() => Shape::Float,
        ProviderKind::Web | ProviderKind::Plugin(_) => document(None, false, None),
    }
}

/// Whether a query has groups, as in `avg:x{y} by {z}`; the API of version 1 shows the first series only
/// (`metricproviders/datadog/datadog.go: parseResponseV1, parseResponseV2`).
fn is_grouped(datadog: &DatadogMetric) -> bool {
    let version = datadog.api_version.as_deref().unwrap_or("v1");
    let queries = datadog.queries.iter().flat_map(|queries| queries.values());
    let mut texts = queries.chain(&datadog.query);
    let words = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    version != "v1" && texts.any(|text| words(text).contains(" by {"))
}

/// Id and label of the queries whose data is returned. Without a label `CloudWatch` shows the name of the metric, or the id.
fn cloud_watch_results(cloud_watch: &CloudWatchMetric) -> Vec<[String; 2]> {
    let queries = cloud_watch.metric_data_queries.iter().flatten();
    let returned = queries.filter(|query| query.return_data != Some(false));
    let result = |query: &crate::spec::provider::CloudWatchMetricDataQuery| {
        let id = query.id.clone().unwrap_or_default();
        let metric = query
            .metric_stat
            .as_ref()
            .and_then(|stat| stat.metric.as_ref())
            .and_then(|metric| metric.metric_name.clone());
        let label = query.label.clone().or(metric);
        [id.clone(), label.unwrap_or(id)]
    };
    returned.map(result).collect()
}

/// The name under which New Relic shows the value of a query: that after `as`, or the function.
fn nrql_name(query: &str) -> String {
    let words: Vec<&str> = query.split_whitespace().collect();
    let after = |keyword: &str| {
        let at = words
            .iter()
            .position(|word| word.eq_ignore_ascii_case(keyword))?;
        words.get(at + 1)
    };
    let name = after("as").map(|word| word.trim_matches(['\'', '"', '`', ',']));
    let function = after("select").and_then(|word| word.split('(').next());
    name.or(function).unwrap_or("result").to_owned()
}

/// Where `SkyWalking` shows the values of a query: under its alias, or its name.
fn graphql_place(query: Option<&str>) -> Option<Vec<Step>> {
    let query = query?;
    let field = |name: &str| Step::Field(name.to_owned());
    let (before, rest) = query.split_once("readMetrics")?;
    let alias = before.trim_end().strip_suffix(':').map(|before| {
        let words = before
            .trim_end()
            .rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_');
        words.into_iter().next().unwrap_or_default()
    });
    let kind: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let name = format!("readMetrics{kind}");
    let root = field(alias.filter(|alias| !alias.is_empty()).unwrap_or(&name));
    Some(match kind.as_str() {
        "Values" => vec![
            root,
            field("values"),
            field("values"),
            Step::Index(0),
            field("value"),
        ],
        _ => vec![root],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::nested;
    use serde_json::json;

    #[test]
    fn new_relic_names_values_as_the_query_says() {
        assert_eq!(nrql_name("SELECT count(*) FROM T"), "count");
        assert_eq!(
            nrql_name(
                "FROM T SELECT percentage(count(*), WHERE ok) AS 'successRate' SINCE 5 minutes ago"
            ),
            "successRate"
        );
        assert_eq!(nrql_name(""), "result");
    }

    #[test]
    fn sky_walking_names_values_by_alias() {
        let place = |query: &str| {
            nested(&graphql_place(Some(query)).expect("metrics"), &json!(1)).to_string()
        };
        assert_eq!(
            place(
                "query q($d: Duration!) { sla: readMetricsValues(condition: {name: \"x\"}) { label } }"
            ),
            r#"{"sla":{"values":{"values":[{"value":1}]}}}"#
        );
        assert_eq!(
            place("query { readMetricsValue(condition: {}) }"),
            r#"{"readMetricsValue":1}"#
        );
        assert_eq!(graphql_place(Some("query { services }")), None);
    }

    #[test]
    fn groups_need_the_second_version_of_the_api() {
        let grouped = |version: Option<&str>, query: &str| {
            is_grouped(&DatadogMetric {
                api_version: version.map(str::to_owned),
                query: Some(query.to_owned()),
                ..DatadogMetric::default()
            })
        };
        assert!(grouped(Some("v2"), "avg:errors{app:x}  by {host}"));
        assert!(!grouped(Some("v2"), "avg:errors{app:x}"));
        assert!(!grouped(Some("v1"), "avg:errors{app:x} by {host}"));
        assert!(!grouped(None, "avg:errors{app:x} by {host}"));
    }
}
