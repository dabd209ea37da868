"""What the runner computes from what it has measured: python3 tests/bench/runner_test.py"""

import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from runner import latency, report, syscalls, throughput, transactions, types  # noqa: E402


def one(peer, number, **fields):
    return {"case": "c", "peer": peer, "round": number, **fields}


class Ratios(unittest.TestCase):
    def test_are_taken_within_a_round(self):
        # The machine became three times slower: the ratio has not moved.
        results = [one("nutcracker", 0, cpu=10), one("keyhole", 0, cpu=8),
                   one("keyhole", 1, cpu=24), one("nutcracker", 1, cpu=30)]
        self.assertEqual(report.ratios(results, "cpu", "keyhole", "nutcracker"), [0.8, 0.8])

    def test_of_rounds_that_both_have(self):
        results = [one("a", 0, cpu=1), one("a", 1, cpu=1), one("b", 1, cpu=2)]
        self.assertEqual(report.ratios(results, "cpu", "a", "b"), [0.5])

    def test_are_shown_with_their_range(self):
        self.assertEqual(report.span([0.8, 0.9, 0.7]), "0.80 (0.70-0.90)")
        self.assertEqual(report.span([0.8]), "0.80")
        self.assertEqual(report.span([]), "")


class Fills(unittest.TestCase):
    def test_differ_from_request_to_request(self):
        self.assertEqual(types.request("SET key:{d} {n}", 7),
                         b"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000007\r\n$1\r\n7\r\n")
        self.assertEqual(len({types.request("ZADD key {a}.5 m", number) for number in range(1000)}), 1000)

    def test_every_case_has_a_name_of_its_own(self):
        self.assertEqual(len({case.name for case in types.CASES}), len(types.CASES))


class Tables(unittest.TestCase):
    def printed(self, show, results):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            show(results)
        return out.getvalue()

    def test_say_when_something_else_ran(self):
        results = [one("keyhole", 0, cpu=1, redis=None, rps=10, others=0.4)]
        self.assertIn("something else had 40% of the machine", self.printed(report.print_throughput, results))
        results[0]["others"] = 0.01
        self.assertNotIn("something else", self.printed(report.print_throughput, results))

    def test_say_what_a_latency_is_worth(self):
        fields = {"p50": 1, "p99": 250, "p999": 3, "lag_p99": 4, "rate": 1000}
        text = self.printed(report.print_latency, [
            one("redis-server", 0, kept=True, achieved=1000, **{**fields, "p99": 200}),
            one("keyhole", 0, kept=True, achieved=1000, **fields),
            one("haproxy", 0, kept=False, achieved=500, **fields)])
        self.assertRegex(text, r"keyhole +1 +250 +3 +50 +4\n")
        self.assertIn("haproxy: the schedule was not kept in 1 of 1", text)
        self.assertIn("haproxy: overloaded, only 50% of the rate", text)


    def test_compare_transactions_with_links_of_their_own(self):
        results = [one("keyhole, not sharing", 0, cpu=10, redis=4, connects=0, others=0),
                   one("keyhole", 0, cpu=11, redis=2, connects=0.5, others=0),
                   one("redis-server", 0, cpu=5, redis=None, connects=None, others=0)]
        text = self.printed(transactions.Case.print, results)
        self.assertRegex(text, r"keyhole +11\.00 +2\.00 +1\.10 +0\.50 +0\.50000\n")
        self.assertRegex(text, r"redis-server +5\.00 +0\.50 *\n")


class Strace(unittest.TestCase):
    SUMMARY = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.54    0.000112           0      4000           sendto
 38.46    0.000070           0      8001        17 epoll_wait
------ ----------- ----------- --------- --------- ----------------
100.00    0.000182           0     12001        17 total
"""

    def test_summary_is_read(self):
        self.assertEqual(syscalls.parse(self.SUMMARY), {"sendto": 4000, "epoll_wait": 8001})


class Instructions(unittest.TestCase):
    """The gate: 3 % more than the budget is too much."""

    def setUp(self):
        path = str(pathlib.Path(__file__).resolve().parent / "instructions")
        loader = importlib.machinery.SourceFileLoader("instructions", path)
        self.gate = importlib.util.module_from_spec(importlib.util.spec_from_loader("instructions", loader))
        sys.dont_write_bytecode = True
        loader.exec_module(self.gate)

    def wrong(self, found, budgets):
        with contextlib.redirect_stdout(io.StringIO()) as self.out:
            return self.gate.compare(found, budgets)

    def test_is_open_within_the_tolerance(self):
        self.assertEqual(self.wrong({"parse": 102.9}, {"parse": 100.0}), [])

    def test_closes_above_it(self):
        self.assertEqual(self.wrong({"parse": 103.1}, {"parse": 100.0}),
                         ["'parse' needs 103.1 instructions, its budget is 100.0"])

    def test_says_what_became_cheaper(self):
        self.assertEqual(self.wrong({"parse": 90.0}, {"parse": 100.0}), [])
        self.assertIn("Cheaper than their budgets: parse", self.out.getvalue())

    def test_knows_what_is_missing(self):
        self.assertEqual(self.wrong({"scan": 1.0}, {"parse": 1.0}),
                         ["'scan' has no budget", "'parse' has a budget and is not measured"])

    def test_budgets_can_be_read(self):
        compiler, budgets = self.gate.read_budgets()
        self.assertRegex(compiler, r"^g\+\+ \d")
        self.assertIn("parse GET", budgets)


class Cases(unittest.TestCase):
    def test_names_are_unique(self):
        names = [case.name for module in (throughput, transactions, latency, syscalls) for case in module.CASES]
        self.assertEqual(len(names), len(set(names)))

    def test_a_round_outweighs_its_connections(self):
        for case in throughput.CASES:
            clients = int(case.options.split()[1])
            self.assertGreaterEqual(case.requests / clients, 40, case.name)


if __name__ == "__main__":
    unittest.main()
