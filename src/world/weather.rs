//! Chance: every draw has an address, so that what is drawn depends on nothing that is drawn before it.
//!
//! Two policies that are compared under the same seed and replicate see the same weather: the same pods start slowly, the same ten
//! seconds are bad ones.

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use crate::time::SimTime;

/// Where the draws of a run come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Whether anything is drawn at all; otherwise everything takes its expectation.
    pub random: bool,
    /// The seed.
    pub seed: u64,
    /// Which of many runs under that seed.
    pub replicate: u64,
}

/// The numbers of one entity, by their index: what [`Weather::number`] has in common for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stream(u64);

/// The numbers of all entities that are drawn for one purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streams(u64);

/// An instant, prepared for [`Stream::at_address`]: most of what has to be done for a number does not depend on the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(u64);

/// What a draw is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// How long a pod takes to start.
    Startup,
    /// How many requests of a time fail.
    Failures,
    /// Which version the requests of a time go to.
    Routing,
    /// When a target is scraped.
    Scrape,
    /// What a measurement shows that is drawn on its own.
    Measurement,
    /// What is not known of a release.
    Release,
}

impl Weather {
    /// Expectations only.
    pub const CALM: Self = Self {
        random: false,
        seed: 0,
        replicate: 0,
    };

    /// The weather of a run under a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self {
            random: true,
            seed,
            replicate: 0,
        }
    }

    /// The number at an address that generators are made of.
    #[must_use]
    pub fn number(self, purpose: Purpose, entity: u64, index: u64) -> u64 {
        self.stream(purpose, entity).number(index)
    }

    /// All numbers of one entity.
    #[must_use]
    #[inline]
    pub fn stream(self, purpose: Purpose, entity: u64) -> Stream {
        self.streams(purpose).of(entity)
    }

    /// All numbers for one purpose.
    #[must_use]
    #[inline]
    pub fn streams(self, purpose: Purpose) -> Streams {
        Streams(stir(stir(mix(self.seed), self.replicate), purpose as u64))
    }

    /// A draw between 0 and 1, both excluded.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn unit(self, purpose: Purpose, entity: u64, index: u64) -> f64 {
        let bits = self.number(purpose, entity, index) >> 11;
        (bits as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A generator for draws that need several numbers.
    #[must_use]
    pub fn generator(self, purpose: Purpose, entity: u64, index: u64) -> Pcg64Mcg {
        Pcg64Mcg::seed_from_u64(self.number(purpose, entity, index))
    }
}

impl Streams {
    /// All numbers of one entity.
    #[must_use]
    #[inline]
    pub fn of(self, entity: u64) -> Stream {
        Stream(stir(self.0, entity))
    }
}

impl Address {
    /// The address of an instant.
    #[must_use]
    pub fn of(now: SimTime) -> Self {
        Self(spread(index_of(now)))
    }
}

impl Stream {
    /// The number with this index.
    #[must_use]
    #[inline]
    pub fn number(self, index: u64) -> u64 {
        stir(self.0, index)
    }

    /// The number of an instant.
    #[must_use]
    #[inline]
    pub fn at(self, now: SimTime) -> u64 {
        self.number(index_of(now))
    }

    /// The number of an instant whose address is known.
    #[must_use]
    #[inline]
    pub fn at_address(self, address: Address) -> u64 {
        mix(self.0 ^ address.0)
    }
}

#[inline]
fn index_of(now: SimTime) -> u64 {
    u64::from_ne_bytes(now.nanos().to_ne_bytes())
}

/// Mixes a part into a sum.
#[inline]
pub(crate) fn stir(sum: u64, part: u64) -> u64 {
    mix(sum ^ spread(part))
}

/// Parts that differ a little differ a lot after this.
#[inline]
fn spread(part: u64) -> u64 {
    part.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The finaliser of `SplitMix64`: every bit depends on every bit.
#[inline]
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_its_address_only() {
        let weather = Weather::of(7);
        let draw = weather.unit(Purpose::Startup, 3, 4);
        assert_eq!(
            draw.to_bits(),
            weather.unit(Purpose::Startup, 3, 4).to_bits()
        );
        let others = [
            weather.unit(Purpose::Failures, 3, 4),
            weather.unit(Purpose::Startup, 4, 3),
            Weather::of(8).unit(Purpose::Startup, 3, 4),
            Weather {
                replicate: 1,
                ..weather
            }
            .unit(Purpose::Startup, 3, 4),
        ];
        assert!(others.iter().all(|other| other.to_bits() != draw.to_bits()));
    }

    #[test]
    fn an_address_leads_to_the_number_of_its_instant() {
        for seconds in [-7, 0, 30, 86_400] {
            let at = SimTime::from_secs(seconds);
            let stream = Weather::of(7).stream(Purpose::Measurement, 3);
            assert_eq!(stream.at_address(Address::of(at)), stream.at(at));
            let streams = Weather::of(7).streams(Purpose::Measurement);
            assert_eq!(streams.of(3), stream);
        }
    }

    #[test]
    fn draws_are_spread_evenly() {
        let weather = Weather::of(1);
        let sum: f64 = (0..10_000)
            .map(|index| weather.unit(Purpose::Startup, 0, index))
            .sum();
        // Four standard deviations of the mean of ten thousand uniform draws.
        assert!((sum / 10_000.0 - 0.5).abs() < 4.0 * (1.0_f64 / 12.0 / 10_000.0).sqrt());
    }
}
