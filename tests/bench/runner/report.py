"""Tables of medians. A ratio is the median of the ratios within each round; in brackets stands the range of
all rounds. (With n rounds the true median is in that range with a probability of 1 - 2^(1-n).)"""

import statistics

# What is divided, by whose, and how the column is called.
RATIOS = [("cpu", "nutcracker", "CPU/nutcracker"), ("cpu", "nutcracker -m 16384", "CPU/nutcracker"),
          ("cpu", "redis-server", "CPU/direct"), ("cpu", "before", "CPU/before"),
          ("cpu", "embedded, before", "CPU/embedded, before"),
          ("rps", "redis-server", "req/s/direct"), ("rps", "haproxy", "req/s/haproxy")]
OWN_RATIOS = [("cpu", "CPU"), ("rps", "req/s")]  # to the first peer, where none of those takes part


def ratios(results, field, peer, reference):
    """Per round: the peer's figure over that of the reference."""
    mine = {one["round"]: one[field] for one in results if one["peer"] == peer}
    theirs = {one["round"]: one[field] for one in results if one["peer"] == reference}
    return [mine[number] / theirs[number] for number in mine if theirs.get(number)]


def span(values, digits=2):
    """median (lowest-highest)"""
    values = list(values)
    if not values:
        return ""
    median = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return median
    return f"{median} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def names(results):
    return list(dict.fromkeys(one["peer"] for one in results))


def of(results, peer, field):
    return [one[field] for one in results if one["peer"] == peer and one[field] is not None]


def print_table(title, heads, rows):
    """The first column is a peer's name; the others are as wide as they must be."""
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    print(f"\n{title}")
    for row in [heads, *rows]:
        print(f"  {row[0]:<{widths[0]}}" + "".join(f"  {cell:>{width}}"
                                                   for cell, width in zip(row[1:], widths[1:])))
    print(end="", flush=True)


def print_throughput(results):
    """Of one case."""
    peers = names(results)
    columns = [ratio for ratio in RATIOS if ratio[1] in peers and len(peers) > 1]
    if not columns and len(peers) > 1:
        columns = [(field, peers[0], f"{what} / {peers[0]}") for field, what in OWN_RATIOS]
    rows = []
    for peer in peers:
        redis = of(results, peer, "redis")
        rows.append([peer, span(of(results, peer, "cpu")), f"{statistics.median(redis):.2f}" if redis else "",
                     f"{statistics.median(of(results, peer, 'rps')):.0f}",
                     *[span(ratios(results, field, peer, reference)) for field, reference, _ in columns]])
    print_table(results[0]["case"], ["", "CPU us", "redis us", "req/s", *[title for _, _, title in columns]],
                rows)
    remark_others(results)


def remark_others(results):
    others = statistics.median(one["others"] for one in results)
    if others > 0.05:
        print(f"  (something else had {others:.0%} of the machine: not to be relied on)")


def print_latency(results):
    peers = names(results)
    direct = {one["round"]: one["p99"] for one in results if one["peer"] == "redis-server"}
    rows = []
    for peer in peers:
        mine = [one for one in results if one["peer"] == peer]
        added = [one["p99"] - direct[one["round"]] for one in mine if one["round"] in direct]
        rows.append([peer, *[span((one[q] for one in mine), 0) for q in ("p50", "p99", "p999")],
                     "" if peer == "redis-server" else span(added, 0),
                     span((one["lag_p99"] for one in mine), 0)])
    print_table(f"{results[0]['case']}: {results[0]['rate']:.0f} requests per second, microseconds",
                ["", "p50", "p99", "p99.9", "p99 - direct", "our lag, p99"], rows)
    for peer in peers:
        remark([one for one in results if one["peer"] == peer])


def remark(mine):
    """What makes a latency worth nothing."""
    late = sum(not one["kept"] for one in mine)
    if late:
        print(f"  ({mine[0]['peer']}: the schedule was not kept in {late} of {len(mine)} rounds)")
    reached = min(one["achieved"] / one["rate"] for one in mine)
    if reached < 0.97:
        print(f"  ({mine[0]['peer']}: overloaded, only {reached:.0%} of the rate were answered)")


def print_syscalls(results):
    units = list(dict.fromkeys(one["per"] for one in results))
    rows = []
    for peer in names(results):
        mine = {one["per"]: one["calls"] for one in results if one["peer"] == peer}
        rows.append([peer, *[f"{sum(mine[unit].values()):.2f}" for unit in units]])
        for call in sorted({call for calls in mine.values() for call in calls}):
            if max(calls.get(call, 0) for calls in mine.values()) >= 0.05:
                rows.append([f"  {call}", *[f"{mine[unit].get(call, 0):.2f}" for unit in units]])
    print_table("system calls per", ["", *units], rows)


def print_memory(results):
    print_table(f"memory per idle client, KiB ({results[0]['clients']} clients)",
                ["", "connected", "after a request"],
                [[one["peer"], f"{one['connected'] / 1024:.1f}", f"{one['after_a_request'] / 1024:.1f}"]
                 for one in results])


def print_scrapes(results):
    rows = []
    for peer in names(results):
        mine = [one for one in results if one["peer"] == peer]
        scrapes = [one for one in mine if "scrape_ms" in one]
        rows.append([peer, *[span((one[q] for one in mine), 0) for q in ("p50", "p99", "p999")],
                     span((one["lag_p99"] for one in mine), 0),
                     *[span(one[what] for one in scrapes) if scrapes else ""
                       for what in ("scrape_ms", "slowest_scrape_ms")],
                     f"{scrapes[0]['scrape_bytes'] / 1024:.0f}" if scrapes else ""])
    print_table(f"{results[0]['case']}: {results[0]['rate']:.0f} requests per second, microseconds",
                ["", "p50", "p99", "p99.9", "our lag, p99", "scrape, ms", "slowest, ms", "KiB"], rows)
    for peer in names(results):
        remark([one for one in results if one["peer"] == peer])


def print_busy(results):
    rows = []
    for peer in names(results):
        mine = [one for one in results if one["peer"] == peer]
        rows.append([peer, span(one["cpu"] for one in mine), span(one["cpu_among_idle"] for one in mine),
                     span(one["cpu_among_idle"] / one["cpu"] for one in mine)])
    print_table(f"CPU us per request of 50 busy clients (GET P=1) among {results[0]['idle']} idle ones",
                ["", "alone", "among idle", "ratio"], rows)
