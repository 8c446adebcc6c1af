//! What is known of sampling plans, of run rules and of their races: figures as a publication prints them, or
//! recomputed by an independent program to the digits that stand here. Closed forms, chains and runs are held against
//! the same tables.
//!
//! Every table has rows of conditions and figures. V1 to V7 are the names that the tests use for what is published. All
//! figures are shares and probabilities from 0 to 1, or mean numbers of measurements.

/// The two numbers of a plan or a run, and the probability that a measurement fails or a trial hits.
pub(crate) type Conditions = (u32, u32, f64);

/// A single plan: n measurements, of which c may fail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Single {
    pub(crate) n: u32,
    pub(crate) c: u32,
    /// Decimals of the figures.
    pub(crate) digits: i32,
    /// Share of measurements that fail, and probability that the plan accepts.
    pub(crate) accepted: &'static [(f64, f64)],
}

impl Single {
    /// The plan and the share of measurements that fail; the probability that it accepts.
    pub(crate) fn rows(self) -> impl Iterator<Item = (Conditions, f64)> {
        let Self { n, c, accepted, .. } = self;
        accepted.iter().map(move |row| ((n, c, row.0), row.1))
    }
}

/// V1, published: `AcceptanceSampling` (R), vignette.
pub(crate) const VIGNETTE: Single = Single {
    n: 10,
    c: 3,
    digits: 7,
    accepted: &[
        (0.00, 1.0),
        (0.01, 0.999_998_0),
        (0.02, 0.999_969_5),
        (0.03, 0.999_852_9),
        (0.04, 0.999_557_4),
        (0.05, 0.998_971_5),
        (0.06, 0.997_970_7),
        (0.07, 0.996_423_9),
        (0.08, 0.994_198_7),
        (0.09, 0.991_166_2),
        (0.10, 0.987_204_8),
    ],
};

/// V2, published in the same vignette: no failure is accepted.
pub(crate) const STRICT: Single = Single {
    n: 20,
    c: 0,
    digits: 8,
    accepted: &[(0.05, 0.358_485_92), (0.15, 0.038_759_53)],
};

/// V3, published in the same vignette: the smallest plan that accepts at least 95 % at 5 %, and at most 7.5 % at 15 %.
pub(crate) const SMALLEST: Single = Single {
    n: 80,
    c: 7,
    digits: 4,
    accepted: &[(0.05, 0.9534), (0.15, 0.0727)],
};

/// Plans next to [`SMALLEST`] that miss a risk point, recomputed.
pub(crate) const NEIGHBOURS: [Single; 2] = [
    Single {
        n: 79,
        c: 6,
        digits: 4,
        accepted: &[(0.05, 0.8999), (0.15, 0.0378)],
    },
    Single {
        n: 79,
        c: 7,
        digits: 4,
        accepted: &[(0.05, 0.9562), (0.15, 0.0789)],
    },
];

/// V4, published: forum of samplingplans.com, where 0.950 01 is printed as 0.95.
pub(crate) const FORUM: Single = Single {
    n: 68,
    c: 2,
    digits: 5,
    accepted: &[(0.012_13, 0.950_01), (0.089_704, 0.050_00)],
};

/// A plan of the NIST/SEMATECH handbook, section 6.2, recomputed.
pub(crate) const NIST: Single = Single {
    n: 52,
    c: 3,
    digits: 4,
    accepted: &[
        (0.01, 0.9982),
        (0.02, 0.9798),
        (0.03, 0.9295),
        (0.04, 0.8460),
        (0.05, 0.7383),
        (0.06, 0.6196),
        (0.07, 0.5018),
        (0.08, 0.3938),
        (0.09, 0.3003),
        (0.10, 0.2232),
        (0.11, 0.1621),
        (0.12, 0.1152),
    ],
};

/// The example of a single plan in Montgomery, Introduction to Statistical Quality Control, recomputed.
pub(crate) const MONTGOMERY: Single = Single {
    n: 89,
    c: 2,
    digits: 4,
    accepted: &[
        (0.005, 0.9897),
        (0.01, 0.9397),
        (0.015, 0.8502),
        (0.02, 0.7366),
        (0.025, 0.6153),
        (0.03, 0.4985),
        (0.04, 0.3042),
        (0.05, 0.1721),
        (0.06, 0.0919),
        (0.07, 0.0468),
        (0.08, 0.0230),
        (0.09, 0.0109),
    ],
};

/// Per cent of defective measurements, and the probabilities that a plan accepts with 0 %, 10 %, 20 %, ... marginal ones.
pub(crate) type ThreeClasses = (u32, &'static [f64]);

/// V6, published: Czech decree 294/1997, table c-4. Of five measurements none may be defective and one may be marginal.
/// Two decimals; rows in which none of them differs from the exact figure.
#[rustfmt::skip]
pub(crate) const DECREE: [ThreeClasses; 3] = [
    (0, &[1.00, 0.92, 0.74, 0.53, 0.34, 0.19, 0.09, 0.03, 0.01]),
    (5, &[0.77, 0.70, 0.55, 0.38, 0.23, 0.12, 0.05, 0.01]),
    (20, &[0.33, 0.29, 0.21, 0.13, 0.06, 0.02, 0.01]),
];

/// The plan of [`DECREE`], recomputed to four decimals.
#[rustfmt::skip]
pub(crate) const DECREE_RECOMPUTED: [ThreeClasses; 10] = [
    (0, &[1.0000, 0.9185, 0.7373, 0.5282, 0.3370, 0.1875, 0.0870, 0.0308, 0.0067, 0.0005]),
    (1, &[0.9510, 0.8721, 0.6972, 0.4964, 0.3138, 0.1724, 0.0784, 0.0268, 0.0055, 0.0003]),
    (2, &[0.9039, 0.8276, 0.6589, 0.4661, 0.2920, 0.1582, 0.0705, 0.0232, 0.0044, 0.0002]),
    (3, &[0.8587, 0.7849, 0.6222, 0.4373, 0.2713, 0.1449, 0.0632, 0.0200, 0.0035, 0.0001]),
    (4, &[0.8154, 0.7439, 0.5872, 0.4099, 0.2518, 0.1325, 0.0564, 0.0172, 0.0027, 0.0001]),
    (5, &[0.7738, 0.7047, 0.5537, 0.3838, 0.2333, 0.1210, 0.0503, 0.0146, 0.0021, 0.0000]),
    (20, &[0.3277, 0.2881, 0.2074, 0.1250, 0.0614, 0.0227, 0.0051, 0.0004, 0.0000]),
    (30, &[0.1681, 0.1426, 0.0938, 0.0486, 0.0186, 0.0043, 0.0003, 0.0000]),
    (40, &[0.0778, 0.0625, 0.0358, 0.0146, 0.0035, 0.0003, 0.0000]),
    (50, &[0.0312, 0.0230, 0.0105, 0.0027, 0.0002, 0.0000]),
];

/// Shares of defective and of marginal measurements; the probability that the plan accepts.
pub(crate) fn three_classes(
    table: impl IntoIterator<Item = ThreeClasses>,
) -> impl Iterator<Item = ((f64, f64), f64)> {
    table.into_iter().flat_map(|(per_cent, cells)| {
        let defective = f64::from(per_cent) / 100.0;
        let conditions = (0_u32..).map(move |tenths| (defective, f64::from(tenths) / 10.0));
        conditions.zip(cells.iter().copied())
    })
}

/// Recomputed by a dynamic program, five decimals: n and c of single plans that stop at the first failure too many; for
/// measurements that fail with probability 0.01, 0.05, 0.1, 0.2, 0.5 the probability to fail, the mean number of
/// measurements, and this mean where the plan fails.
#[rustfmt::skip]
const CURTAILED: [(u32, u32, [[f64; 3]; 5]); 9] = [
    (5, 0, [
        [0.049_01, 4.901_00, 2.979_90], [0.226_22, 4.524_38, 2.897_53], [0.409_51, 4.095_10, 2.790_29],
        [0.672_32, 3.361_60, 2.563_07], [0.968_75, 1.937_50, 1.838_71],
    ]),
    (5, 1, [
        [0.000_98, 4.999_01, 3.989_92], [0.022_59, 4.976_23, 3.947_94], [0.081_46, 4.909_70, 3.891_48],
        [0.262_72, 4.675_20, 3.763_70], [0.812_50, 3.562_50, 3.230_77],
    ]),
    (5, 2, [
        [0.000_01, 5.000_00, 4.495_46], [0.001_16, 4.999_39, 4.476_52], [0.008_56, 4.995_30, 4.450_93],
        [0.057_92, 4.964_80, 4.392_27], [0.500_00, 4.562_50, 4.125_00],
    ]),
    (10, 0, [
        [0.095_62, 9.561_79, 5.417_10], [0.401_26, 8.025_26, 5.078_69], [0.651_32, 6.513_22, 4.646_60],
        [0.892_63, 4.463_13, 3.797_10], [0.999_02, 1.998_05, 1.990_22],
    ]),
    (10, 1, [
        [0.004_27, 9.988_41, 7.283_89], [0.086_14, 9.748_03, 7.074_80], [0.263_90, 9.152_23, 6.787_53],
        [0.624_19, 7.584_08, 6.129_52], [0.989_26, 3.976_56, 3.911_15],
    ]),
    (10, 2, [
        [0.000_11, 9.999_80, 8.220_76], [0.011_50, 9.978_10, 8.096_20], [0.070_19, 9.854_13, 7.921_87],
        [0.322_20, 9.195_08, 7.501_81], [0.945_31, 5.867_19, 5.628_10],
    ]),
    (10, 3, [
        [0.000_00, 10.000_00, 8.782_18], [0.001_03, 9.998_67, 8.706_31], [0.012_80, 9.982_09, 8.599_99],
        [0.120_87, 9.799_45, 8.340_85], [0.828_12, 7.523_44, 7.009_43],
    ]),
    (20, 3, [
        [0.000_04, 19.999_86, 16.708_50], [0.015_90, 19.941_20, 16.301_93], [0.132_95, 19.427_03, 15.690_43],
        [0.588_55, 16.508_81, 14.068_16], [0.998_71, 7.996_98, 7.981_49],
    ]),
    (52, 3, [
        [0.001_85, 51.980_95, 41.688_01], [0.261_68, 48.363_47, 38.103_26], [0.776_81, 36.477_11, 32.017_21],
        [0.995_96, 19.974_69, 19.844_82], [1.000_00, 8.000_00, 8.000_00],
    ]),
];

/// The plan and the probability that a measurement fails; P(Failed), E\[N\], E\[N | Failed\], to five decimals.
pub(crate) fn curtailed() -> impl Iterator<Item = (Conditions, [f64; 3])> {
    CURTAILED.into_iter().flat_map(|(n, c, cells)| {
        let conditions = [0.01, 0.05, 0.1, 0.2, 0.5].map(|p| (n, c, p));
        conditions.into_iter().zip(cells)
    })
}

/// Recomputed from the binomial law, six decimals: the number of requests; for requests that fail with probability
/// 0.001, 0.01, 0.05, 0.1 the probability that more than 5 % of them do.
const REQUESTS: [(u32, [f64; 4]); 5] = [
    (20, [0.000_188, 0.016_859, 0.264_160, 0.608_253]),
    (50, [0.000_019, 0.013_817, 0.459_467, 0.888_271]),
    (100, [0.000_000, 0.000_535, 0.384_001, 0.942_423]),
    (500, [0.000_000, 0.000_000, 0.447_061, 0.999_965]),
    (1000, [0.000_000, 0.000_000, 0.462_471, 1.000_000]),
];

/// The number of requests and the probability that one fails; the probability that more than 5 % of them do, to six
/// decimals.
pub(crate) fn requests() -> impl Iterator<Item = ((u32, f64), f64)> {
    REQUESTS.into_iter().flat_map(|(requests, cells)| {
        let conditions = [0.001, 0.01, 0.05, 0.10].map(|error_rate| (requests, error_rate));
        conditions.into_iter().zip(cells)
    })
}

/// V7, published: Ask a Mathematician / Ask a Physicist, 24 July 2010. Number of trials, length of the run and
/// probability of a hit; the probability of such a run, and its decimals. The formula and the last row are published,
/// the other rows recomputed by it.
pub(crate) const RUNS: [(Conditions, (f64, i32)); 7] = [
    ((10, 5, 0.5), (0.109_375, 6)),
    ((20, 5, 0.5), (0.249_870, 6)),
    ((50, 5, 0.5), (0.551_875, 6)),
    ((20, 5, 0.1), (0.000_145, 6)),
    ((60, 5, 0.1), (0.000_505, 6)),
    ((60, 5, 0.2), (0.014_316, 6)),
    ((50, 20, 0.5), (0.000_015_258_8, 10)),
];

/// Recomputed, four decimals: probability of a success, and successes in a row; the mean number of trials that they
/// take.
pub(crate) const MEAN_TRIALS: [((f64, u32), f64); 7] = [
    ((0.5, 2), 6.0),
    ((0.5, 3), 14.0),
    ((0.5, 5), 62.0),
    ((0.9, 4), 5.2416),
    ((0.95, 4), 4.5548),
    ((0.99, 4), 4.1020),
    ((0.8, 3), 4.7656),
];

/// Recomputed by a dynamic program, five decimals: ten measurements of which three may fail, unless four in a row
/// succeed before. Probability that a measurement fails; P(Failed), P(Successful), P(Inconclusive), E\[N\].
pub(crate) const RACE: [(f64, [f64; 4]); 5] = [
    (0.05, [0.000_75, 0.990_79, 0.008_47, 4.534_07]),
    (0.1, [0.009_46, 0.958_49, 0.032_05, 5.106_23]),
    (0.2, [0.093_09, 0.819_67, 0.087_24, 6.163_78]),
    (0.3, [0.282_71, 0.612_78, 0.104_51, 6.843_67]),
    (0.5, [0.742_19, 0.215_82, 0.041_99, 6.761_72]),
];

/// The figures of a table under certain conditions.
#[track_caller]
pub(crate) fn figures<C: Copy + PartialEq, F>(
    table: impl IntoIterator<Item = (C, F)>,
    conditions: C,
) -> F {
    let mut rows = table.into_iter();
    let row = rows.find(|(these, _)| *these == conditions);
    row.expect("a row with these conditions").1
}
