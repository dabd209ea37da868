"""The near cache: what a hit costs, what the whole system saves, what it costs where nothing is hot, and how
much of the keys' popularity it catches.
"""

import json
import re
import statistics
import subprocess
import urllib.request
from dataclasses import dataclass

from runner import report
from runner.machine import ROOT, csv_row
from runner.peers import PEERS, keyhole
from runner.throughput import MOST_OTHERS, load, measure

LOAD = ROOT / "build/bench/tests/bench/load/load"
SIMULATOR = ROOT / "build/bench/tests/bench/near_cache_bench"

# redis-benchmark asks for all its keys alike. These prefixes are those of 99 000 of 100 000 keys.
MOST_KEYS = [f"key:0000000{digit}" for digit in range(9)] + [f"key:00000009{digit}" for digit in range(9)]

NEAR = {
    "keyhole, near": ["--near-cache", "64mb"],
    "keyhole, near 99": ["--near-cache", "64mb",
                         *[word for prefix in MOST_KEYS for word in ("--near-cache-prefix", prefix)]],
    "keyhole, near, 4 MB": ["--near-cache", "4mb"],
}
PEERS.update({name: (keyhole(*options), True) for name, options in NEAR.items()})


def add_before(program):
    """The same peers with an older program."""
    PEERS.update({f"{name}, before": (keyhole(*options, program=program), True) for name, options in NEAR.items()})


@dataclass
class Case:
    """One of throughput.py's, once every key that may be near is."""
    name: str
    options: str  # of redis-benchmark
    keys: int
    requests: int
    peers: tuple
    in_quick: bool = False
    command: str = "get"
    size: int = 64

    def arguments(self):
        return f"-t {self.command} {self.options} -d {self.size} -r {self.keys}"

    def run(self, stage):
        peers = stage.choose(self.peers)
        requests = self.requests // 3 if stage.quick else self.requests
        for peer in peers:
            peer.fill(self.keys, self.size)
            measure(peer, self, min(20 * self.keys, 2_000_000))
        results = []
        for number, peer in stage.in_turn(peers):
            one = measure(peer, self, requests)
            if one["others"] > MOST_OTHERS:
                one = measure(peer, self, requests)
            one["system"] = one["cpu"] + (one["redis"] or 0)
            results.append({"case": self.name, "peer": peer.name, "round": number, **one})
        self.print(results)
        return results

    def print(self, results):
        older = [name for name in report.names(results) if name.endswith(", before")]
        reference = older[0] if older else self.peers[0]
        rows = [[peer, report.span(report.of(results, peer, "cpu")),
                 report.span(report.of(results, peer, "redis")),
                 f"{statistics.median(report.of(results, peer, 'rps')):.0f}",
                 report.span(report.ratios(results, "cpu", peer, reference), 3),
                 report.span(report.ratios(results, "system", peer, reference), 3)]
                for peer in report.names(results)]
        report.print_table(f"{self.name}", ["", "CPU us", "redis us", "req/s", f"CPU/{reference}",
                                             f"with redis/{reference}"], rows)


@dataclass
class Latency(Case):
    """p50 and p99 of redis-benchmark, in microseconds."""

    def run(self, stage):
        peers = stage.choose(self.peers)
        for peer in peers:
            peer.fill(self.keys, self.size)
            load(peer, self.arguments(), 20 * self.keys)
        results = []
        for number, peer in stage.in_turn(peers):
            row = csv_row(load(peer, self.arguments(), self.requests), "GET")
            results.append({"case": self.name, "peer": peer.name, "round": number,
                            "p50": float(row[4]) * 1000, "p99": float(row[6]) * 1000})
        reference = self.peers[0]
        rows = [[peer, *[report.span(report.of(results, peer, part), 0) for part in ("p50", "p99")],
                 report.span(report.ratios(results, "p99", peer, reference))]
                for peer in report.names(results)]
        report.print_table(self.name, ["", "p50 us", "p99 us", f"p99/{reference}"], rows)
        return results


@dataclass
class HitRatio:
    """Keys by Zipf's law, a budget of 1 % of what all of them would take: what the proxy catches in the second
    half of a run, and what the simulator does over the same policy code and as many requests. Many connections,
    so that hardly a request stands behind another one, where it would be passed on."""
    exponent: float
    in_quick: bool = False
    keys: int = 1_000_000
    rate: int = 12_000
    seconds: int = 40

    @property
    def name(self):
        return f"near: hit ratio, Zipf {self.exponent}"

    def run(self, stage):
        known = json.loads(subprocess.run([SIMULATOR, "--json", str(self.exponent), str(self.keys),
                                           str(2 * self.seconds * self.rate)],
                                          capture_output=True, text=True, timeout=300, check=True).stdout)
        name = f"keyhole, near, {known['budget']} bytes"
        PEERS[name] = (keyhole("--near-cache", str(known["budget"]), "--tracked-keys", "0"), True)
        peer = stage.peer(name)
        peer.fill(self.keys, known["value"])
        self.load(peer, 1)
        before = near_counts(peer)
        self.load(peer, 2)
        reads, hits = (now - was for now, was in zip(near_counts(peer), before))
        one = {"case": self.name, "peer": "keyhole, near", "round": 0, "hit_ratio": hits / reads,
               "simulated": known["hit_ratio"], "lru": known["lru"], "budget": known["budget"]}
        print(f"\n{self.name}, {known['budget']} bytes\n  keyhole {one['hit_ratio']:.4f}, simulated "
              f"{one['simulated']:.4f}, LRU of the same bytes, simulated {one['lru']:.4f}", flush=True)
        return [one]

    def load(self, peer, seed):
        subprocess.run([LOAD, "--to", f"127.0.0.1:{peer.port}", "--rate", str(self.rate), "--seconds",
                        str(self.seconds), "--warmup", "0", "--zipf", str(self.exponent), "--keys",
                        str(self.keys), "--connections", "500", "--seed", str(seed)],
                       capture_output=True, timeout=120, check=False)


def near_counts(peer):
    """Reads that may be near, and those that were."""
    with open(peer.log.name, encoding="utf-8") as log:
        port = re.search(r"HTTP on 127\.0\.0\.1:(\d+)", log.read()).group(1)
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
    reads = float(re.search(r"^keyhole_near_cache_reads_total (\S+)", text, re.M).group(1))
    hits = sum(map(float, re.findall(r"^keyhole_near_cache_hits_total\{.*\} (\S+)", text, re.M)))
    return reads, hits


CASES = [
    Case("near: GET c=50 P=1, all hit", "-c 50 -P 1", 100_000, 100_000,
         ("redis-server", "keyhole", "keyhole, near")),
    Case("near: GET c=50 P=16, all hit", "-c 50 -P 16", 100_000, 800_000,
         ("redis-server", "keyhole", "keyhole, near")),
    Case("near: GET c=50 P=1, 99 % hit", "-c 50 -P 1", 100_000, 100_000,
         ("redis-server", "keyhole", "keyhole, near 99")),
    Case("near: GET c=50 P=16, 99 % hit", "-c 50 -P 16", 100_000, 800_000,
         ("redis-server", "keyhole", "keyhole, near 99")),
    Case("near: GET c=50 P=1, nothing is hot", "-c 50 -P 1", 1_000_000, 100_000,
         ("keyhole", "keyhole, near, 4 MB")),
    Case("near: GET c=50 P=16, nothing is hot", "-c 50 -P 16", 1_000_000, 800_000,
         ("keyhole", "keyhole, near, 4 MB")),
    Latency("near: latency of GET c=50 P=1, 99 % hit", "-c 50 -P 1", 100_000, 100_000,
            ("redis-server", "keyhole", "keyhole, near 99")),
    HitRatio(0.9),
    HitRatio(1.0),
]
