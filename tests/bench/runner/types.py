"""What commands on each type cost: closed loop, 50 connections and 16 requests in each pipeline, of redis-server and of
the embedded store. A case fills its keys anew, and is asked by redis-benchmark: __rand_int__ is below `below`.
"""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass

from runner import report
from runner.machine import Watch, cpu_ns
from runner.throughput import MOST_OTHERS

PEERS = ("redis-server", "keyhole, embedded")


@dataclass
class Case:
    name: str
    fill: tuple    # of (words, how often); {n} is a number from 0 on, {d} the same with 12 digits, {a} and {b} are
                   # six digits that it is mixed up to
    command: str
    below: int
    requests: int  # of a round; a fifth of it in the rounds of `quick`
    peers: tuple = PEERS
    in_quick: bool = False

    def run(self, stage):
        peers = stage.choose(self.peers)
        requests = self.requests // 5 if stage.quick else self.requests
        results = []
        for peer in peers:
            fill(peer, self.fill)
            self.measure(peer, requests // 10)
        for number, peer in stage.in_turn(peers):
            one = self.measure(peer, requests)
            if one["others"] > MOST_OTHERS and not stage.quick:
                one = self.measure(peer, requests)
            results.append({"case": self.name, "peer": peer.name, "round": number, **one})
        for peer in peers:
            fill(peer, ())
        report.print_throughput(results)
        return results

    def measure(self, peer, requests):
        """Microseconds of CPU per request, and requests per second."""
        pids = peer.pids()
        watch = Watch(pids)
        before = [cpu_ns(pid) for pid in pids]
        out = subprocess.run(["redis-benchmark", "-h", "127.0.0.1", "-p", str(peer.port), "-c", "50", "-P", "16", "-n",
                              str(requests), "-r", str(self.below), "--csv", *self.command.split()],
                             capture_output=True, text=True, timeout=600, check=True,
                             preexec_fn=lambda: os.sched_setaffinity(0, peer.cores.rest)).stdout
        used = [(cpu_ns(pid) - was) / requests / 1000 for pid, was in zip(pids, before)]
        others, children = watch()
        return {"cpu": used[0], "redis": None, "load": children * 1e6 / requests, "others": others,
                "rps": float(out.splitlines()[-1].rsplit('","', 8)[-7])}


def request(line, number):
    words = line.format(n=number, d=f"{number:012d}", a=f"{number * 7919 % 1_000_000:06d}",
                        b=f"{number * 104_729 % 999_983:06d}").split()
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)


def fill(peer, commands):
    """After that the peer has nothing else."""
    with socket.create_connection(("127.0.0.1", peer.data_port), 60) as connection:
        replies = connection.makefile("rb")
        for line, times in (("FLUSHALL", 1), *commands):
            for first in range(0, times, 1000):
                numbers = range(first, min(first + 1000, times))
                connection.sendall(b"".join(request(line, number) for number in numbers))
                for _ in numbers:
                    reply = replies.readline()
                    if reply[:1] not in b"+:$":
                        sys.exit(f"{peer.name}: {line} is answered with {reply!r}")
                    if reply[:1] == b"$":
                        replies.readline()


HASH = (("HSET key field:{d} value:0123456", 100_000),)
SET = (("SADD key member:{d}", 100_000),)
LIST = (("RPUSH key element:{d}:0123456789", 10_000),)
BOARD = (("ZADD key {a}.5 member:{d}", 100_000),)
LARGE_BOARD = (("ZADD key {a}.5 member:{d}", 1_000_000),)
STREAM = (("XADD key * name value:0123456789 other value:0123456789", 100_000),)
GROUP = (*STREAM, ("XGROUP CREATE key group 0", 1))
BITS = (("SETBIT key 99999 1", 1),)
PLACES = (("GEOADD key 13.{a} 52.{b} place:{d}", 100_000),)

CASES = [Case(f"{type_}: {name}", fill_, command, below, requests) for type_, name, fill_, command, below, requests in [
    ("hash", "HSET", HASH, "HSET key field:__rand_int__ value:6543210", 100_000, 300_000),
    ("hash", "HGET", HASH, "HGET key field:__rand_int__", 100_000, 300_000),
    ("set", "SADD", SET, "SADD key member:__rand_int__", 100_000, 300_000),
    ("set", "SISMEMBER", SET, "SISMEMBER key member:__rand_int__", 100_000, 300_000),
    ("list", "LPUSH", (), "LPUSH key element:0123456789", 1, 300_000),
    ("list", "LPOP", (("RPUSH key element:{d}", 1_000_000),), "LPOP key", 1, 100_000),
    ("list", "RPUSH to 100 000 small ones", (), "RPUSH key:__rand_int__ element", 100_000, 300_000),
    ("list", "LINDEX in the middle of 10 000", LIST, "LINDEX key 5000", 1, 300_000),
    ("list", "LRANGE of 100", LIST, "LRANGE key 0 99", 1, 100_000),
    ("sorted set", "ZADD, 100 000 members", BOARD, "ZADD key 0.__rand_int__ member:__rand_int__", 100_000, 200_000),
    ("sorted set", "ZADD, 1 000 000 members", LARGE_BOARD, "ZADD key 0.__rand_int__ member:__rand_int__", 1_000_000,
     200_000),
    ("sorted set", "ZINCRBY", BOARD, "ZINCRBY key 1.5 member:__rand_int__", 100_000, 200_000),
    ("sorted set", "ZSCORE", BOARD, "ZSCORE key member:__rand_int__", 100_000, 300_000),
    ("sorted set", "ZRANK, 100 000 members", BOARD, "ZRANK key member:__rand_int__", 100_000, 300_000),
    ("sorted set", "ZRANK, 1 000 000 members", LARGE_BOARD, "ZRANK key member:__rand_int__", 1_000_000, 300_000),
    ("sorted set", "ZRANGE of 10 at rank 500 000", LARGE_BOARD, "ZRANGE key 500000 500009", 1, 200_000),
    ("sorted set", "ZRANGEBYSCORE LIMIT 10", LARGE_BOARD, "ZRANGEBYSCORE key __rand_int__ +inf LIMIT 0 10", 1_000_000,
     200_000),
    ("sorted set", "ZPOPMIN", LARGE_BOARD, "ZPOPMIN key", 1, 100_000),
    ("stream", "XADD", (), "XADD key * field value other value", 1, 300_000),
    ("stream", "XADD MAXLEN ~ 1000", (), "XADD key MAXLEN ~ 1000 * field value other value", 1, 300_000),
    ("stream", "XRANGE of 10", STREAM, "XRANGE key - + COUNT 10", 1, 100_000),
    ("stream", "XREADGROUP of 1", GROUP, "XREADGROUP GROUP group me COUNT 1 STREAMS key >", 1, 50_000),
    ("bitmap", "SETBIT", BITS, "SETBIT key __rand_int__ 1", 100_000, 300_000),
    ("bitmap", "GETBIT", BITS, "GETBIT key __rand_int__", 100_000, 300_000),
    ("bitmap", "BITFIELD INCRBY", BITS, "BITFIELD key INCRBY u16 #__rand_int__ 1", 5_000, 200_000),
    ("bitmap", "BITCOUNT of 12.5 KB", BITS, "BITCOUNT key", 1, 100_000),
    ("HyperLogLog", "PFADD", (("PFADD key element:{d}", 20_000),),
     "PFADD key element:__rand_int__", 1_000_000, 300_000),
    ("HyperLogLog", "PFCOUNT", (("PFADD key element:{d}", 20_000),), "PFCOUNT key", 1, 300_000),
    ("geo", "GEOADD", PLACES, "GEOADD key 13.__rand_int__ 52.5 place:__rand_int__", 100_000, 200_000),
    ("geo", "GEOSEARCH of about 90", PLACES, "GEOSEARCH key FROMLONLAT 13.5 52.5 BYRADIUS 1470 m ASC", 1, 20_000),
    ("string", "INCR", (), "INCR counter:__rand_int__", 100_000, 300_000),
    ("string", "EXPIRE", (("SET key:{d} value", 100_000),), "EXPIRE key:__rand_int__ 1000", 100_000, 300_000),
    ("script", "EVAL of one GET", (("SET key value", 1),), "EVAL return(redis.call('get',KEYS[1])) 1 key", 1, 200_000),
]]
