"""What a process and the machine say of themselves."""

import csv
import datetime
import glob
import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]


def cpu_ns(pid):
    """Time on a CPU of all threads that the process has, in nanoseconds."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            total += int(file.read().split()[0])
    return total


def steal_ticks():
    """Ticks of all cores: (taken by the hypervisor for others, all)."""
    with open("/proc/stat") as file:
        fields = [int(field) for field in file.readline().split()[1:9]]
    return fields[7], sum(fields)


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
