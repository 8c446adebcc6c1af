"""The toy model of the canonical canary in SimPy: a peer for `cargo bench --bench chain`.

By hand: `pip install simpy`, `python3 benches/peers/canary.py 20000`. Four weights of two minutes each, pods that take ten seconds,
a background metric every 30 s that draws 1,000 requests of which 99 % succeed, a gate at 95 % that forgives two failures. It knows
nothing of controllers, ReplicaSets, services or routers: only the clock, the pauses and the gate.
"""

import random
import sys
import time

import simpy

PAUSES, PAUSE, STARTUP, INTERVAL = 4, 120, 10, 30
REQUESTS, SUCCESS, LEAST, FORGIVEN = 1000, 0.99, 0.95, 2


def rollout(env, state):
    """Scales up and waits, weight by weight."""
    try:
        for _ in range(PAUSES):
            yield env.timeout(STARTUP)
            yield env.timeout(PAUSE)
        yield env.timeout(STARTUP)
        state["verdict"] = "Promoted"
    except simpy.Interrupt:
        state["verdict"] = "RolledBack"
    state["at"] = env.now


def gate(env, state, release, draw):
    """Measures until the release has ended, or until it ends the release."""
    failed = 0
    while release.is_alive:
        state["measurements"] += 1
        if draw() / REQUESTS < LEAST:
            failed += 1
            if FORGIVEN < failed:
                release.interrupt()
                return
        yield env.timeout(INTERVAL)


def one(draw):
    """One rollout; its verdict, time and number of measurements."""
    env = simpy.Environment()
    state = {"measurements": 0}
    release = env.process(rollout(env, state))
    env.process(gate(env, state, release, draw))
    env.run(until=release)
    return state


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    source = random.Random(2026)
    # Random.binomialvariate is new in Python 3.12; a normal draw of the same moments costs less than that.
    mean, deviation = REQUESTS * SUCCESS, (REQUESTS * SUCCESS * (1 - SUCCESS)) ** 0.5
    draw = lambda: min(REQUESTS, max(0, round(source.gauss(mean, deviation))))
    begin = time.perf_counter()
    promoted = measurements = 0
    for _ in range(count):
        state = one(draw)
        promoted += state["verdict"] == "Promoted"
        measurements += state["measurements"]
    seconds = time.perf_counter() - begin
    print(f"{count} rollouts, {promoted} promoted, {measurements / count:.2f} measurements each")
    print(f"{count / seconds:.0f} rollouts a second, {seconds / count * 1e6:.0f} us each")


if __name__ == "__main__":
    main()
