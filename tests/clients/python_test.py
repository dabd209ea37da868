"""redis-py and limits (a rate limiter in Lua), and redis-cli's bulk tools, on Redis, through Keyhole and on
its own store."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import kombu
import limits.storage
import limits.strategies
import redis
import redis.cluster
import redis.sentinel

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEYHOLE = os.environ.get("KEYHOLE", str(ROOT / "build/dev/keyhole"))


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(command, pattern):
    """The program, and the match of the pattern with a line that it prints."""
    # It ends with this process, however that ends.
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    late = threading.Timer(15, process.kill)
    late.start()
    for line in process.stdout:
        match = re.search(pattern, line)
        if match:
            late.cancel()
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, match
    raise RuntimeError(f"{command[0]} does not start")


class World(unittest.TestCase):
    """Redis, and a way to it."""

    options = None  # of Keyhole; None: without it
    scheme = "redis"
    tls = False     # from the client to Keyhole, and from there to Redis

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="keyhole-clients-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.redis_port = self.port = free_port()
        self.tls_port = free_port()
        if self.tls:
            self.make_certificate()
        self.start_redis()
        if self.options is not None:
            ways = (["--listen", "tls://127.0.0.1:0", "--tls-cert", self.cert, "--tls-key", self.key, "--upstream",
                     f"rediss://localhost:{self.tls_port}", "--upstream-tls-ca", self.cert] if self.tls else
                    ["--listen", "127.0.0.1:0", "--upstream", f"{self.scheme}://127.0.0.1:{self.redis_port}"])
            proxy, match = start([KEYHOLE, "--http", "off", *ways, *self.options],
                                 r"RESP on (?:tls://)?127\.0\.0\.1:(\d+)")
            self.addCleanup(self.end, proxy)
            self.port = int(match[1])
        options = {"ssl": True, "ssl_ca_certs": self.cert} if self.tls else {}
        self.client = redis.Redis(port=self.port, decode_responses=True, **options)
        self.addCleanup(self.client.close)

    def make_certificate(self):
        self.cert, self.key = f"{self.directory}/tls.crt", f"{self.directory}/tls.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", self.key, "-out", self.cert], check=True, capture_output=True)

    def start_redis(self):
        tls = (["--tls-port", str(self.tls_port), "--tls-cert-file", self.cert, "--tls-key-file", self.key,
                "--tls-ca-cert-file", self.cert, "--tls-auth-clients", "no"] if self.tls else [])
        self.redis, _ = start(["redis-server", "--port", str(self.redis_port), "--dir", self.directory,
                               "--appendonly", "yes", "--appendfsync", "no", "--save", "", *tls],
                              "Ready to accept connections")
        self.addCleanup(self.end, self.redis)

    def end(self, process):
        process.kill()
        process.wait()
        process.stdout.close()

    def restart_redis(self):
        self.end(self.redis)
        self.start_redis()

    def eventually(self, call):
        until = time.monotonic() + 15
        while True:
            try:
                return call()
            except redis.ConnectionError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)  # as an application that tries again


class DirectTest(World):
    def test_commands(self):
        client = self.client
        self.assertTrue(client.set("a", "1"))
        self.assertEqual(client.mget("a", "nosuch"), ["1", None])
        client.hset("h", mapping={"x": "1", "y": "2"})
        self.assertEqual(client.hgetall("h"), {"x": "1", "y": "2"})
        self.assertEqual(client.pipeline(transaction=False).incr("n").get("a").execute(), [1, "1"])
        self.assertEqual(client.pipeline().incr("n").get("a").execute(), [2, "1"])
        with self.assertRaises(redis.ResponseError):
            client.lpush("a", "x")
        self.assertEqual(sorted(client.scan_iter(count=1)), ["a", "h", "n"])
        self.assertEqual(client.info("server")["redis_version"], "7.0.15")

    def test_optimistic_locking(self):
        def add(pipe):
            value = int(pipe.get("balance") or 0)
            pipe.multi()
            pipe.set("balance", value + 1)

        threads = [threading.Thread(target=lambda: [self.client.transaction(add, "balance") for _ in range(25)])
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertEqual(self.client.get("balance"), "100")

    def test_locks_and_scripts(self):
        with self.client.lock("lock", timeout=10):
            self.assertFalse(self.client.lock("lock").acquire(blocking=False))
        add = self.client.register_script("return redis.call('incrby', KEYS[1], ARGV[1])")
        self.assertEqual(add(keys=["sum"], args=[5]), 5)

    def test_messages_and_streams(self):
        listener = self.client.pubsub()
        listener.subscribe("news")
        listener.psubscribe("n*")
        self.assertEqual(listener.get_message(timeout=5)["type"], "subscribe")
        self.assertEqual(listener.get_message(timeout=5)["type"], "psubscribe")
        self.assertEqual(self.client.publish("news", "hello"), 2)
        self.assertEqual(listener.get_message(timeout=5)["data"], "hello")
        self.assertEqual(listener.get_message(timeout=5)["data"], "hello")
        listener.close()
        self.client.xgroup_create("stream", "group", mkstream=True)
        for n in range(20):
            self.client.xadd("stream", {"n": n})
        seen = []
        for consumer in ("one", "two"):
            for _, entries in self.client.xreadgroup("group", consumer, {"stream": ">"}, count=10, block=1000):
                for entry, fields in entries:
                    seen.append(int(fields["n"]))
                    self.client.xack("stream", "group", entry)
        self.assertEqual(sorted(seen), list(range(20)))
        self.assertEqual(self.client.xpending("stream", "group")["pending"], 0)

    def test_a_restart_of_redis(self):
        self.client.set("kept", "yes")
        self.restart_redis()
        self.assertEqual(self.eventually(lambda: self.client.get("kept")), "yes")

    def test_a_rate_limiter(self):
        options = {"ssl_ca_certs": self.cert} if self.tls else {}
        storage = limits.storage.storage_from_string(f"redis{'s' if self.tls else ''}://127.0.0.1:{self.port}", **options)
        for strategy in (limits.strategies.FixedWindowRateLimiter, limits.strategies.MovingWindowRateLimiter):
            limiter = strategy(storage)
            five = limits.parse("5/hour")
            allowed = sum(limiter.hit(five, strategy.__name__, "user") for _ in range(20))
            self.assertEqual(allowed, 5)

    def redis_cli(self, *args, given=None):
        tls = ["--tls", "--cacert", self.cert] if self.tls else []
        done = subprocess.run(["redis-cli", "-p", str(self.port), *tls, *args], input=given, capture_output=True,
                              text=True, timeout=60, check=True)
        return done.stdout

    def test_redis_cli(self):
        loaded = self.redis_cli("--pipe", given="".join(f"SET key{n} {n}\r\n" for n in range(5000)))
        self.assertIn("errors: 0, replies: 5000", loaded)
        self.client.set("biggest", "x" * 100000)
        found = self.redis_cli("--bigkeys")
        self.assertRegex(found, r"Biggest string found \W*biggest\W* has 100000 bytes")
        self.assertEqual(len(self.redis_cli("--scan", "--pattern", "key*").split()), 5000)
        self.assertIn("PONG", self.redis_cli("-3", "ping"))


class CacheTest(unittest.TestCase):
    """What a cache is used for, on Redis."""

    command = ["redis-server", "--save", "", "--port"]
    pattern = "Ready to accept connections"
    tls = False

    def setUp(self):
        self.port = free_port()
        server, _ = start([*self.command, self.address()], self.pattern)
        self.addCleanup(World.end, self, server)
        self.client = redis.Redis(port=self.port, decode_responses=True)
        self.addCleanup(self.client.close)

    def address(self):
        return str(self.port)

    redis_cli = DirectTest.redis_cli
    test_optimistic_locking = DirectTest.test_optimistic_locking
    test_locks_and_scripts = DirectTest.test_locks_and_scripts
    test_a_rate_limiter = DirectTest.test_a_rate_limiter
    test_redis_cli = DirectTest.test_redis_cli

    def test_strings_hashes_sets(self):
        client = self.client
        self.assertTrue(client.set("a", "1", ex=100))
        self.assertIsNone(client.set("a", "2", nx=True))
        self.assertEqual(client.getex("a", persist=True), "1")
        self.assertEqual(client.ttl("a"), -1)
        self.assertEqual(client.mget("a", "nosuch"), ["1", None])
        client.hset("h", mapping={"x": "1", "y": "2"})
        self.assertEqual(client.hgetall("h"), {"x": "1", "y": "2"})
        self.assertEqual(client.hincrbyfloat("h", "x", 0.5), 1.5)
        self.assertEqual(client.sadd("s", *range(1000)), 1000)
        self.assertEqual({int(member) for member in client.sscan_iter("s", count=10)}, set(range(1000)))
        self.assertEqual(client.sinter("s", "nosuch"), set())
        self.assertEqual(client.pipeline(transaction=False).incr("n").get("a").execute(), [1, "1"])
        self.assertEqual(client.pipeline().incr("n").scard("s").execute(), [2, 1000])
        with self.assertRaises(redis.ResponseError):
            client.hset("a", "x", "1")
        self.assertEqual(sorted(client.scan_iter(count=1)), ["a", "h", "n", "s"])
        self.assertEqual(client.info("server")["redis_version"], "7.0.15")
        self.assertEqual(client.object("encoding", "h"), "listpack")
        self.assertGreater(client.memory_usage("s"), 1000)

    def test_messages(self):
        listener = self.client.pubsub()
        listener.subscribe("news")
        listener.psubscribe("n*")
        self.assertEqual(listener.get_message(timeout=5)["type"], "subscribe")
        self.assertEqual(listener.get_message(timeout=5)["type"], "psubscribe")
        self.assertEqual(self.client.publish("news", "hello"), 2)
        self.assertEqual(listener.get_message(timeout=5)["data"], "hello")
        self.assertEqual(listener.get_message(timeout=5)["data"], "hello")
        self.assertEqual(self.client.pubsub_numsub("news"), [("news", 1)])
        listener.unsubscribe()
        self.assertEqual(listener.get_message(timeout=5)["type"], "unsubscribe")
        listener.close()

    def test_lists(self):
        client = self.client
        self.assertEqual(client.rpush("l", *range(1000)), 1000)
        self.assertEqual(client.lrange("l", 500, 502), ["500", "501", "502"])
        self.assertEqual(client.lpop("l", 2), ["0", "1"])
        self.assertEqual(client.lpos("l", "999"), 997)
        self.assertEqual(client.linsert("l", "before", "500", "x"), 999)
        self.assertEqual(client.lrem("l", 0, "x"), 1)
        self.assertTrue(client.ltrim("l", 0, 9))
        self.assertEqual(client.lmove("l", "m", "RIGHT", "LEFT"), "11")
        self.assertEqual(client.blpop(["nosuch", "m"], timeout=1), ("m", "11"))
        self.assertIsNone(client.brpop("nosuch", timeout=0.05))
        self.assertEqual(client.blmpop(1, 2, "nosuch", "l", direction="RIGHT", count=2), ["l", ["10", "9"]])

    def test_streams(self):
        client = self.client
        first = client.xadd("s", {"n": 0}, id="1-1")
        for n in range(1, 300):
            client.xadd("s", {"n": n}, id=f"1-{n + 1}")
        self.assertEqual((first, client.xlen("s")), ("1-1", 300))
        self.assertEqual(client.xrange("s", "1-100", "1-101"), [("1-100", {"n": "99"}), ("1-101", {"n": "100"})])
        self.assertEqual(client.xrevrange("s", count=1), [("1-300", {"n": "299"})])
        self.assertEqual(client.xread({"s": "1-299"}), [["s", [("1-300", {"n": "299"})]]])
        self.assertEqual(client.xread({"s": "$"}, block=20), [])
        self.assertEqual(client.xtrim("s", maxlen=150, approximate=True), 100)
        self.assertEqual(client.xdel("s", "1-300"), 1)
        info = client.xinfo_stream("s")
        self.assertEqual((info["length"], info["last-generated-id"], info["radix-tree-keys"]), (199, "1-300", 2))
        with self.assertRaisesRegex(redis.ResponseError, "equal or smaller"):
            client.xadd("s", {"n": 0}, id="1-300")

    def test_a_chat(self):
        """A room is a stream: readers wait for what comes, workers of a group share it, one of them dies."""
        def say(name):
            client = redis.Redis(port=self.port, decode_responses=True)
            for n in range(100):
                client.xadd("room", {"from": name, "text": f"line {n}"}, maxlen=100_000)
            client.close()

        def listen(heard):
            client = redis.Redis(port=self.port, decode_responses=True)
            last = "0"
            while len(heard) < 200:
                for _, entries in client.xread({"room": last}, count=7, block=5000) or self.fail("nothing came"):
                    heard.extend(fields["from"] for _, fields in entries)
                    last = entries[-1][0]
            client.close()

        def work(name, done):
            client = redis.Redis(port=self.port, decode_responses=True)
            while batch := client.xreadgroup("archive", name, {"room": ">"}, count=5, block=1000):
                for entry, _ in batch[0][1]:
                    if name != "careless" or len(done) < 20:
                        done.append(entry)
                        client.xack("room", "archive", entry)
                if name == "careless" and len(done) >= 20:
                    break
            client.close()

        self.client.xgroup_create("room", "archive", "0", mkstream=True)
        heard, done = [[], []], [[], [], []]
        threads = [threading.Thread(target=listen, args=(one,)) for one in heard]
        threads += [threading.Thread(target=work, args=(name, one))
                    for name, one in zip(("ann", "bob", "careless"), done)]
        threads += [threading.Thread(target=say, args=(name,)) for name in ("eve", "fay")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        for one in heard:
            self.assertEqual((one.count("eve"), one.count("fay")), (100, 100))
        left = self.client.xpending("room", "archive")["pending"]
        self.assertEqual(sum(map(len, done)) + left, 200)
        _, entries, deleted = self.client.xautoclaim("room", "archive", "ann", 0, "0")
        self.assertEqual((len(entries), deleted), (left, []))
        for entry, _ in entries:
            self.client.xack("room", "archive", entry)
        group = self.client.xinfo_groups("room")[0]
        self.assertEqual((group["pending"], group["lag"], group["entries-read"]), (0, 0, 200))

    def test_a_reliable_queue(self):
        """As rq and Sidekiq do it: jobs in hashes, their ids in lists, one list for each worker's work."""
        jobs = 200

        def work(name, done):
            client = redis.Redis(port=self.port, decode_responses=True)
            while (job := client.blmove("queue", f"working:{name}", 5, "RIGHT", "LEFT")) != "stop":
                pipe = client.pipeline()
                pipe.hset(f"job:{job}", "worker", name)
                pipe.lrem(f"working:{name}", 1, job)
                pipe.lpush("done", job)
                pipe.execute()
                done.append(job)
            client.close()

        taken = [[], [], []]
        workers = [threading.Thread(target=work, args=(n, taken[n])) for n in range(len(taken))]
        for worker in workers:
            worker.start()
        for job in range(jobs):
            self.client.pipeline().hset(f"job:{job}", "state", "new").lpush("queue", job).execute()
        self.client.lpush("queue", *["stop"] * len(workers))
        for worker in workers:
            worker.join(30)
        self.assertEqual(sorted(int(job) for of in taken for job in of), list(range(jobs)))
        self.assertEqual(self.client.llen("done"), jobs)
        self.assertEqual([self.client.lrange(f"working:{n}", 0, -1) for n in range(3)], [["stop"]] * 3)

    def test_kombu(self):
        """What Celery speaks through: its queues are lists, and it waits for several of them at once."""
        with kombu.Connection(f"redis://127.0.0.1:{self.port}/1") as connection:
            queues = [connection.SimpleQueue(name, no_ack=True) for name in ("low", "high")]
            for n in range(20):
                queues[n % 2].put({"n": n}, serializer="json")
            self.assertEqual([queues[1].get(timeout=10).payload["n"] for _ in range(10)], list(range(1, 20, 2)))
            late = threading.Timer(0.1, lambda: redis.Redis(port=self.port, db=1).rpush(
                "high", redis.Redis(port=self.port, db=1).lindex("low", -1)))
            late.start()
            self.assertEqual(queues[1].get(timeout=10).payload["n"], 0)
            late.join()
            with self.assertRaises(kombu.simple.Empty):
                queues[1].get(timeout=0.1)
            for queue in queues:
                queue.close()

    def test_more_of_redis_cli(self):
        self.client.hset("h", mapping={"x": "1", "y": "2"})
        self.client.sadd("s", "a", "b", "c")
        found = self.redis_cli("--bigkeys")
        self.assertRegex(found, r"Biggest +hash found \W*h\W* has 2 fields")
        self.assertRegex(found, r"Biggest +set found \W*s\W* has 3 members")
        self.assertIn("Sampled 2 keys", self.redis_cli("--memkeys"))
        self.assertEqual(self.redis_cli("-3", "hgetall", "h").split("\n")[0], "x 1")


class StoreTest(CacheTest):
    """The same on Keyhole, without a Redis."""

    command = [KEYHOLE, "--http", "off", "--listen"]
    pattern = "embedded store"

    def address(self):
        return f"127.0.0.1:{self.port}"


class StoreOfTwoWorkersTest(StoreTest):
    command = [KEYHOLE, "--http", "off", "--workers", "2", "--listen"]


class SharedTest(DirectTest):
    options = []


class PrivateTest(DirectTest):
    options = ["--sharing", "off"]


class SentinelTest(World):
    """Keyhole says where the master is: it is Keyhole (--serve-sentinel)."""

    options = ["--serve-sentinel", "mymaster"]

    def test_master(self):
        sentinel = redis.sentinel.Sentinel([("127.0.0.1", self.port)])
        self.assertEqual(sentinel.discover_master("mymaster"), ("127.0.0.1", self.port))
        self.assertEqual(sentinel.discover_slaves("mymaster"), [])
        with self.assertRaises(redis.sentinel.MasterNotFoundError):
            sentinel.discover_master("other")
        master = sentinel.master_for("mymaster", decode_responses=True)
        self.addCleanup(master.close)
        self.assertTrue(master.set("a", "1"))
        # Where there is no replica to be read from, the master is.
        reader = sentinel.slave_for("mymaster", decode_responses=True)
        self.addCleanup(reader.close)
        self.assertEqual(reader.get("a"), "1")
        self.restart_redis()
        self.assertEqual(self.eventually(lambda: master.get("a")), "1")


class ClusterTest(World):
    """A cluster of one node, which is Keyhole (--cluster-facade cluster). Behind it is one as well."""

    options = ["--cluster-facade", "cluster"]

    def start_redis(self):
        self.redis, _ = start(["redis-server", "--port", str(self.redis_port), "--dir", self.directory, "--save", "",
                               "--cluster-enabled", "yes", "--cluster-port", str(free_port())],
                              "Ready to accept connections")
        self.addCleanup(self.end, self.redis)
        node = redis.Redis(port=self.redis_port)
        self.addCleanup(node.close)
        node.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        until = time.monotonic() + 15
        while node.cluster("info")["cluster_state"] != "ok" and time.monotonic() < until:
            time.sleep(0.05)  # it is not told when
        self.scheme = "redis+cluster"

    def test_commands(self):
        client = redis.cluster.RedisCluster(host="127.0.0.1", port=self.port, decode_responses=True)
        self.addCleanup(client.close)
        self.assertEqual([node.port for node in client.get_primaries()], [self.port])
        self.assertTrue(self.eventually(lambda: client.set("a", "1")))
        self.assertEqual(client.get("a"), "1")
        self.assertEqual(client.mget_nonatomic("a", "b"), ["1", None])
        self.assertEqual(client.cluster_keyslot("foo"), 12182)
        self.assertEqual(client.pipeline().set("x", "1").get("x").execute(), [True, "1"])
        reader = redis.cluster.RedisCluster(host="127.0.0.1", port=self.port, decode_responses=True,
                                            read_from_replicas=True)
        self.addCleanup(reader.close)
        self.assertEqual(reader.get("a"), "1")


class TlsTest(DirectTest):
    options = []
    tls = True


if __name__ == "__main__":
    unittest.main()
