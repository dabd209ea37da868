"""Clients that are connected and ask nothing: what they weigh, and whether they cost the others anything.

Not in it is what the kernel keeps for their sockets. What is measured are new processes, whose memory has
not been used and given back before.
"""

import contextlib
import socket
import statistics
import struct
import time

from dataclasses import dataclass

from runner import report
from runner.peers import Peer
from runner.throughput import CASES as CLOSED
from runner.throughput import MAIN, measure

REQUEST = b"*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n"


class Crowd:
    """So many connections to a peer."""

    def __init__(self, peer, count):
        self.sockets = [socket.create_connection(("127.0.0.1", peer.port), 30) for _ in range(count)]

    def ask_once(self):
        for number in range(0, len(self.sockets), 100):
            some = self.sockets[number:number + 100]
            for one in some:
                one.sendall(REQUEST)
            for one in some:
                one.recv(4096)

    def close(self):
        for one in self.sockets:  # reset: a port that lingers is one fewer for the next crowd
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()


def resident(pid):
    """Bytes, once they have been the same for 0.3 s."""
    values = []
    for _ in range(40):
        with open(f"/proc/{pid}/status") as file:
            values.append(next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:")))
        if len(values) > 3 and len(set(values[-4:])) == 1:
            break
        time.sleep(0.1)
    return values[-1]


@dataclass
class Memory:
    name: str = "idle clients: memory"
    in_quick: bool = True

    def run(self, stage):
        count = min(1_000 if stage.quick else 5_000, (stage.files - 500) // 2)
        results = []
        for chosen in stage.choose(MAIN):
            with contextlib.closing(Fresh(chosen.name, stage)) as fresh:
                peer = fresh.peer
                with contextlib.closing(Crowd(peer, 100)) as first:
                    first.ask_once()
                    before = resident(peer.main.pid)
                    with contextlib.closing(Crowd(peer, count)) as crowd:
                        connected = resident(peer.main.pid)
                        crowd.ask_once()
                        asked = resident(peer.main.pid)
                results.append({"case": self.name, "peer": peer.name, "clients": count,
                                "connected": (connected - before) / count,
                                "after_a_request": (asked - before) / count})
        report.print_memory(results)
        return results


class Fresh:
    """A peer of its own, ended afterwards."""

    def __init__(self, name, stage):
        self.peer = Peer(name, stage.directory, stage.cores)

    def close(self):
        self.peer.stop()


@dataclass
class Busy:
    """50 busy clients among many idle ones."""

    name: str = "idle clients: CPU of 50 busy ones"
    in_quick: bool = False

    def run(self, stage):
        count = min(10_000, stage.files - 500)
        busy = CLOSED[0]
        results = []
        for peer in stage.choose(("redis-server", "nutcracker", "keyhole")):
            peer.fill(busy.keys, busy.size)
            measure(peer, busy, busy.requests // 10)
            # none, idle, idle, none: one crowd serves two measurements
            for number in range(max(stage.rounds // 3, 1)):
                without = [measure(peer, busy, busy.requests)]
                with contextlib.closing(Crowd(peer, count)) as crowd:
                    crowd.ask_once()
                    among = [measure(peer, busy, busy.requests) for _ in range(2)]
                without.append(measure(peer, busy, busy.requests))
                results.append({"case": self.name, "peer": peer.name, "round": number, "idle": count,
                                "cpu": statistics.mean(one["cpu"] for one in without),
                                "cpu_among_idle": statistics.mean(one["cpu"] for one in among)})
        report.print_busy(results)
        return results


CASES = [Memory(), Busy()]
