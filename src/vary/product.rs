//! All ways to vary several fields at once.
//!
//! Knows: the product of grids, and samples of it that fill it evenly. Refuses to know what the fields are
//! ([`super::changed`]). Simplifies: a sample is taken by number, not by the size of values.

use std::collections::BTreeSet;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::grid::{Amount, Grid};

/// A field and the values that it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// The path, as a change has it.
    pub path: String,
    /// The values.
    pub grid: Grid,
}

/// Fields that are varied together.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    dimensions: Vec<Dimension>,
}

impl Dimension {
    /// Reads `failureLimit=0..5`, `interval=30s,1m,2m`, `steps[*].pause.duration=2m..20m`. A range of durations or rates
    /// takes `points` values.
    ///
    /// # Errors
    ///
    /// Says in a few words what is wrong.
    pub fn parse(text: &str, points: usize) -> Result<Self, String> {
        let (path, values) = text.split_once('=').ok_or("it has no `=`")?;
        let grid = Grid::parse(values, points)?;
        super::Change::parse(&format!("{path}=0"))?;
        Ok(Self {
            path: path.trim().to_owned(),
            grid,
        })
    }
}

impl Product {
    /// The product of these; the last one varies fastest. Nothing varied gives one point without changes.
    #[must_use]
    pub fn new(dimensions: Vec<Dimension>) -> Self {
        Self { dimensions }
    }

    /// What is varied.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// How many points there are; beyond 64 bits the largest number.
    #[must_use]
    pub fn size(&self) -> u64 {
        let sizes = self
            .dimensions
            .iter()
            .map(|dimension| dimension.grid.values().len());
        sizes.fold(1, |size, values| {
            size.saturating_mul(u64::try_from(values).unwrap_or(u64::MAX))
        })
    }

    /// All points, each by the number of the value of each dimension. Only for products of a reasonable size.
    #[must_use]
    pub fn all(&self) -> Vec<Vec<usize>> {
        let mut points = vec![Vec::new()];
        for dimension in &self.dimensions {
            let values = 0..dimension.grid.values().len();
            let longer = points.iter().flat_map(|point| {
                values.clone().map(move |value| {
                    let mut point = point.clone();
                    point.push(value);
                    point
                })
            });
            points = longer.collect();
        }
        points
    }

    /// At most so many different points that fill the product evenly: multiples of powers of the number that generalises
    /// the golden ratio to the dimension (M. Roberts, 2018), from a start that the seed draws. Deterministic.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "places on a grid of at most a thousand values"
    )]
    pub fn sample(&self, count: usize, seed: u64) -> Vec<Vec<usize>> {
        let ratio = ratio(self.dimensions.len());
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut axes: Vec<(f64, f64, usize)> = Vec::new();
        let mut step = 1.0;
        for dimension in &self.dimensions {
            step /= ratio;
            axes.push((random.random::<f64>(), step, dimension.grid.values().len()));
        }
        let (mut known, mut points) = (BTreeSet::new(), Vec::new());
        // Points come again where the product is not much larger than the sample.
        for _ in 0..count.saturating_mul(20) {
            if count <= points.len() {
                break;
            }
            let point: Vec<usize> = axes
                .iter_mut()
                .map(|(place, step, values)| {
                    *place = (*place + *step).fract();
                    ((*place * *values as f64) as usize).min(*values - 1)
                })
                .collect();
            if known.insert(point.clone()) {
                points.push(point);
            }
        }
        points.sort();
        points
    }

    /// The values of a point.
    pub fn values(&self, point: &[usize]) -> impl Iterator<Item = Amount> {
        let pairs = self.dimensions.iter().zip(point);
        pairs.map(|(dimension, value)| dimension.grid.values()[*value])
    }

    /// The changes that lead to a point, as [`super::changed`] takes them.
    #[must_use]
    pub fn changes(&self, point: &[usize]) -> Vec<String> {
        let pairs = self.dimensions.iter().zip(self.values(point));
        let change = |(dimension, value): (&Dimension, Amount)| {
            format!("{}={}", dimension.path, value.to_json())
        };
        pairs.map(change).collect()
    }
}

/// The positive root of x^(d + 1) = x + 1.
fn ratio(dimensions: usize) -> f64 {
    let power = 1.0 / (f64::from(u32::try_from(dimensions).unwrap_or(u32::MAX)) + 1.0);
    let mut x = 2.0_f64;
    for _ in 0..60 {
        x = (1.0 + x).powf(power);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(texts: &[&str]) -> Product {
        let parse = |text: &&str| Dimension::parse(text, 5).expect("a dimension");
        Product::new(texts.iter().map(parse).collect())
    }

    #[test]
    fn the_last_field_varies_fastest() {
        let product = product(&["failureLimit=0..1", "interval=30s,1m"]);
        assert_eq!(product.size(), 4);
        assert_eq!(product.all(), [[0, 0], [0, 1], [1, 0], [1, 1]]);
        let changes = product.changes(&[1, 0]);
        assert_eq!(changes, ["failureLimit=1", "interval=\"30s\""]);
        assert_eq!(Product::new(Vec::new()).all(), [Vec::<usize>::new()]);
    }

    #[test]
    fn a_sample_has_different_points_that_fill_the_product() {
        let product = product(&["a=1..50", "b=1..50", "c=1..50"]);
        let points = product.sample(1_000, 3);
        assert_eq!(points.len(), 1_000);
        assert_eq!(points, product.sample(1_000, 3));
        assert_ne!(points, product.sample(1_000, 4));
        let mut eighths = [0; 8];
        for point in &points {
            let half = |axis: usize| usize::from(25 <= point[axis]);
            eighths[half(0) * 4 + half(1) * 2 + half(2)] += 1;
        }
        for count in eighths {
            assert!((110..=140).contains(&count), "{eighths:?}");
        }
    }

    #[test]
    fn a_sample_of_a_small_product_is_all_of_it_or_less() {
        let product = product(&["a=1..4", "b=1..4"]);
        let points = product.sample(100, 1);
        assert_eq!(points.len(), 16);
    }

    #[test]
    fn what_varies_nothing_is_refused() {
        for text in ["failureLimit", "=1", "a.=1", "a=", "a=5..1", "a[=1"] {
            assert!(Dimension::parse(text, 5).is_err(), "{text}");
        }
    }
}
