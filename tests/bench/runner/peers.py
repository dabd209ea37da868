"""The processes that are compared: how each is started, on which core, and what it has used.

Each peer has a redis-server of its own behind it, so that what Redis spends can be told apart. The kernel
places all of them where it likes, unless --pin binds the peers to one core and everything else (the load,
the Redis behind a peer) to the others; the same for all.
"""

import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time
from typing import NamedTuple

from runner.machine import ROOT

KEYHOLE = os.environ.get("KEYHOLE", str(ROOT / "build/bench/keyhole"))

REDIS = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--io-threads", "1",
         "--maxclients", "20000"]


def nutcracker(buffers):
    """buffers: bytes of each (-m). Many small ones are cheap for small values, and dear for large ones."""
    return lambda ports, directory: nutcracker_command(buffers, ports, directory)


def nutcracker_command(buffers, ports, directory):
    path = directory / f"nutcracker-{ports.own}.yml"
    path.write_text(f"bench:\n  listen: 127.0.0.1:{ports.own}\n  hash: fnv1a_64\n  distribution: ketama\n"
                    f"  redis: true\n  servers:\n   - 127.0.0.1:{ports.redis}:1\n")
    return ["nutcracker", "-c", str(path), "-a", "127.0.0.1", "-s", str(free_port()),
            "-m", str(buffers)]


def haproxy(ports, directory):
    path = directory / f"haproxy-{ports.own}.cfg"
    clients = (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200) // 2
    path.write_text(f"global\n  nbthread 1\n  maxconn {min(clients, 20000)}\ndefaults\n  mode tcp\n  timeout connect 5s\n"
                    "  timeout client 1h\n  timeout server 1h\n"
                    f"frontend f\n  bind 127.0.0.1:{ports.own}\n  default_backend b\n"
                    f"backend b\n  server s 127.0.0.1:{ports.redis}\n")
    return ["haproxy", "-f", str(path), "-db"]


def keyhole(*options, upstream=True, program=None):
    def command(ports, _):
        behind = ["--upstream", f"redis://127.0.0.1:{ports.redis}"] if upstream else []
        return [program or KEYHOLE, "--listen", f"127.0.0.1:{ports.own}", "--http", f"127.0.0.1:{ports.http}",
                "--max-clients", "20000", *behind, *options]
    return command


def keyhole_cluster(ports, _):
    return [KEYHOLE, "--listen", f"127.0.0.1:{ports.own}", "--http", "off", "--max-clients", "20000",
            "--upstream", f"redis+cluster://127.0.0.1:{ports.redis}"]


def certificate(directory):
    """A certificate that vouches for itself, and its key."""
    cert, key = directory / "tls.crt", directory / "tls.key"
    if not cert.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return str(cert), str(key)


def redis_tls(port, directory):
    """What a Redis is to be told to speak TLS as well."""
    cert, key = certificate(directory)
    return ["--tls-port", str(port), "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert,
            "--tls-auth-clients", "no"]


def keyhole_tls(clients, upstream):
    """Keyhole with TLS to its clients, to the upstream, or both."""
    def command(ports, directory):
        cert, key = certificate(directory)
        listen = f"127.0.0.1:{ports.own}"
        own = ["--listen", f"tls://{listen}", "--tls-cert", cert, "--tls-key", key] if clients else ["--listen", listen]
        behind = (["--upstream", f"rediss://localhost:{ports.redis_tls}", "--upstream-tls-ca", cert] if upstream
                  else ["--upstream", f"redis://127.0.0.1:{ports.redis}"])
        return [KEYHOLE, "--http", "off", "--max-clients", "20000", *own, *behind]
    return command


class Ports(NamedTuple):
    own: int
    redis: int  # of the Redis behind it
    redis_tls: int  # the same, if it speaks TLS
    http: int


# name: what makes its command line (none: the redis-server itself), and whether a Redis is behind it
PEERS = {
    "redis-server": (None, True),
    "nutcracker": (nutcracker(512), True),
    "nutcracker -m 16384": (nutcracker(16384), True),
    "haproxy": (haproxy, True),
    "keyhole": (keyhole(), True),
    "keyhole, not sharing": (keyhole("--sharing", "off"), True),
    "keyhole, embedded": (keyhole(upstream=False), False),
    "keyhole, no keys": (keyhole("--tracked-keys", "0"), True),
    "keyhole, 2 workers": (keyhole("--workers", "2"), True),
    "redis-server, TLS": (None, True),
    "keyhole, TLS": (keyhole_tls(True, False), True),
    "keyhole, TLS upstream": (keyhole_tls(False, True), True),
    "keyhole, TLS both": (keyhole_tls(True, True), True),
    "keyhole, cluster": (keyhole_cluster, True),  # of three masters
}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(port, *words):
    """What this Redis says, on a connection of its own."""
    return subprocess.run(["redis-cli", "-p", str(port), *map(str, words)], check=True, capture_output=True,
                          text=True, timeout=10).stdout


def is_whole(port):
    info = ask(port, "CLUSTER", "INFO")
    return "cluster_state:ok" in info and "cluster_size:3" in info


class Cores:
    """Which cores are whose. A worker more needs a core more: such a peer is not bound."""

    def __init__(self, pin):
        cores = sorted(os.sched_getaffinity(0))
        self.pinned = pin and len(cores) > 1  # of one core nothing is left to choose
        self.peer = set(cores[-1:]) if self.pinned else set(cores)
        self.rest = set(cores[:-1]) if self.pinned else set(cores)

    def describe(self):
        if not self.pinned:
            return "nothing is bound to a core"
        return f"peer on core {min(self.peer)}, load and the Redis behind it on {sorted(self.rest)}"


class Peer:
    def __init__(self, name, directory, cores):
        command, behind = PEERS[name]
        self.name = name
        self.cores = cores
        self.port = free_port()
        self.redis_port = free_port()
        self.redis_tls_port = free_port()
        self.http_port = free_port()
        self.log = open(pathlib.Path(directory) / f"{name}.log", "wb")
        self.processes = []
        self.redis = None  # the one behind it
        self.masters = []  # or those
        self.commands = []
        redis = [*REDIS, "--dir", str(directory), "--port", str(self.redis_port)]
        if "TLS" in name:
            redis += redis_tls(self.redis_tls_port, pathlib.Path(directory))
        if command is None:
            self.port = self.redis_tls_port if "TLS" in name else self.redis_port
            self.main = self.start(redis, self.redis_port, cores.peer)
            return
        if "cluster" in name:
            self.start_cluster(pathlib.Path(directory))
        elif behind:
            self.redis = self.start(redis, self.redis_port, cores.rest)
        self.main = self.start(command(Ports(self.port, self.redis_port, self.redis_tls_port, self.http_port), directory), self.port,
                               cores.peer | cores.rest if "workers" in name else cores.peer)

    def start_cluster(self, directory):
        """Three masters, the first at redis_port, with a third of the slots each."""
        nodes = [(self.redis_port, free_port()), *((free_port(), free_port()) for _ in range(2))]
        for number, (port, bus) in enumerate(nodes):
            own = directory / f"{port}"
            own.mkdir()
            self.masters.append(self.start([*REDIS, "--dir", str(own), "--port", str(port), "--cluster-enabled", "yes",
                                            "--cluster-port", str(bus)], port, self.cores.rest))
            first, last = 5461 * number, 16383 if number == 2 else 5461 * (number + 1) - 1
            ask(port, "CLUSTER", "ADDSLOTSRANGE", first, last)
            ask(port, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number > 0:
                ask(port, "CLUSTER", "MEET", "127.0.0.1", *nodes[0])
        end = time.monotonic() + 20
        while not all(is_whole(port) for port, _ in nodes):
            if time.monotonic() > end:
                self.stop()
                sys.exit("the cluster does not come together")
            time.sleep(0.05)

    def start(self, command, port, cores):
        self.commands.append(" ".join(command))
        try:
            process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        except OSError as error:
            self.stop()
            sys.exit(f"{command[0]} does not start: {error}")
        os.sched_setaffinity(process.pid, cores)
        self.processes.append(process)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return process
            except OSError:
                if process.poll() is not None:
                    break
                time.sleep(0.02)
        self.stop()
        sys.exit(f"{command[0]} does not start: {' '.join(command)}")

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.log.close()

    @property
    def data_port(self):
        """Where the data is: straight into Redis, for nutcracker has limits; a cluster's is in several."""
        return self.redis_port if self.redis is not None or PEERS[self.name][0] is None else self.port

    @property
    def speaks_tls(self):
        """To its clients."""
        return "TLS" in self.name and not self.name.endswith("upstream")

    def pids(self):
        """Of the peer, and of the Redis behind it, if any."""
        behind = [self.redis] if self.redis is not None else self.masters
        return [process.pid for process in [self.main, *behind]]

    def fill(self, keys, size):
        """Every key that redis-benchmark may ask for has a value."""
        value = b"x" * size
        with socket.create_connection(("127.0.0.1", self.data_port), 60) as connection:
            replies = connection.makefile("rb")
            step = max(1, min(1000, 4_000_000 // (size + 64)))
            for first in range(0, keys, step):
                numbers = range(first, min(first + step, keys))
                connection.sendall(b"".join(b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n" %
                                            (number, size, value) for number in numbers))
                for _ in numbers:
                    reply = replies.readline()
                    if reply != b"+OK\r\n":
                        sys.exit(f"{self.name}: SET is answered with {reply!r}")
