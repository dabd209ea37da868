"""Closed loop: redis-benchmark as fast as the peer answers, in rounds A-B-B-A."""

import os
import resource
import subprocess
from dataclasses import dataclass

from runner.machine import cpu_ns, csv_row, steal_ticks

MAIN = ("redis-server", "nutcracker", "haproxy", "keyhole", "keyhole, not sharing", "keyhole, embedded")


@dataclass
class Case:
    name: str
    command: str  # get or set
    options: str  # of redis-benchmark
    size: int     # bytes of a value
    keys: int
    requests: int  # of a round
    quick: int     # of a round of `quick`
    peers: tuple = MAIN

    def arguments(self):
        return f"-t {self.command} {self.options} -d {self.size} -r {self.keys}"


CASES = [
    Case("GET c=50 P=1", "get", "-c 50 -P 1", 64, 10_000, 200_000, 50_000),
    Case("SET c=50 P=1", "set", "-c 50 -P 1", 64, 10_000, 200_000, 50_000),
    Case("GET c=50 P=16", "get", "-c 50 -P 16", 64, 10_000, 1_600_000, 400_000),
    Case("SET c=50 P=16", "set", "-c 50 -P 16", 64, 10_000, 1_600_000, 400_000),
    Case("GET c=500 P=1", "get", "-c 500 -P 1", 64, 10_000, 300_000, 100_000),
    Case("GET 16 KiB c=50 P=1", "get", "-c 50 -P 1", 16 << 10, 1_000, 80_000, 20_000),
    Case("SET 16 KiB c=50 P=1", "set", "-c 50 -P 1", 16 << 10, 1_000, 80_000, 20_000),
    Case("GET 1 MiB c=50 P=1", "get", "-c 50 -P 1", 1 << 20, 10, 4_000, 1_000),
    Case("SET 1 MiB c=50 P=1", "set", "-c 50 -P 1", 1 << 20, 10, 4_000, 1_000),
    # A table of keys that are all tracked, and none: the dearest and the cheapest way to count.
    Case("counting: GET c=50 P=16, 1000 keys", "get", "-c 50 -P 16", 64, 1_000, 1_600_000, 400_000,
         ("keyhole, no keys", "keyhole")),
    Case("workers: GET c=50 P=1", "get", "-c 50 -P 1", 64, 10_000, 200_000, 50_000,
         ("keyhole", "keyhole, 2 workers")),
    Case("workers: GET c=50 P=16", "get", "-c 50 -P 16", 64, 10_000, 1_600_000, 400_000,
         ("keyhole", "keyhole, 2 workers")),
]


def measure(peer, case, requests):
    """One run: microseconds of CPU per request of the peer, of the Redis behind it and of the load;
    requests per second; the share of the machine that the hypervisor gave to others."""
    pids = peer.pids()
    load = ["redis-benchmark", "-h", "127.0.0.1", "-p", str(peer.port), "-n", str(requests), "--csv",
            *case.arguments().split()]
    stolen, ticks = steal_ticks()
    rest = resource.getrusage(resource.RUSAGE_CHILDREN)
    before = [cpu_ns(pid) for pid in pids]
    out = subprocess.run(load, capture_output=True, text=True, timeout=600, check=True,
                         preexec_fn=lambda: os.sched_setaffinity(0, peer.cores.rest))
    used = [(cpu_ns(pid) - b) / requests / 1000 for pid, b in zip(pids, before)]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    stolen, ticks = (now - was for now, was in zip(steal_ticks(), (stolen, ticks)))
    return {
        "cpu": used[0],
        "redis": used[1] if len(used) > 1 else None,
        "load": (after.ru_utime + after.ru_stime - rest.ru_utime - rest.ru_stime) * 1e6 / requests,
        "rps": float(csv_row(out.stdout, case.command.upper())[1]),
        "steal": stolen / max(ticks, 1),
    }


def run_case(case, peers, rounds, requests):
    """The measurements of all rounds, after one that is thrown away."""
    results = []
    for peer in peers:
        peer.fill(case.keys, case.size)
    for peer in peers:
        measure(peer, case, max(requests // 10, 500))
    for number in range(rounds):
        for peer in peers if number % 2 == 0 else reversed(peers):
            results.append({"case": case.name, "peer": peer.name, "round": number,
                            **measure(peer, case, requests)})
    return results
