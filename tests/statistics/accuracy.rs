//! Laws against figures computed with 50 digits, and tables against their laws.

use coalmine::statistics::beta_binomial::BetaBinomial;
use coalmine::statistics::binomial::Binomial;
use coalmine::statistics::counts::CountLaw;
use coalmine::statistics::interval::clopper_pearson;
use coalmine::statistics::table::Table;

/// 2^64.
const DRAWS: f64 = 18_446_744_073_709_551_616.0;

/// n, p, k, P(X = k), P(X <= k), P(X > k).
#[rustfmt::skip]
const BINOMIAL: [(u32, f64, u32, f64, f64, f64); 20] = [
    (50, 0.1, 0, 0.005_153_775_207_320_112, 0.005_153_775_207_320_112, 0.994_846_224_792_679_9),
    (50, 0.1, 1, 0.028_632_084_485_111_734, 0.033_785_859_692_431_84, 0.966_214_140_307_568_1),
    (50, 0.1, 20, 1.997_861_895_619_967_6e-8, 0.999_999_996_292_625_4, 3.707_374_625_642_207_3e-9),
    (50, 0.1, 30, 5.729_811_958_109_563e-18, 1.0, 4.395_749_473_033_238e-19),
    (1000, 0.02, 0, 1.682_967_357_215_955e-9, 1.682_967_357_215_955e-9, 0.999_999_998_317_032_7),
    (1000, 0.02, 3, 0.000_002_377_016_692_419_856, 0.000_002_763_167_629_553_394_4, 0.999_997_236_832_370_4),
    (1000, 0.02, 20, 0.089_737_069_295_540_53, 0.559_095_605_763_887_8, 0.440_904_394_236_112_16),
    (1000, 0.02, 60, 1.287_414_827_198_250_4e-13, 0.999_999_999_999_941_6, 5.840_857_127_109_644e-14),
    (100_000, 0.5, 48_900, 7.785_198_186_087_033e-14, 1.773_809_377_666_289_2e-12, 0.999_999_999_998_226_2),
    (100_000, 0.5, 50_000, 0.002_523_126_214_196_74, 0.501_261_563_107_098_4, 0.498_738_436_892_901_65),
    (100_000, 0.5, 51_200, 7.819_554_210_662_018e-16, 0.999_999_999_999_984_3, 1.563_067_679_044_551e-14),
    (10_000_000, 0.3, 2_990_000, 1.239_626_518_577_822_6e-14, 2.555_491_027_083_486e-12, 0.999_999_999_997_444_5),
    (10_000_000, 0.3, 2_995_000, 7.146_605_354_364_074e-7, 0.000_279_790_292_187_349_3, 0.999_720_209_707_812_6),
    (10_000_000, 0.3, 3_000_000, 0.000_275_296_319_240_207_7, 0.500_156_001_245_883_2, 0.499_843_998_754_116_84),
    (10_000_000, 0.3, 3_011_000, 8.634_699_365_054_76e-17, 0.999_999_999_999_983_8, 1.618_560_793_921_821_7e-14),
    (10_000_000, 1e-6, 0, 0.000_045_399_702_763_252_224, 0.000_045_399_702_763_252_224, 0.999_954_600_297_236_7),
    (10_000_000, 1e-6, 10, 0.125_110_098_276_197_04, 0.583_039_750_192_996, 0.416_960_249_807_004),
    (10_000_000, 1e-6, 40, 5.564_055_305_209_637e-13, 0.999_999_999_999_822_3, 1.777_258_286_724_070_7e-13),
    (10_000_000, 0.999_999, 9_999_960, 5.564_055_310_009_593e-13, 7.341_313_598_333_642e-13, 0.999_999_999_999_265_9),
    (10_000_000, 0.999_999, 9_999_990, 0.125_110_098_276_197_04, 0.542_070_348_119_177_3, 0.457_929_651_880_822_7),
];

#[track_caller]
fn near(found: f64, wanted: f64, relative: f64) {
    let error = (found / wanted - 1.0).abs();
    assert!(
        error <= relative,
        "{found:e} instead of {wanted:e}: {error:e}"
    );
}

#[test]
fn terms_and_tails_of_the_binomial_law_are_exact_to_ten_digits() {
    for (n, p, k, pmf, cdf, survival) in BINOMIAL {
        let law = Binomial::new(n, p).expect("a law");
        near(law.pmf(k), pmf, 1e-10);
        near(law.cdf(k), cdf, 1e-10);
        near(law.survival(k), survival, 1e-10);
    }
}

#[test]
fn terms_of_the_beta_binomial_law_are_exact_to_ten_digits() {
    let known = [
        (100, 0.02, 0.05, 0, 0.492_142_122_810_471_65),
        (100, 0.02, 0.05, 2, 0.093_133_131_957_738_48),
        (100, 0.02, 0.05, 60, 1.246_007_241_948_842_5e-8),
        (1000, 0.3, 0.9, 500, 0.000_086_751_966_696_970_38),
        (
            10_000_000,
            0.01,
            0.0001,
            90_000,
            0.000_025_885_550_100_078_825,
        ),
        (
            10_000_000,
            0.01,
            0.0001,
            150_000,
            1.871_277_862_885_434_4e-9,
        ),
        (1_000_000, 0.5, 1e-12, 501_000, 0.000_107_982_139_991_814_7),
        (10_000_000, 0.2, 0.5, 10_000_000, 5.471_513_667_192_215e-7),
    ];
    for (n, p, rho, k, pmf) in known {
        let law = BetaBinomial::new(n, p, rho).expect("a law");
        near(law.pmf(k), pmf, 1e-10);
    }
    let law = BetaBinomial::new(1000, 0.02, 0.01).expect("a law");
    near(law.cdf(5), 0.126_686_440_515_846_9, 1e-11);
    near(law.survival(120), 0.000_076_168_617_474_974_44, 1e-10);
}

#[test]
fn exact_intervals_are_those_computed_with_many_digits() {
    let known = [
        (
            1,
            10,
            0.95,
            0.002_528_578_544_461_787,
            0.445_016_117_028_195_4,
        ),
        (
            7,
            80,
            0.9,
            0.041_788_505_986_971_89,
            0.158_072_038_208_376_73,
        ),
        (
            20,
            1000,
            0.95,
            0.012_258_267_972_406_327,
            0.030_720_032_682_609_11,
        ),
        (
            500,
            1000,
            0.99,
            0.458_852_553_307_045,
            0.541_147_446_692_955,
        ),
    ];
    for (successes, trials, confidence, low, high) in known {
        let found = clopper_pearson(successes, trials, confidence).expect("valid");
        near(found.low, low, 1e-11);
        near(found.high, high, 1e-11);
    }
}

/// At the draw that stands for P(X <= k), and right before it, the table is on both sides of the step from k to k + 1.
fn inverts(law: &impl CountLaw, relative: f64) {
    let table = Table::new(law);
    let (low, high) = table.range();
    for k in low..high {
        let (cdf, survival) = (law.cdf(k), law.survival(k));
        // The draw of the step, found by the table alone.
        let (mut below, mut above) = (0_u64, u64::MAX);
        while below < above {
            let middle = u64::midpoint(below, above);
            if k < table.sample(middle) {
                above = middle;
            } else {
                below = middle + 1;
            }
        }
        let step = below;
        let (from_below, from_above) = (step as f64, (u64::MAX - step) as f64 + 1.0);
        let error = if cdf < 0.5 {
            (from_below - cdf * DRAWS).abs() - relative * cdf * DRAWS
        } else {
            (from_above - survival * DRAWS).abs() - relative * survival * DRAWS
        };
        assert!(error <= 1.0, "{k}: the step is {error} draws away");
    }
    assert_eq!(table.sample(0), low);
    assert_eq!(table.sample(u64::MAX), high);
}

#[test]
fn a_table_is_the_inverse_of_the_distribution() {
    for (n, p) in [(1, 0.5), (10, 0.3), (200, 0.01), (200, 0.999), (3000, 0.5)] {
        inverts(&Binomial::new(n, p).expect("a law"), 1e-12);
    }
    for (n, p, rho) in [
        (50, 0.1, 0.2),
        (50, 0.5, 0.9),
        (50, 0.01, 0.6),
        (50, 0.99, 1e-3),
    ] {
        inverts(&BetaBinomial::new(n, p, rho).expect("a law"), 1e-11);
    }
}

#[test]
fn a_table_rises_with_its_draw() {
    let laws = [
        (0, 0.3),
        (7, 0.0),
        (7, 1.0),
        (1000, 0.02),
        (10_000_000, 0.4),
    ];
    for (n, p) in laws {
        let table = Table::new(&Binomial::new(n, p).expect("a law"));
        let draws = (0..200_000_u64).map(|part| part * (u64::MAX / 200_000));
        assert!(draws.map(|u| table.sample(u)).is_sorted(), "{n} {p}");
    }
}

#[test]
fn a_table_of_a_large_law_keeps_both_tails() {
    let law = Binomial::new(10_000_000, 0.3).expect("a law");
    let table = Table::new(&law);
    for share in [1e-15, 1e-12, 1e-6, 0.2, 0.5, 0.9, 1.0 - 1e-9] {
        let k = table.sample_share(share);
        assert!(share <= law.cdf(k) * (1.0 + 1e-9), "{share}: {k}");
        assert!(law.cdf(k - 1) <= share * (1.0 + 1e-9), "{share}: {k}");
    }
}

#[test]
fn shares_outside_of_their_range_are_the_nearest_draw() {
    let table = Table::new(&Binomial::new(10, 0.3).expect("a law"));
    let (low, high) = table.range();
    assert_eq!(table.sample_share(-1.0), low);
    assert_eq!(table.sample_share(f64::NAN), low);
    assert_eq!(table.sample_share(2.0), high);
}
