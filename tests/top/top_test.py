#!/usr/bin/env python3
"""`keyhole top` as people see it, in tmux, at two sizes; and its plain output."""

import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEYHOLE = os.environ.get("KEYHOLE", str(ROOT / "build/dev/keyhole"))
PATIENCE = 20  # seconds


def eventually(get, wanted, what):
    """What `get` gives, once `wanted` agrees."""
    end = time.monotonic() + PATIENCE
    while True:
        got = get()
        if wanted(got):
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not in {PATIENCE} s: {what}; last:\n{got}")
        time.sleep(0.05)


class Keyhole:
    """The proxy with its own store, on ports that were free."""

    def __init__(self, http="127.0.0.1:0", *options):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", KEYHOLE, "--listen", "127.0.0.1:0", "--http", http, *options],
            stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        self.port = int(said.split("RESP on 127.0.0.1:")[1].split(",")[0])
        self.http = int(said.split("HTTP on 127.0.0.1:")[1].split(",")[0])

    def send(self, *lines):
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall("".join(line + "\r\n" for line in lines).encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()


class Tmux:
    """One window of a server of our own."""

    def __init__(self, directory, width, height, command):
        self.socket = os.path.join(directory, "tmux")
        self.run("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), command)

    def run(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout

    def screen(self):
        return self.run("capture-pane", "-p")

    def coloured(self):
        """Whether anything on the screen has a colour."""
        return re.search(r"\x1b\[(?:[0-9]+;)*(?:3[0-8]|9[0-7])[;m]", self.run("capture-pane", "-p", "-e")) is not None

    def press(self, *keys):
        self.run("send-keys", *keys)

    def resize(self, width, height):
        self.run("resize-window", "-x", str(width), "-y", str(height))

    def stop(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, check=False)


class TopTest(unittest.TestCase):
    def setUp(self):
        self.keyhole = Keyhole()
        self.addCleanup(self.keyhole.stop)
        self.keyhole.send("SET user:1 v", *["GET user:1"] * 30, *["GET banner:none"] * 20,
                          *[f"GET key:{i:03}" for i in range(100)])

    def top(self, width, height, environment=""):
        directory = tempfile.TemporaryDirectory(prefix="keyhole-top-")
        self.addCleanup(directory.cleanup)
        window = Tmux(directory.name, width, height, f"{environment} LC_ALL=C.UTF-8 {KEYHOLE} top 127.0.0.1:{self.keyhole.http}")
        self.addCleanup(window.stop)
        return window

    def test_at_80_by_24(self):
        window = self.top(80, 24)
        screen = eventually(window.screen, lambda s: "banner:none" in s, "what is missed most")
        self.assertIn("Keyhole  [1 Overview]", screen)
        self.assertIn("Nothing is wrong", screen)
        self.assertLessEqual(max(map(len, screen.splitlines())), 80)
        window.press("2")
        eventually(window.screen, lambda s: "[2 Keys]" in s and "sort: rate" in s, "the keys")
        window.press("s")
        window.press("s")
        screen = eventually(window.screen, lambda s: "sort: misses" in s, "another order")
        screen = eventually(window.screen, lambda s: s.splitlines()[2].startswith("banner:none"), "misses first")
        window.press("/")
        window.press("-l", "user")
        window.press("Enter")
        screen = eventually(window.screen, lambda s: "user:1" in s and "banner" not in s, "the filter")
        window.press("Escape")
        eventually(window.screen, lambda s: "banner:none" in s, "no filter")
        window.press("End")
        eventually(window.screen, lambda s: "banner:none" not in s, "the end of the list")
        window.press("4")
        eventually(window.screen, lambda s: "ADDRESS" in s, "clients")

    def test_at_200_by_60_and_resized(self):
        window = self.top(200, 60)
        screen = eventually(window.screen, lambda s: "banner:none" in s, "what is missed most")
        self.assertIn("LAST 5 MIN", screen)
        self.assertEqual(len(screen.splitlines()), 60)
        window.resize(80, 24)
        eventually(window.screen, lambda s: "LAST 5 MIN" not in s and "Hit ratio" in s and "q quit" in s, "a small one")

    def test_colours_and_none(self):
        self.keyhole.send("SET user:1 v", *["INCR user:1"] * 3)  # errors, which are told in colour
        wrong = "error replies in the last minute"
        for environment, colours in (("", True), ("NO_COLOR=1", False), ("TERM=vt100", False)):
            window = self.top(80, 24, environment)
            eventually(window.screen, lambda s: wrong in s, "what is wrong, in words")
            self.assertEqual(window.coloured(), colours, environment)
            window.stop()

    def test_a_proxy_that_is_away_and_comes_back(self):
        window = self.top(80, 24)
        eventually(window.screen, lambda s: "banner:none" in s, "what is missed most")
        self.keyhole.stop()
        eventually(window.screen, lambda s: "trying again" in s and "No answer from" in s, "it says so")
        self.keyhole = Keyhole(f"127.0.0.1:{self.keyhole.http}")
        self.addCleanup(self.keyhole.stop)
        eventually(window.screen, lambda s: "trying again" not in s and "Nothing is wrong" in s, "it is back")

    def say(self, *words, code=0, password=None):
        environment = dict(os.environ)
        environment.pop("KEYHOLE_TOP_PASSWORD", None)
        if password is not None:
            environment["KEYHOLE_TOP_PASSWORD"] = password
        ran = subprocess.run([KEYHOLE, *words], capture_output=True, text=True, timeout=PATIENCE, check=False,
                             env=environment)
        self.assertEqual(ran.returncode, code, ran.stderr)
        return ran.stdout if code == 0 else ran.stderr

    def test_for_scripts(self):
        where = f"127.0.0.1:{self.keyhole.http}"
        once = self.say("top", "--once", where)
        self.assertIn("Hit ratio", once)
        self.assertNotIn("\x1b", once)
        self.assertEqual(self.say("keys", where, "--sort", "misses", "--limit", "1").splitlines()[1].split()[:3],
                         ["banner:none", "0", "20"])
        eventually(lambda: json.loads(self.say("top", "--json", where))["hits_total"], lambda hits: hits == 30,
                   "the hits of the load")
        self.assertEqual(len(json.loads(self.say("keys", "--json", "--match", "key:00?", where))["keys"]), 10)
        self.assertIn("SLOW COMMAND", self.say("slow", where))
        self.assertIn("KEYHOLE_TOP_PASSWORD", self.say("top", "--help"))

    def test_health(self):
        where = f"127.0.0.1:{self.keyhole.http}"
        self.assertEqual(self.say("health", where), "ok\n")
        self.assertIn("not ready: No answer from 127.0.0.1:1", self.say("health", "127.0.0.1:1", code=1))
        without = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", KEYHOLE, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0",
             "--upstream", "127.0.0.1:1"], stderr=subprocess.PIPE, text=True)
        try:
            http = without.stderr.readline().split("HTTP on ")[1].split(",")[0]
            self.assertEqual(self.say("health", http, code=1), "not ready: Cannot connect to Redis\n")
        finally:
            without.terminate()
            without.wait()
            without.stderr.close()

    def test_where_a_password_is_asked_for(self):
        guarded = Keyhole("127.0.0.1:0", "--requirepass", "s3cret")
        self.addCleanup(guarded.stop)
        where = f"127.0.0.1:{guarded.http}"
        self.assertIn("give --user and KEYHOLE_TOP_PASSWORD", self.say("top", "--once", where, code=1))
        self.assertIn("give --user and KEYHOLE_TOP_PASSWORD",
                      self.say("top", "--once", "--user", "default", where, code=1, password="wrong"))
        for command in (["top", "--once"], ["keys"], ["slow"], ["top", "--json"]):
            said = self.say(*command, "--user", "default", where, password="s3cret")
            self.assertNotEqual(said, "")
            self.assertNotIn("s3cret", said)

    def test_what_is_wrong_is_said(self):
        self.assertIn("did you mean --sort?", self.say("keys", "--srot", "x", code=2))
        self.assertIn("does not belong in a URL", self.say("top", "http://u:p@localhost", code=2))
        self.assertIn("No answer from 127.0.0.1:1:", self.say("top", "--once", "127.0.0.1:1", code=1))
        self.assertIn("did you mean misses?", self.say("keys", f"127.0.0.1:{self.keyhole.http}", "--sort", "mises", code=1))


if __name__ == "__main__":
    unittest.main()
