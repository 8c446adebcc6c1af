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

/// Whether a curve over these rates can be drawn: a line needs two places.
#[must_use]
pub fn is_drawable(rates: &[f64]) -> bool {
    1 < rates.iter().filter(|rate| 0.0 < **rate).count()
}

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
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

fn draw(picture: &mut String, report: &Report, points: &[&Point], range: (f64, f64)) -> Drawn {
    let area = SVGBackend::with_string(picture, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (title, rest) = area.split_vertically(64);
    let style = (FONT, 24).into_font().color(&BLACK);
    title.draw(&Text::new(report.title.clone(), (24, 12), style))?;
    let style = font().color(&GREY);
    title.draw(&Text::new(subtitle(report), (24, 40), style))?;
    let across = Axis {
        ends: (range.0.ln(), range.1.ln()),
        marks: ticks(range).iter().map(|rate| rate.ln()).collect(),
    };
    let up = Axis {
        ends: (0.0, 100.0),
        marks: (0..=10).map(|tenth| f64::from(tenth) * 10.0).collect(),
    };
    let mut chart = ChartBuilder::on(&rest)
        .margin(10)
        .margin_right(30)
        .x_label_area_size(54)
        .y_label_area_size(80)
        .build_cartesian_2d(across.clone(), up)?;
    chart
        .configure_mesh()
        .x_desc("true error rate of the release (% of its requests)")
        .y_desc("rolled back (% of runs)")
        .x_label_formatter(&|rate| shown(rate.exp()))
        .y_label_formatter(&|share| format!("{share}%"))
        .label_style(font())
        .axis_desc_style((FONT, 18))
        .bold_line_style(BLACK.mix(0.12))
        .light_line_style(TRANSPARENT)
        .draw()?;
    simulated(&mut chart, points)?;
    marked(&mut chart, report)?;
    // The curve leaves the upper left corner free, unless it is steep there.
    let is_steep = |point: &&&Point| across.part(point.error_rate.ln()) < 0.45;
    let highest = points.iter().filter(is_steep).map(|point| point.high);
    let corner = if highest.fold(0.0, f64::max) < 0.7 {
        SeriesLabelPosition::Coordinate(24, 16)
    } else {
        SeriesLabelPosition::LowerRight
    };
    chart
        .configure_series_labels()
        .position(corner)
        .background_style(WHITE.mix(0.9))
        .border_style(GREY.mix(0.5))
        .label_font(font())
        .draw()?;
    area.present()?;
    Ok(())
}

/// The curve, its band, and the closed form where it is known.
fn simulated(chart: &mut Chart<'_, '_>, points: &[&Point]) -> Drawn {
    let line = |share: fn(&Point) -> Option<f64>| -> Option<Vec<(f64, f64)>> {
        let places = points
            .iter()
            .map(|point| Some(place(point.error_rate, share(point)?)));
        places.collect()
    };
    let mut band = line(|point| Some(point.high)).unwrap_or_default();
    band.extend(
        line(|point| Some(point.low))
            .unwrap_or_default()
            .iter()
            .rev(),
    );
    chart.draw_series([Polygon::new(band, SIMULATED.mix(0.22).filled())])?;
    let curve = line(|point| Some(point.share)).unwrap_or_default();
    chart
        .draw_series([PathElement::new(curve.clone(), SIMULATED.stroke_width(2))])?
        .label("simulated, with its 95 % interval")
        .legend(|(x, y)| {
            Rectangle::new([(x, y - 5), (x + 22, y + 5)], SIMULATED.mix(0.5).filled())
        });
    let dots = curve
        .iter()
        .map(|at| Circle::new(*at, 3, SIMULATED.filled()));
    chart.draw_series(dots)?;
    if let Some(exact) = line(|point| point.exact) {
        chart
            .draw_series([PathElement::new(exact, EXACT.stroke_width(1))])?
            .label("closed form")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 22, y)], EXACT.stroke_width(1)));
    }
    Ok(())
}

/// What is to be read off: the healthy rate, and the rates that are caught.
fn marked(chart: &mut Chart<'_, '_>, report: &Report) -> Drawn {
    let healthy = report.points.iter().find(|point| point.healthy);
    if let Some(point) = healthy.filter(|point| 0.0 < point.error_rate) {
        let rate = point.error_rate;
        let line = vec![place(rate, 0.0), place(rate, 1.0)];
        let style = HEALTHY.stroke_width(2);
        chart
            .draw_series([PathElement::new(line, style)])?
            .label(format!("a healthy release: {}", shown(rate)))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style));
    }
    for caught in &report.caught {
        let Some(rate) = caught.error_rate else {
            continue;
        };
        let line = vec![place(rate, 0.0), place(rate, caught.power)];
        let digits = format!("{:.2e}", rate * 100.0).parse::<f64>();
        let digits = digits.unwrap_or(f64::NAN);
        let style = GREY.stroke_width(1);
        chart
            .draw_series([PathElement::new(line, style)])?
            .label(format!(
                "{:.0} % caught: from {digits}% on",
                caught.power * 100.0
            ))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style));
    }
    Ok(())
}

fn place(rate: f64, share: f64) -> (f64, f64) {
    (rate.ln(), share * 100.0)
}

fn font() -> FontDesc<'static> {
    (FONT, 17).into_font()
}

/// An axis whose marks are given.
#[derive(Clone)]
struct Axis {
    ends: (f64, f64),
    marks: Vec<f64>,
}

impl Axis {
    /// Where a value is between the ends, 0 to 1.
    fn part(&self, value: f64) -> f64 {
        (value - self.ends.0) / (self.ends.1 - self.ends.0)
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "pixels of a small picture")]
    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = self.part(*value);
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
