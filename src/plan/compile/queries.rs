//! Queries that metrics ask of the simulated service itself.
//!
//! Follows `metricproviders/prometheus/prometheus.go: executeQuery`. Refuses to know when they are asked.

use crate::condition::Moment;
use crate::duration;
use crate::plan::analysis_template::ResolvedMetric;
use crate::plan::environment::{AskedRange, Asking, Gauge, Profile, QueryId, Scraping};
use crate::promql::{Query, QueryErrorKind, Selector};
use crate::series;
use crate::spec::provider::PrometheusMetric;
use crate::time::Delta;

/// The queries of a plan.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    asked: Vec<(Key, Asking)>,
    remarks: Vec<QueryRemark>,
    /// Whose metrics they name.
    profiles: Vec<Profile>,
}

/// What makes two questions the same: the query and its range.
type Key = (String, Option<[String; 3]>);

/// What is to be said about a metric's own query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryRemark {
    /// The metric.
    pub metric: String,
    /// The query.
    pub query: String,
    /// What is the matter with it.
    pub trouble: QueryTrouble,
}

/// What is the matter with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryTrouble {
    /// Prometheus refuses it; where, if that is known \[bytes\].
    Refused(String, Option<usize>),
    /// Prometheus would answer it, and we would not.
    NotSimulated(String),
    /// It looks at metrics that nobody exports, among them this one.
    Unknown(String),
    /// There is none: it is a Job, and the scenario binds it to a number.
    Job,
}

/// What a metric's own query comes to.
pub(super) enum Own {
    /// It is asked.
    Asked(Gauge),
    /// The provider fails with this message.
    Fails(String),
}

impl Queries {
    /// What the query of a metric comes to; `None` if it has none, or none that is simulated.
    pub(super) fn own(&mut self, metric: &ResolvedMetric, scraping: &Scraping) -> Option<Own> {
        let provider = metric.provider.prometheus.as_ref()?;
        let text = provider.query.as_deref().unwrap_or_default();
        let key = (text.to_owned(), range_texts(provider));
        if let Some(known) = self.asked.iter().position(|(asked, _)| *asked == key) {
            return Some(Own::Asked(gauge(known)));
        }
        let query = match Query::compile(text) {
            Ok(query) => query,
            Err(error) => {
                let message = error.message().to_owned();
                return if error.kind() == QueryErrorKind::Invalid {
                    let fails = format!("bad_data: invalid parameter \"query\": {message}");
                    self.remark(metric, QueryTrouble::Refused(message, error.position()));
                    Some(Own::Fails(fails))
                } else {
                    self.remark(metric, QueryTrouble::NotSimulated(message));
                    None
                };
            }
        };
        for name in query.selectors().iter().filter_map(Selector::metric) {
            let is_given = scraping.given.iter().any(|given| given.name == name);
            let profile = series::exporter_of(name, scraping);
            if profile.is_none() && !is_given {
                self.remark(metric, QueryTrouble::Unknown(name.to_owned()));
                return None;
            }
            self.profiles.extend(profile);
        }
        let range = match range(provider) {
            Ok(range) => range,
            Err(message) => return Some(Own::Fails(message)),
        };
        self.asked.push((key, Asking { query, range }));
        Some(Own::Asked(gauge(self.asked.len() - 1)))
    }

    /// The questions, what is to be said of them, and whose metrics they name.
    pub(super) fn finish(self) -> (Vec<Asking>, Vec<QueryRemark>, Vec<Profile>) {
        let asked = self.asked.into_iter().map(|(_, asking)| asking).collect();
        (asked, self.remarks, self.profiles)
    }

    pub(super) fn remark(&mut self, metric: &ResolvedMetric, trouble: QueryTrouble) {
        let provider = metric.provider.prometheus.as_ref();
        let query = provider.and_then(|provider| provider.query.clone());
        let remark = QueryRemark {
            metric: metric.name.clone(),
            query: query.unwrap_or_default(),
            trouble,
        };
        let same =
            |known: &QueryRemark| known.metric == remark.metric && known.trouble == remark.trouble;
        if !self.remarks.iter().any(same) {
            self.remarks.push(remark);
        }
    }
}

fn gauge(index: usize) -> Gauge {
    Gauge::Query(QueryId(u16::try_from(index).unwrap_or(u16::MAX)))
}

fn range_texts(provider: &PrometheusMetric) -> Option<[String; 3]> {
    let range = provider.range_query.as_ref()?;
    let texts = [&range.start, &range.end, &range.step];
    Some(texts.map(|text| text.clone().unwrap_or_default()))
}

/// The range of a query, or the message of every measurement.
fn range(provider: &PrometheusMetric) -> Result<Option<AskedRange>, String> {
    let Some([start, end, step]) = range_texts(provider) else {
        return Ok(None);
    };
    let moment = |name: &str, text: &str| {
        let moment = Moment::compile(text);
        match moment.problem() {
            Some(error) => Err(format!(
                "failed to parse rangeQuery.{name} as time: {error}"
            )),
            None => Ok(moment),
        }
    };
    let (start, end) = (moment("start", &start)?, moment("end", &end)?);
    let step = duration::parse(&step)
        .map_err(|error| format!("failed to parse rangeQuery.step as duration: {error}"))?;
    if step <= 0 {
        let message = "bad_data: invalid parameter \"step\": zero or negative query resolution step widths are \
                       not accepted. Try a positive integer";
        return Err(message.to_owned());
    }
    let step = Delta::from_nanos(step);
    Ok(Some(AskedRange { start, end, step }))
}
