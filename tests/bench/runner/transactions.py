"""MULTI, three SETs, EXEC, by 100 clients as fast as they are answered: what a transaction costs where clients share
links, and where each has its own. And how many connections to Redis are made for it, once there are enough.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import urllib.request
from dataclasses import dataclass

from runner import report
from runner.machine import Watch, cpu_ns
from runner.throughput import MOST_OTHERS

LOAD = pathlib.Path(__file__).with_name("transaction_load.py")


@dataclass
class Case:
    name: str
    how: str
    transactions: int = 30_000
    clients: int = 100
    peers: tuple = ("keyhole, not sharing", "keyhole", "redis-server")
    in_quick: bool = False

    def run(self, stage):
        transactions = self.transactions // 5 if stage.quick else self.transactions
        peers = stage.choose(self.peers)
        results = []
        for peer in peers:
            self.measure(peer, transactions // 3)
        for number, peer in stage.in_turn(peers):
            one = self.measure(peer, transactions)
            if one["others"] > MOST_OTHERS and not stage.quick:
                one = self.measure(peer, transactions)
            results.append({"case": self.name, "peer": peer.name, "round": number, **one})
        self.print(results)
        return results

    def measure(self, peer, transactions):
        """Microseconds of CPU per transaction, and connections that the peer has made to Redis."""
        pids = peer.pids()
        connects = connections(peer)
        watch = Watch(pids)
        before = [cpu_ns(pid) for pid in pids]
        subprocess.run([sys.executable, LOAD, str(peer.port), str(self.clients), str(transactions), self.how],
                       timeout=300, check=True, preexec_fn=lambda: os.sched_setaffinity(0, peer.cores.rest))
        used = [(cpu_ns(pid) - was) / transactions / 1000 for pid, was in zip(pids, before)]
        others, _ = watch()
        return {"cpu": used[0], "redis": used[1] if len(used) > 1 else None, "others": others,
                "connects": None if connects is None else (connections(peer) - connects) / transactions}

    @staticmethod
    def print(results):
        reference = report.names(results)[0]
        rows = []
        for peer in report.names(results):
            made = report.of(results, peer, "connects")
            own = [one for one in results if one["redis"] is not None]
            rows.append([peer, report.span(report.of(results, peer, "cpu")),
                         report.span(report.of(results, peer, "redis")),
                         report.span(report.ratios(results, "cpu", peer, reference)),
                         report.span(report.ratios(own, "redis", peer, reference)),
                         f"{statistics.mean(made):.5f}" if made else ""])
        report.print_table(results[0]["case"], ["", "CPU us", "redis us", f"CPU/{reference}", f"redis us/{reference}",
                                                "connections each"], rows)
        report.remark_others(results)


def connections(peer):
    """That it has made to Redis so far; None: it is one itself."""
    if peer.redis is None:
        return None
    with urllib.request.urlopen(f"http://127.0.0.1:{peer.http_port}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    return float(re.search(r"^keyhole_upstream_connects_total (\S+)", text, re.M)[1])


CASES = [Case("MULTI, three SETs, EXEC in one write, c=100", "whole"),
         Case("MULTI, three SETs, EXEC one by one, c=100", "steps", 10_000)]
