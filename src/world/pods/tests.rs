//! Cohorts over time, on worlds of a few lines.

use super::*;

const OWNER: ReplicaSetId = ReplicaSetId(0);
const TEMPLATE: TemplateId = TemplateId(0);

fn at(seconds: i64) -> SimTime {
    SimTime::from_secs(seconds)
}

fn world(image: Image) -> Environment {
    Environment {
        images: vec![image],
        ..Environment::default()
    }
}

fn truth(environment: &Environment) -> Truth<'_> {
    Truth {
        environment,
        weather: Weather::CALM,
    }
}

const KIND: Kind = Kind {
    owner: OWNER,
    template: TEMPLATE,
    min_ready: Delta::from_secs(2),
};

fn resize(pods: &mut Pods, environment: &Environment, desired: i32, seconds: i64) {
    pods.resize(truth(environment), KIND, desired, at(seconds));
}

fn counts(pods: &Pods, environment: &Environment, seconds: i64) -> [i32; 3] {
    let tally = pods.tally(environment, OWNER, at(seconds));
    [tally.total, tally.ready, tally.available]
}

#[test]
fn a_pod_becomes_ready_and_then_available() {
    let environment = world(Image {
        startup: Delta::from_secs(5).into(),
        ..Image::default()
    });
    let mut pods = Pods::default();
    resize(&mut pods, &environment, 3, 10);
    assert_eq!(counts(&pods, &environment, 14), [3, 0, 0]);
    assert_eq!(counts(&pods, &environment, 15), [3, 3, 0]);
    assert_eq!(counts(&pods, &environment, 17), [3, 3, 3]);
    assert_eq!(pods.next_change(&environment, at(10)), Some(at(15)));
    assert_eq!(pods.next_change(&environment, at(15)), Some(at(17)));
    assert_eq!(pods.next_change(&environment, at(17)), None);
}

#[test]
fn a_window_takes_readiness_away_and_the_end_of_it_counts_anew() {
    let environment = world(Image {
        unready: vec![(at(20), at(30))],
        ..Image::default()
    });
    let mut pods = Pods::default();
    resize(&mut pods, &environment, 1, 0);
    assert_eq!(counts(&pods, &environment, 19), [1, 1, 1]);
    assert_eq!(counts(&pods, &environment, 20), [1, 0, 0]);
    assert_eq!(counts(&pods, &environment, 31), [1, 1, 0]);
    assert_eq!(counts(&pods, &environment, 32), [1, 1, 1]);
}

#[test]
fn only_so_many_pods_become_ready_and_the_others_go_first() {
    let environment = world(Image {
        max_ready: Some(2),
        ..Image::default()
    });
    let mut pods = Pods::default();
    resize(&mut pods, &environment, 5, 0);
    assert_eq!(counts(&pods, &environment, 9), [5, 2, 2]);
    resize(&mut pods, &environment, 2, 9);
    assert_eq!(counts(&pods, &environment, 9), [2, 2, 2]);
}

#[test]
fn the_youngest_pods_go_before_the_oldest() {
    let environment = world(Image {
        startup: Delta::from_secs(4).into(),
        ..Image::default()
    });
    let mut pods = Pods::default();
    resize(&mut pods, &environment, 2, 0);
    resize(&mut pods, &environment, 4, 10);
    resize(&mut pods, &environment, 3, 20);
    assert_eq!(pods.older_than(OWNER, at(5)), 2);
}

#[test]
fn evicted_pods_are_replaced_by_new_ones() {
    let environment = world(Image::default());
    let mut pods = Pods::default();
    resize(&mut pods, &environment, 4, 0);
    pods.evict(truth(&environment), OWNER, 3, at(10));
    assert_eq!(pods.older_than(OWNER, at(10)), 1);
    assert_eq!(counts(&pods, &environment, 10), [4, 4, 1]);
}

#[test]
fn a_law_of_the_startup_spreads_the_pods() {
    let law = statrs::distribution::Uniform::new(0.0, 10.0).expect("a law");
    let environment = world(Image {
        startup: crate::law::Law::Uniform(law),
        ..Image::default()
    });
    let mut pods = Pods::default();
    resize(&mut pods, &environment, 5, 0);
    let ready = [0, 1, 3, 5, 7, 9].map(|second| counts(&pods, &environment, second)[1]);
    assert_eq!(ready, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn pods_wait_for_room_and_a_terminating_pod_still_takes_it() {
    let mut environment = world(Image {
        termination: Delta::from_secs(30),
        ..Image::default()
    });
    environment.room = Some(3);
    let mut pods = Pods::default();
    resize(&mut pods, &environment, 5, 0);
    assert_eq!(counts(&pods, &environment, 5), [5, 3, 3]);
    assert_eq!(pods.count(), 3);
    // The pods without room go first.
    resize(&mut pods, &environment, 2, 10);
    assert_eq!(
        (counts(&pods, &environment, 10), pods.count()),
        ([2, 2, 2], 3)
    );
    resize(&mut pods, &environment, 3, 20);
    assert_eq!(counts(&pods, &environment, 20), [3, 2, 2]);
    assert_eq!(pods.next_change(&environment, at(20)), Some(at(40)));
    pods.pass(truth(&environment), at(40));
    assert_eq!(counts(&pods, &environment, 42), [3, 3, 3]);
}

#[test]
fn lost_pods_are_replaced_after_a_while_unless_their_nodes_come_back() {
    use crate::plan::environment::Fault;
    let loss = |to| Fault {
        from: at(100),
        to,
        breaks: Breaks::NodeLoss {
            image: None,
            share: 0.5,
            replaced_after: Delta::from_secs(340),
        },
    };
    for (to, back) in [(SimTime::MAX, 440), (at(160), 160)] {
        let mut environment = world(Image::default());
        environment.faults = vec![loss(to)];
        let mut pods = Pods::default();
        resize(&mut pods, &environment, 4, 0);
        assert_eq!(pods.next_change(&environment, at(50)), Some(at(100)));
        pods.pass(truth(&environment), at(100));
        // The loss is noticed 40 s later.
        assert_eq!(counts(&pods, &environment, 139), [4, 4, 4]);
        assert_eq!(pods.dead(&environment, OWNER, at(139)), 2);
        assert_eq!(counts(&pods, &environment, 140), [4, 2, 2]);
        assert_eq!(pods.next_change(&environment, at(100)), Some(at(140)));
        assert_eq!(pods.next_change(&environment, at(140)), Some(at(back)));
        pods.pass(truth(&environment), at(back));
        assert_eq!(counts(&pods, &environment, back), [4, 4, 2]);
        assert_eq!(counts(&pods, &environment, back + 2), [4, 4, 4]);
    }
}
