"""What a run has at hand: the peers, each started when it is first needed, and what was asked for."""

import resource
import sys

from runner.peers import PEERS, Peer


class Stage:
    def __init__(self, directory, cores, options):
        self.directory = directory
        self.cores = cores
        self.quick = options.quick is not None
        self.wanted = self._wanted(options.peers)
        self.before = options.before is not None
        self.rounds = options.rounds or (2 if self.quick else 15)
        self.peers = {}
        self.results = []
        # Thousands of clients need as many descriptors, here and in what is started.
        self.files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))

    @staticmethod
    def _wanted(names):
        if not names:
            return None
        wanted = [name.strip().replace("+", ", ") for name in names.split(",")]
        for name in wanted:
            if name not in PEERS:
                sys.exit(f"no such peer: {name}; there are: {'; '.join(PEERS)}")
        return wanted

    def choose(self, names):
        """Of these peers those that were asked for; whatever was asked for, if it is none of these."""
        if self.wanted is not None:
            names = [name for name in names if name.split(" -")[0] in self.wanted] or self.wanted
        return [self.peer(name) for name in [*names, *(self._before(names) if self.before else [])]]

    @staticmethod
    def _before(names):
        """The peers with the older program that go with these."""
        embedded = ["embedded, before"] if "keyhole, embedded" in names else []
        near = [f"{name}, before" for name in names if name.startswith("keyhole, near")]
        return embedded + near if embedded + near and "keyhole" not in names else ["before", *embedded, *near]

    def peer(self, name):
        if name not in self.peers:
            self.peers[name] = Peer(name, self.directory, self.cores)
        return self.peers[name]

    def in_turn(self, things, rounds=None):
        """(round, thing) in the order A-B-B-A."""
        for number in range(rounds or self.rounds):
            for thing in things if number % 2 == 0 else reversed(things):
                yield number, thing

    def stop(self):
        for peer in self.peers.values():
            peer.stop()
