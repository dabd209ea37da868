"""Open loop: latency at fixed rates, the same for all peers, from the time each request was due.

The rates are parts of what nutcracker can do (redis-benchmark, GET c=50 P=1, in this run).
"""

import json
import statistics
import subprocess
from dataclasses import dataclass

from runner import report
from runner.machine import ROOT
from runner.throughput import CASES as CLOSED
from runner.throughput import MAIN, measure

LOAD = ROOT / "build/bench/tests/bench/load/load"


@dataclass
class Case:
    percent: int
    in_quick: bool = True

    @property
    def name(self):
        return f"latency at {self.percent} % of nutcracker's maximum"

    def run(self, stage):
        rate = maximum(stage) * self.percent / 100
        peers = stage.choose(MAIN)
        for peer in peers:
            peer.fill(100_000, 64)
        seconds, warmup, rounds = (0.6, 0.1, 1) if stage.quick else (3, 0.5, min(stage.rounds, 5))
        results = []
        for number, peer in stage.in_turn(peers, rounds):
            one = once_more_if_late(lambda peer=peer: measure_latency(peer, rate, seconds, warmup))
            results.append({"case": self.name, "peer": peer.name, "round": number, **one})
        report.print_latency(results)
        return results


CASES = [Case(20), Case(50), Case(80)]


def maximum(stage):
    """Requests per second of nutcracker."""
    closed = CLOSED[0]
    known = [one["rps"] for one in stage.results
             if one["case"] == closed.name and one["peer"] == "nutcracker"]
    if not known:
        peer = stage.peer("nutcracker")
        peer.fill(closed.keys, closed.size)
        known = [measure(peer, closed, 30_000)["rps"] for _ in range(3)]
        stage.results += [{"case": closed.name, "peer": "nutcracker", "rps": rps} for rps in known]
    return statistics.median(known)


def once_more_if_late(measure):
    """The schedule may not be kept the first time."""
    one = measure()
    return one if one["kept"] else measure()


def measure_latency(peer, rate, seconds, warmup, keys=100_000):
    """Microseconds, as the load generator prints them. Its exit code 3 is told by "kept"."""
    done = subprocess.run([LOAD, "--to", f"127.0.0.1:{peer.port}", "--rate", f"{rate:.0f}", "--keys", str(keys),
                           "--seconds", str(seconds), "--warmup", str(warmup)],
                          capture_output=True, text=True, timeout=120, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"{peer.name}: {done.stderr}")
    said = json.loads(done.stdout)
    latency, lag = said.pop("latency_us"), said.pop("lag_us")
    return {**said, **latency, "lag_p99": lag["p99"], "lag_max": lag["max"]}
