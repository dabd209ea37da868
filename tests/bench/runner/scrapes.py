"""What a scrape takes, with 1000 keys tracked, and what it does to the traffic meanwhile.

The same proxy at the same rate, alone and with a scraper that asks three times as often as Prometheus does, in
the order alone, scraped, scraped, alone.
"""

import statistics
import threading
import time
import urllib.request
from dataclasses import dataclass

from runner import report
from runner.latency import maximum, measure_latency, once_more_if_late

KEYS = 1_000
EVERY = 5  # seconds between scrapes; Prometheus: 15
SECONDS, WARMUP = 11, 0.5
# What Prometheus asks for first; /metrics has the older text for those who do not.
ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"


class Scraper:
    """Asks for /metrics again and again, in a thread of its own."""

    def __init__(self, port):
        self.request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": ACCEPT})
        self.seconds = []
        self.size = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.done.wait(EVERY):
            self.scrape()

    def scrape(self):
        begin = time.monotonic()
        with urllib.request.urlopen(self.request, timeout=10) as reply:
            self.size = len(reply.read())
        self.seconds.append(time.monotonic() - begin)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


@dataclass
class Case:
    percent: int
    in_quick: bool = False

    @property
    def name(self):
        return f"scrapes at {self.percent} % of nutcracker's maximum"

    def run(self, stage):
        rate = maximum(stage) * self.percent / 100
        peer = stage.peer("keyhole")
        peer.fill(KEYS, 64)
        measure_latency(peer, rate, SECONDS, WARMUP, KEYS)  # all keys are tracked by now
        results = []
        for number, scraped in stage.in_turn([False, True], min(stage.rounds, 5)):
            one = once_more_if_late(lambda scraped=scraped: self.measure(peer, rate, scraped))
            results.append({"case": self.name, "peer": "scraped" if scraped else "alone", "round": number, **one})
        report.print_scrapes(results)
        return results

    @staticmethod
    def measure(peer, rate, scraped):
        if not scraped:
            return measure_latency(peer, rate, SECONDS, WARMUP, KEYS)
        with Scraper(peer.http_port) as scraper:
            one = measure_latency(peer, rate, SECONDS, WARMUP, KEYS)
        return {**one, "scrape_ms": statistics.median(scraper.seconds) * 1e3,
                "slowest_scrape_ms": max(scraper.seconds) * 1e3, "scrape_bytes": scraper.size}


CASES = [Case(20)]
