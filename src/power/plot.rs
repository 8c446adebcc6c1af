//! The curve as a picture: the share of releases that are rolled back over their error rate.
//!
//! Knows: axes, marks and colours; the picture is SVG, whose text stays text. Refuses to know files. Simplifies: the
//! rates stand on a logarithmic axis, so that a rate of 0 has no place.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;

use crate::power::rates::shown;
use crate::power::report::{Point, Report};

const SIZE: (u32, u32) = (900, 560);
const SIMULATED: RGBColor = RGBColor(31, 96, 160);
const EXACT: RGBColor = RGBColor(200, 80, 20);
const HEALTHY: RGBColor = RGBColor(30, 130, 60);
const GREY: RGBColor = RGBColor(110, 110, 110);
const FONT: &str = "sans-serif";

/// Draws the curve with its band.
///
/// # Errors
///
/// Says why there is nothing to draw.
pub fn svg(report: &Report) -> Result<String, String> {
    let points: Vec<&Point> = report
        .points
        .iter()
        .filter(|point| 0.0 < point.error_rate)
        .collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Err("a picture needs two rates above 0%".to_owned());
    };
    if points.len() < 2 {
        return Err("a picture needs two rates above 0%".to_owned());
    }
    let mut picture = String::new();
    let range = (first.error_rate, last.error_rate);
    draw(&mut picture, report, &points, range).map_err(|error| error.to_string())?;
    Ok(picture)
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(picture: &mut String, report: &Report, points: &[&Point], range: (f64, f64)) -> Drawn {
    let area = SVGBackend::with_string(picture, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (title, chart_area) = area.split_vertically(64);
    title.draw(&Text::new(
        report.title.clone(),
        (24, 14),
        (FONT, 20).into_font().color(&BLACK),
    ))?;
    title.draw(&Text::new(
        subtitle(report),
        (24, 42),
        (FONT, 14).into_font().color(&GREY),
    ))?;
    let across = Axis {
        ends: (range.0.ln(), range.1.ln()),
        marks: ticks(range).iter().map(|rate| rate.ln()).collect(),
    };
    let up = Axis {
        ends: (0.0, 100.0),
        marks: (0..=10).map(|tenth| f64::from(tenth) * 10.0).collect(),
    };
    let mut chart = ChartBuilder::on(&chart_area)
        .margin(10)
        .margin_right(30)
        .x_label_area_size(50)
        .y_label_area_size(70)
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .x_desc("true error rate of the release (% of its requests)")
        .y_desc("rolled back (% of runs)")
        .x_label_formatter(&|rate| shown(rate.exp()))
        .y_label_formatter(&|share| format!("{share} %"))
        .label_style((FONT, 14))
        .axis_desc_style((FONT, 15))
        .bold_line_style(BLACK.mix(0.12))
        .light_line_style(TRANSPARENT)
        .draw()?;
    let place = |rate: f64, share: f64| (rate.ln(), share * 100.0);
    let upper = points
        .iter()
        .map(|point| place(point.error_rate, point.high));
    let lower = points
        .iter()
        .map(|point| place(point.error_rate, point.low));
    let band: Vec<(f64, f64)> = upper.chain(lower.rev()).collect();
    chart.draw_series([Polygon::new(band, SIMULATED.mix(0.22).filled())])?;
    for level in [0.9, 0.99] {
        let line = vec![place(range.0, level), place(range.1, level)];
        chart.draw_series([PathElement::new(line, GREY.mix(0.6))])?;
    }
    let healthy = points.iter().find(|point| point.healthy);
    if let Some(point) = healthy {
        let line = vec![place(point.error_rate, 0.0), place(point.error_rate, 1.0)];
        chart
            .draw_series([PathElement::new(line, HEALTHY.stroke_width(2))])?
            .label(format!("healthy: {}", shown(point.error_rate)))
            .legend(|(x, y)| PathElement::new([(x, y), (x + 22, y)], HEALTHY.stroke_width(2)));
    }
    let curve: Vec<(f64, f64)> = points
        .iter()
        .map(|point| place(point.error_rate, point.share))
        .collect();
    chart
        .draw_series([PathElement::new(curve.clone(), SIMULATED.stroke_width(2))])?
        .label("simulated, with its 95 % interval")
        .legend(|(x, y)| {
            Rectangle::new([(x, y - 5), (x + 22, y + 5)], SIMULATED.mix(0.5).filled())
        });
    chart.draw_series(
        curve
            .iter()
            .map(|point| Circle::new(*point, 3, SIMULATED.filled())),
    )?;
    let exact: Option<Vec<(f64, f64)>> = points
        .iter()
        .map(|point| Some(place(point.error_rate, point.exact?)))
        .collect();
    if let Some(exact) = exact {
        chart
            .draw_series([PathElement::new(exact, EXACT.stroke_width(1))])?
            .label("closed form")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 22, y)], EXACT.stroke_width(1)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::Coordinate(24, 16))
        .background_style(WHITE.mix(0.9))
        .border_style(GREY.mix(0.5))
        .label_font((FONT, 14))
        .draw()?;
    area.present()?;
    Ok(())
}

/// An axis whose marks are given.
#[derive(Clone)]
struct Axis {
    ends: (f64, f64),
    marks: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "pixels of a small picture")]
    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = (value - self.ends.0) / (self.ends.1 - self.ends.0);
        let (from, to) = (f64::from(limit.0), f64::from(limit.1));
        (from + part * (to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.ends.0..self.ends.1
    }
}

fn subtitle(report: &Report) -> String {
    let world = report.scenario.as_ref();
    let world = world.map_or("default world".to_owned(), |name| {
        format!("scenario {name}")
    });
    let runs: u64 = report.points.iter().map(|point| point.runs).sum();
    format!("{world}, {runs} runs in all, seed {}", report.seed)
}

/// Rates at which an axis has marks: 1, 2 and 5 times powers of ten; of few of them the ends, too.
fn ticks((first, last): (f64, f64)) -> Vec<f64> {
    let (first, last) = (first * (1.0 - 1e-9), last * (1.0 + 1e-9));
    let all = (-12..=0).flat_map(|power| {
        [1, 2, 5].map(|digit| {
            // Powers of ten as texts are exact to the last digit.
            format!("{digit}e{power}").parse().unwrap_or(f64::NAN)
        })
    });
    let mut ticks: Vec<f64> = all.filter(|rate| first <= *rate && *rate <= last).collect();
    if ticks.len() < 3 {
        ticks.extend([first, last]);
        ticks.sort_by(f64::total_cmp);
        ticks.dedup_by(|a, b| (*a / *b - 1.0).abs() < 1e-6);
    }
    if 12 < ticks.len() {
        // Over many powers of ten these alone are enough.
        ticks = (-12..=0)
            .map(|power| 10_f64.powi(power))
            .filter(|rate| first <= *rate && *rate <= last)
            .collect();
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_not_too_many() {
        let marks = |first, last| {
            ticks((first, last))
                .into_iter()
                .map(shown)
                .collect::<Vec<_>>()
        };
        assert_eq!(marks(0.005, 0.1), ["0.5%", "1%", "2%", "5%", "10%"]);
        assert_eq!(marks(0.011, 0.015).len(), 2);
        assert_eq!(marks(1e-7, 1.0).len(), 8);
    }
}
