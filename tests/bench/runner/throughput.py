"""Closed loop: redis-benchmark as fast as the peer answers."""

import os
import subprocess
from dataclasses import dataclass

from runner import report
from runner.machine import Watch, cpu_ns, csv_row

MAIN = ("redis-server", "nutcracker", "haproxy", "keyhole", "keyhole, not sharing", "keyhole, embedded")
# nutcracker's default buffers suit large values, 512 bytes small ones: the better of the two takes part.
LARGE = ("redis-server", "nutcracker -m 16384", *MAIN[2:])
TLS = ("redis-server", "keyhole", "redis-server, TLS", "keyhole, TLS", "keyhole, TLS upstream", "keyhole, TLS both")
CLUSTER = ("keyhole", "keyhole, cluster")
MOST_OTHERS = 0.05  # of the machine; what had more of it is measured again, once


@dataclass
class Case:
    name: str
    command: str  # get or set
    options: str  # of redis-benchmark
    size: int     # bytes of a value
    keys: int
    requests: int  # of a round; a fifth of it in the rounds of `quick`
    peers: tuple = MAIN
    in_quick: bool = True

    def arguments(self):
        return f"-t {self.command} {self.options} -d {self.size} -r {self.keys}"

    def run(self, stage):
        """The measurements of all rounds, after one that is thrown away. What was disturbed is
        measured once more."""
        peers = stage.choose(self.peers)
        requests = self.requests // 5 if stage.quick else self.requests
        results = []
        for peer in peers:
            peer.fill(self.keys, self.size)
            measure(peer, self, requests // 10)
        for number, peer in stage.in_turn(peers):
            one = measure(peer, self, requests)
            if one["others"] > MOST_OTHERS and not stage.quick:
                one = measure(peer, self, requests)
            results.append({"case": self.name, "peer": peer.name, "round": number, **one})
        report.print_throughput(results)
        return results


CASES = [
    Case("GET c=50 P=1", "get", "-c 50 -P 1", 64, 100_000, 100_000),
    Case("SET c=50 P=1", "set", "-c 50 -P 1", 64, 100_000, 100_000),
    Case("GET c=50 P=16", "get", "-c 50 -P 16", 64, 100_000, 800_000),
    Case("SET c=50 P=16", "set", "-c 50 -P 16", 64, 100_000, 800_000),
    Case("GET c=500 P=1", "get", "-c 500 -P 1", 64, 100_000, 300_000),
    Case("GET 16 KiB c=50 P=1", "get", "-c 50 -P 1", 16 << 10, 1_000, 40_000, LARGE),
    Case("SET 16 KiB c=50 P=1", "set", "-c 50 -P 1", 16 << 10, 1_000, 40_000, LARGE, in_quick=False),
    Case("GET 1 MiB c=50 P=1", "get", "-c 50 -P 1", 1 << 20, 10, 2_000, LARGE),
    Case("SET 1 MiB c=50 P=1", "set", "-c 50 -P 1", 1 << 20, 10, 2_000, LARGE, in_quick=False),
    # More than the processor's caches hold.
    Case("GET c=50 P=16, 1 000 000 keys", "get", "-c 50 -P 16", 64, 1_000_000, 800_000,
         ("redis-server", "keyhole", "keyhole, embedded"), in_quick=False),
    # A table of keys that are all tracked, and none: the dearest and the cheapest way to count.
    Case("counting: GET c=50 P=16, 1000 keys", "get", "-c 50 -P 16", 64, 1_000, 800_000,
         ("keyhole, no keys", "keyhole")),
    Case("workers: GET c=50 P=1", "get", "-c 50 -P 1", 64, 100_000, 100_000,
         ("keyhole", "keyhole, 2 workers")),
    Case("workers: GET c=50 P=16", "get", "-c 50 -P 16", 64, 100_000, 800_000,
         ("keyhole", "keyhole, 2 workers")),
    # The same proxy in front of one Redis, and of three masters.
    Case("cluster, 3 masters: GET c=50 P=1", "get", "-c 50 -P 1", 64, 100_000, 100_000, CLUSTER, in_quick=False),
    Case("cluster, 3 masters: SET c=50 P=1", "set", "-c 50 -P 1", 64, 100_000, 100_000, CLUSTER, in_quick=False),
    Case("cluster, 3 masters: GET c=50 P=16", "get", "-c 50 -P 16", 64, 100_000, 800_000, CLUSTER, in_quick=False),
    Case("cluster, 3 masters: SET c=50 P=16", "set", "-c 50 -P 16", 64, 100_000, 800_000, CLUSTER, in_quick=False),
    Case("TLS: GET c=50 P=1", "get", "-c 50 -P 1", 64, 100_000, 100_000, TLS, in_quick=False),
    Case("TLS: GET c=50 P=16", "get", "-c 50 -P 16", 64, 100_000, 800_000, TLS, in_quick=False),
]


def command(peer, arguments, requests):
    tls = ["--tls", "--insecure"] if peer.speaks_tls else []
    return ["redis-benchmark", "-h", "127.0.0.1", "-p", str(peer.port), "-n", str(requests), "--csv", *tls,
            *arguments.split()]


def load(peer, arguments, requests):
    return subprocess.run(command(peer, arguments, requests), capture_output=True, text=True, timeout=600,
                          check=True, preexec_fn=lambda: os.sched_setaffinity(0, peer.cores.rest)).stdout


def measure(peer, case, requests):
    """One run: microseconds of CPU per request of the peer, of the Redis behind it and of the load;
    requests per second; the share of the machine that others had meanwhile."""
    pids = peer.pids()
    watch = Watch(pids)
    before = [cpu_ns(pid) for pid in pids]
    out = load(peer, case.arguments(), requests)
    used = [(cpu_ns(pid) - b) / requests / 1000 for pid, b in zip(pids, before)]
    others, children = watch()
    return {
        "cpu": used[0],
        "redis": sum(used[1:]) if len(used) > 1 else None,
        "load": children * 1e6 / requests,
        "rps": float(csv_row(out, case.command.upper())[1]),
        "others": others,
    }
