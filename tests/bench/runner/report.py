"""Tables of medians. A ratio is the median of the ratios within each round; beside a figure stands the
range of all rounds. (With n rounds the true median is in that range with a probability of 1 - 2^(1-n).)"""

import statistics

# What is divided, by whose, and how the column is called.
RATIOS = [("cpu", "nutcracker", "CPU/nutcracker"), ("cpu", "redis-server", "CPU/direct"),
          ("cpu", "before", "CPU/before"), ("rps", "redis-server", "req/s/direct"),
          ("rps", "haproxy", "req/s/haproxy")]
OWN_RATIOS = [("cpu", None, "CPU"), ("rps", None, "req/s")]  # None: the first peer of the case


def ratios(results, field, peer, reference):
    """Per round: the peer's figure over that of the reference."""
    mine = {one["round"]: one[field] for one in results if one["peer"] == peer}
    theirs = {one["round"]: one[field] for one in results if one["peer"] == reference}
    return sorted(mine[number] / theirs[number] for number in mine if theirs.get(number))


def span(values, digits=2):
    """median (lowest-highest)"""
    if not values:
        return ""
    median = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return median
    return f"{median} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def print_case(results):
    """results: of one case."""
    peers = list(dict.fromkeys(one["peer"] for one in results))
    columns = [ratio for ratio in RATIOS if ratio[1] in peers and len(peers) > 1]
    if not columns and len(peers) > 1:
        columns = [(field, peers[0], f"{what}/{peers[0]}") for field, _, what in OWN_RATIOS]
    widths = [max(len(title), 16) + 2 for _, _, title in columns]
    print(f"\n{results[0]['case']}")
    print(f"  {'':22}{'CPU us':>20}{'redis us':>10}{'req/s':>10}" +
          "".join(f"{title:>{width}}" for (_, _, title), width in zip(columns, widths)))
    for peer in sorted(peers, key=peers.index):
        mine = [one for one in results if one["peer"] == peer]
        redis = [one["redis"] for one in mine if one["redis"] is not None]
        print(f"  {peer:22}{span([one['cpu'] for one in mine]):>20}"
              f"{f'{statistics.median(redis):.2f}' if redis else '':>10}"
              f"{statistics.median(one['rps'] for one in mine):10.0f}" +
              "".join(f"{span(ratios(results, field, peer, reference)):>{width}}"
                      for (field, reference, _), width in zip(columns, widths)), flush=True)
    stolen = max(one["steal"] for one in results)
    if stolen > 0.01:
        print(f"  (the hypervisor took up to {stolen:.0%} of the machine away: measure again)")
