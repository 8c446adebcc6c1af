//! What traffic-routed canaries do: TR-01 to TR-11, and appMesh.

use coalmine::cluster::{Event, RouterCall};

use super::story::{abort, set_image, startup, story, unready};
use super::told::Moment;

/// `utils/replicaset/canary.go: CalculateReplicaCountsForTrafficRoutedCanary`: `maxSurge` is not
/// looked at.
#[test]
fn tr_01_a_routed_canary_ignores_max_surge() {
    let told = story(
        "{replicas: 10, canary: {trafficRouting: nginx, maxSurge: 1, maxUnavailable: 0,
          steps: [setWeight: 50, pause: {duration: 60s}]}}",
    )
    .image("v2", startup(8))
    .at(100, set_image("v2"))
    .until(300);
    told.at(100)
        .expect_pods("v2", [5, 0, 0])
        .expect_pods("v1", [10, 10, 10]);
    told.at(168)
        .expect_pods("v2", [10, 5, 5])
        .expect_pods("v1", [10, 10, 10]);
}

/// `CalculateReplicaCountsForTrafficRoutedCanary`; `utils/replicaset/replicaset.go:
/// NewRSNewReplicas`.
#[test]
fn tr_02_two_fleets_at_the_peak() {
    for strategy in [
        "canary: {trafficRouting: nginx, steps: [setWeight: 10, pause: {duration: 60s}]}",
        "blueGreen: {}",
    ] {
        let told = story(&format!("{{replicas: 10, {strategy}}}"))
            .image("v2", startup(8))
            .at(100, set_image("v2"))
            .until(900);
        let pods = told.course(Moment::all_pods);
        assert_eq!(pods.iter().map(|(_, count)| *count).max(), Some(20));
        // The old pods stay for thirty seconds after the promotion.
        let promoted = told
            .course(|moment| moment.status().stable)
            .pop()
            .expect("a promotion");
        assert_eq!(pods.last(), Some(&(promoted.0 + 30, 10)));
    }
}

/// `rollout/replicaset.go: scaleDownDelayHelper, addScaleDownDelay`: a delay of zero sets no
/// deadline, and without a deadline nothing goes.
#[test]
fn tr_03_a_scale_down_delay_of_zero_keeps_the_old_pods_for_ever() {
    let canary =
        "canary: {trafficRouting: nginx, scaleDownDelaySeconds: 0, steps: [setWeight: 20]}";
    for strategy in [canary, "blueGreen: {scaleDownDelaySeconds: 0}"] {
        let told = story(&format!("{{replicas: 5, {strategy}}}"))
            .at(100, set_image("v2"))
            .until(5000);
        told.at(100)
            .expect_stable("v2")
            .at(5000)
            .expect_pods("v1", [5, 5, 5]);
    }
}

/// `utils/defaults/defaults.go: GetAbortScaleDownDelaySecondsOrDefault`;
/// `utils/replicaset/canary.go: UseSetCanaryScale`.
#[test]
fn tr_04_an_abort_delay_of_zero_does_not_keep_the_canary() {
    let aborted = |delay: &str, steps: &str| {
        story(&format!(
            "{{replicas: 5, canary: {{trafficRouting: nginx, {delay}steps: [{steps}]}}}}"
        ))
        .at(100, set_image("v2"))
        .at(200, abort())
        .until(900)
    };
    let default = aborted("", "setWeight: 40, pause: {}");
    default.at(200).expect_weight(0).expect_pods("v2", [2; 3]);
    default
        .at(229)
        .expect_pods("v2", [2; 3])
        .at(230)
        .expect_pods("v2", [0; 3]);
    // Documented as "never scaled down", and scaled down at once.
    let zero = aborted(
        "abortScaleDownDelaySeconds: 0, ",
        "setWeight: 40, pause: {}",
    );
    zero.at(200).expect_weight(0).expect_pods("v2", [0; 3]);
    // Only a scale in the first step holds, because an abort goes back to it.
    let scaled = "setCanaryScale: {replicas: 3}, setWeight: 40, pause: {}";
    aborted("abortScaleDownDelaySeconds: 0, ", scaled)
        .at(900)
        .expect_pods("v2", [3; 3]);
    // A blue-green preview is really kept, and a basic canary never.
    let blue_green = story(
        "{replicas: 5, blueGreen: {autoPromotionEnabled: false, abortScaleDownDelaySeconds: 0}}",
    );
    let kept = blue_green
        .at(100, set_image("v2"))
        .at(200, abort())
        .until(5000);
    kept.at(5000).expect_pods("v2", [5; 3]);
}

/// `utils/replicaset/canary.go: GetDesiredCanaryWeight`;
/// `rollout/trafficrouting.go: calculateDesiredWeightOnAbortOrStableRollback`.
#[test]
fn tr_05_an_abort_with_dynamic_stable_scale_walks_back_as_pods_come() {
    let told = story(
        "{replicas: 8, canary: {trafficRouting: nginx, dynamicStableScale: true,
          steps: [setWeight: 25, pause: {duration: 1m}, setWeight: 50, pause: {duration: 1m},
                  setWeight: 75, pause: {duration: 1m}]}}",
    )
    .image("v1", startup(5))
    .image("v2", startup(8))
    .at(120, set_image("v2"))
    .at(290, abort())
    .until(900);
    told.at(264)
        .expect_weight(75)
        .expect_pods("v1", [2; 3])
        .expect_pods("v2", [6; 3]);
    let way_back: Vec<_> = told
        .weights()
        .into_iter()
        .filter(|(at, _)| 264 <= *at)
        .collect();
    assert_eq!(way_back, [(264, 75), (295, 50), (300, 25), (305, 0)]);
    told.at(290)
        .expect_pods("v1", [4, 2, 2])
        .expect_pods("v2", [6; 3])
        .expect_step(0);
    told.at(305)
        .expect_pods("v1", [8; 3])
        .expect_pods("v2", [0; 3]);
}

/// `utils/replicaset/canary.go: UseSetCanaryScale, GetCanaryReplicasOrWeight`: a scale stays in
/// force.
#[test]
fn tr_06_a_canary_of_one_pod_may_get_nine_tenths_of_the_traffic() {
    let told = story(
        "{replicas: 10, canary: {trafficRouting: nginx, steps: [setCanaryScale: {replicas: 1},
          setWeight: 90, pause: {duration: 60s},
          setCanaryScale: {matchTrafficWeight: true}, pause: {}]}}",
    )
    .at(100, set_image("v2"))
    .until(300);
    told.at(159)
        .expect_step(2)
        .expect_weight(90)
        .expect_pods("v2", [1; 3]);
    told.at(160)
        .expect_step(4)
        .expect_weight(90)
        .expect_pods("v2", [9; 3]);
}

/// `utils/replicaset/canary.go: UseSetCanaryScale`; `rollout/trafficrouting.go:
/// reconcileTrafficRouting`: a header route is set in its own step only.
#[test]
fn tr_07_matching_a_weight_that_was_never_set_removes_the_canary_under_test() {
    let told = story(
        "{replicas: 5, canary: {canaryService: web-canary, stableService: web-stable,
          trafficRouting: {managedRoutes: [name: testers], istio: {virtualService: {name: web}}},
          steps: [setCanaryScale: {replicas: 2},
                  setHeaderRoute: {name: testers,
                                   match: [{headerName: x, headerValue: {exact: y}}]},
                  pause: {duration: 60s}, setCanaryScale: {matchTrafficWeight: true},
                  pause: {duration: 60s}, setWeight: 20, pause: {}]}}",
    )
    .at(100, set_image("v2"))
    .until(500);
    assert_eq!(told.refusal(), "");
    told.at(159).expect_step(2).expect_pods("v2", [2; 3]);
    told.at(160).expect_step(4).expect_pods("v2", [0; 3]);
    told.at(220).expect_step(6).expect_pods("v2", [1; 3]);
    // The route was set once, for its step, and not again when the pods came back.
    let routes = told.when(|event| matches!(event, Event::Routed(RouterCall::SetHeaderRoute(1))));
    assert_eq!(routes.last(), Some(&100));
}

/// `CalculateReplicaCountsForTrafficRoutedCanary`: pinned canary pods count as a weight of 0.
#[test]
fn tr_08_dynamic_stable_scale_does_not_see_a_pinned_canary() {
    let told = story(
        "{replicas: 10, canary: {trafficRouting: nginx, dynamicStableScale: true,
          steps: [setCanaryScale: {replicas: 3}, pause: {}]}}",
    )
    .at(100, set_image("v2"))
    .until(300);
    told.at(300)
        .expect_step(1)
        .expect_pods("v2", [3; 3])
        .expect_pods("v1", [10; 3]);
}

/// `rollout/service.go: reconcileStableAndCanaryService`: services are reconciled without a router
/// too.
#[test]
fn tr_09_services_without_a_router_leave_all_traffic_to_a_shrinking_stable_version() {
    let told = story(
        "{replicas: 5, canary: {canaryService: web-canary, stableService: web-stable,
          steps: [setWeight: 80, pause: {}]}}",
    )
    .at(100, set_image("v2"))
    .until(300);
    told.at(300)
        .expect_service("web-stable", "v1")
        .expect_service("web-canary", "v2")
        .expect_pods("v1", [1; 3])
        .expect_pods("v2", [4; 3]);
    assert_eq!(told.at(300).weight(), None);
}

/// `rollout/trafficrouting.go: reconcileTrafficRouting`: without available pods the weight is 0,
/// without an abort.
#[test]
fn tr_10_the_weight_goes_and_comes_back_with_the_pods() {
    let told = story(
        "{replicas: 5, canary: {trafficRouting: nginx,
          steps: [setWeight: 20, pause: {duration: 60s}, setWeight: 40, pause: {}]}}",
    )
    .image("v2", unready(&[(300, 330)]))
    .at(100, set_image("v2"))
    .until(900);
    assert_eq!(
        told.weights(),
        [(0, 0), (100, 20), (160, 40), (300, 0), (330, 40)]
    );
    told.at(310)
        .expect_not_aborted()
        .expect_step(3)
        .expect_paused_for(&["CanaryPauseStep"]);
}

/// While the pods of a weight are missing, the weight is that of the step before.
#[test]
fn tr_10_the_weight_waits_for_its_pods() {
    let told = story(
        "{replicas: 5, canary: {trafficRouting: nginx,
          steps: [setWeight: 20, pause: {duration: 60s}, setWeight: 60, pause: {}]}}",
    )
    .image("v2", startup(30))
    .at(100, set_image("v2"))
    .until(900);
    told.at(190)
        .expect_step(2)
        .expect_pods("v2", [3, 1, 1])
        .expect_weight(20);
    told.at(219)
        .expect_weight(20)
        .at(220)
        .expect_weight(60)
        .expect_step(3);
}

/// `CalculateReplicaCountsForTrafficRoutedCanary, CheckMinPodsPerReplicaSet`.
#[test]
fn tr_11_one_percent_is_one_pod() {
    let canary_pods = |least: &str, weight: i32| {
        let told = story(&format!(
            "{{replicas: 3, canary: {{trafficRouting: nginx, {least}
              steps: [setWeight: {weight}, pause: {{}}]}}}}"
        ))
        .at(100, set_image("v2"))
        .until(200);
        told.at(200).expect_weight(weight);
        told.at(200).pods("v2")[2]
    };
    assert_eq!(
        [1, 30, 33, 34].map(|weight| canary_pods("", weight)),
        [1, 1, 1, 2]
    );
    assert_eq!(canary_pods("minPodsPerReplicaSet: 2, ", 1), 2);
}

const MESH: &str = "canaryService: web-canary, stableService: web-stable,
    trafficRouting: {appMesh: {virtualService: {name: web}, virtualNodeGroup:
    {canaryVirtualNodeRef: {name: web-canary}, stableVirtualNodeRef: {name: web-stable}}}}";

/// `rollout/trafficrouting/appmesh/appmesh.go: SetWeight, UpdateHash, VerifyWeight`: weights follow
/// the steps and are never verified.
#[test]
fn app_mesh_follows_the_weights_without_verification() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{{MESH}, steps: [setWeight: 20, pause: {{duration: 60s}},
          setWeight: 60, pause: {{duration: 60s}}]}}}}"
    ))
    // A router that is slow to verify is not asked.
    .router_verifies_after(1000)
    .image("v2", startup(10))
    .at(100, set_image("v2"))
    .until(600);
    assert_eq!(told.refusal(), "");
    assert_eq!(told.weights(), [(0, 0), (110, 20), (180, 60), (250, 0)]);
    let routed = |event: &Event| matches!(event, Event::Routed(RouterCall::SetWeight(100)));
    // At the end all traffic goes to the canary first, and then the nodes change places.
    assert_eq!(told.when(routed), [250]);
    assert_eq!(
        told.at(200)
            .status()
            .canary
            .weights
            .as_ref()
            .and_then(|weights| weights.verified),
        None
    );
    told.at(250).expect_stable("v2").expect_phase("Healthy");
    told.at(279)
        .expect_pods("v1", [5; 3])
        .at(280)
        .expect_pods("v1", [0; 3]);
}

/// `validation.go: requireCanaryStableServices`: although virtual nodes select pods themselves.
#[test]
fn app_mesh_asks_for_services() {
    let services = "canaryService: web-canary, stableService: web-stable,";
    let without = MESH.replace(services, "");
    let told = story(&format!(
        "{{replicas: 5, canary: {{{without}, steps: [setWeight: 20]}}}}"
    ))
    .until(0);
    assert!(
        told.refusal()
            .contains("must to be set to use Traffic Routing"),
        "{}",
        told.refusal()
    );
}

/// `appmesh.go: SetHeaderRoute` does nothing, and `validation.go: ValidateRolloutStrategyCanary`
/// allows it for other routers only.
#[test]
fn app_mesh_has_no_header_routes() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{{MESH}, steps: [setCanaryScale: {{replicas: 1}},
          setHeaderRoute: {{name: testers,
                           match: [{{headerName: x, headerValue: {{exact: y}}}}]}}]}}}}"
    ))
    .until(0);
    assert!(
        told.refusal()
            .contains("SetHeaderRoute requires TrafficRouting"),
        "{}",
        told.refusal()
    );
}
