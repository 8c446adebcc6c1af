//! What does not fit into the limits is simulated.

use coalmine::chain::{Aim, Limits, TooLarge};
use coalmine::trials::{Outcomes, Runner, Simulated};
use coalmine::world::Weather;

use super::draws::gate;

#[test]
fn beyond_the_limits_walks_are_simulations() {
    let stage = gate("count: 10, failureLimit: 3", 0.3);
    let mut simulated = Simulated::new(stage.whole());
    let whole = Limits::default();
    for limits in [
        Limits { nodes: 5, ..whole },
        Limits { edges: 9, ..whole },
        Limits {
            bytes: 10_000,
            ..whole
        },
    ] {
        let mut chain = stage.chain(Aim::Walks, limits);
        for replicate in 0..100 {
            let weather = Weather {
                random: true,
                seed: 3,
                replicate,
            };
            assert_eq!(chain.walk(weather), simulated.run(weather), "{limits:?}");
        }
        let mut outcomes = Outcomes::default();
        for range in [0..60, 40..100] {
            let weather = Weather::of(3);
            chain.walk_all(weather, range, &mut outcomes);
            for (replicate, summary) in outcomes.replicates().zip(outcomes.summaries()) {
                let weather = Weather {
                    replicate,
                    ..weather
                };
                assert_eq!(*summary, simulated.run(weather), "{limits:?}");
            }
        }
        assert!(!chain.graph().is_complete());
        assert_eq!(chain.distribution(), Err(TooLarge));
        assert!(chain.graph().vertices() < 20, "{limits:?}");
    }
}

#[test]
fn a_calm_run_is_simulated() {
    let stage = gate("count: 3", 0.3);
    let mut chain = stage.chain(Aim::Walks, Limits::default());
    let mut simulated = Simulated::new(stage.whole());
    let calm = chain.walk(Weather::CALM);
    assert_eq!(calm, simulated.run(Weather::CALM));
    let mut outcomes = Outcomes::default();
    chain.walk_all(Weather::CALM, 0..3, &mut outcomes);
    assert!(outcomes.summaries().eq([calm; 3].iter()));
    assert_eq!(chain.graph().vertices(), 0);
}
