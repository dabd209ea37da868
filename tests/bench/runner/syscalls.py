"""System calls per request, counted by strace in a run of its own: it makes everything slow, so nothing
else is measured here. With one client each request, or each batch of 16, is alone."""

import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass

from runner import report
from runner.throughput import MAIN, load

# what is counted per, arguments of redis-benchmark, requests, requests in one of what is counted per
LOADS = [("request, c=1 P=1", "-t get -c 1 -P 1", 2_000, 1),
         ("batch of 16, c=1 P=16", "-t get -c 1 -P 16", 16_000, 16),
         ("request, c=50 P=1", "-t get -c 50 -P 1", 10_000, 1),
         ("batch of 16, c=50 P=16", "-t get -c 50 -P 16", 64_000, 16)]


@dataclass
class Case:
    name: str = "system calls"
    in_quick: bool = True

    def run(self, stage):
        results = []
        for peer in stage.choose(MAIN):
            for unit, arguments, requests, each in LOADS[:2] if stage.quick else LOADS:
                calls, problem = count(peer, f"{arguments} -d 64 -r 10000", requests)
                if problem:
                    print(f"\n{self.name}: left out, {problem}")
                    return results
                units = requests / each
                results.append({"case": self.name, "peer": peer.name, "per": unit,
                                "calls": {name: number / units for name, number in calls.items()}})
        report.print_syscalls(results)
        return results


CASES = [Case()]


def count(peer, arguments, requests):
    """{call: how often}, or what is in the way."""
    with tempfile.NamedTemporaryFile("r") as summary:
        try:
            strace = subprocess.Popen(["strace", "-c", "-f", "-o", summary.name, "-p", str(peer.main.pid)],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        except OSError as error:
            return {}, f"strace does not start: {error}"
        said = strace.stderr.readline()
        if "attached" not in said:
            strace.wait()
            return {}, f"strace may not look at other processes here: {said.strip()}"
        try:
            load(peer, arguments, requests)
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait()
        return parse(summary.read()), None


def parse(summary):
    """% time  seconds  usecs/call  calls [errors]  name"""
    calls = {}
    for line in summary.splitlines():
        row = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
        if row and row[2] != "total":
            calls[row[2]] = int(row[1])
    return calls
