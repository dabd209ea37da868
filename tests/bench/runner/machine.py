"""What a process and the machine say of themselves."""

import csv
import datetime
import glob
import os
import pathlib
import platform
import resource
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]


def cpu_ns(pid):
    """Time on a CPU of all threads that the process has, in nanoseconds. In ticks of 10 ms where the kernel
    does not keep it more precisely."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            total += int(file.read().split()[0])
    if total == 0:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        total = (int(fields[11]) + int(fields[12])) * 10**9 // os.sysconf("SC_CLK_TCK")
    return total


class Watch:
    """What the machine does besides: from the making of it to the call, (the share of all cores that others
    had, the hypervisor's other guests among them, and the CPU seconds of the children that ended)."""

    TICK = 1 / os.sysconf("SC_CLK_TCK")

    def __init__(self, pids):
        self.pids = pids
        self.begin = self._read()

    def _read(self):
        with open("/proc/stat") as file:
            user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        children = children.ru_utime + children.ru_stime
        ours = own.ru_utime + own.ru_stime + children + sum(map(cpu_ns, self.pids)) / 1e9
        busy = (user + nice + system + irq + softirq + steal) * self.TICK
        return busy - ours, children, time.monotonic()

    def __call__(self):
        others, children, seconds = (now - was for now, was in zip(self._read(), self.begin))
        return max(others / seconds / os.cpu_count(), 0), children


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    except OSError:
        return f"{command[0]}: not here"
    return ((done.stdout + done.stderr).strip().splitlines() or [""])[0]


def describe(keyhole):
    """The machine and the versions of all that runs on it, for the JSON."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "")
    mitigations = {}
    for path in glob.glob("/sys/devices/system/cpu/vulnerabilities/*"):
        with open(path) as file:
            mitigations[os.path.basename(path)] = file.read().strip()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": {"kernel": platform.release(), "cpu": model, "cores": len(os.sched_getaffinity(0)),
                    "mitigations": mitigations},
        "versions": {"keyhole": first_line(keyhole, "--version"),
                     "commit": first_line("git", "describe", "--always", "--dirty"),
                     "redis-server": first_line("redis-server", "--version"),
                     "redis-benchmark": first_line("redis-benchmark", "--version"),
                     "nutcracker": first_line("nutcracker", "--version"),
                     "haproxy": first_line("haproxy", "-v")},
    }


def csv_row(text, name):
    """The first row of a CSV whose first column has this name."""
    return next(row for row in csv.reader(text.splitlines()) if row and row[0] == name)
