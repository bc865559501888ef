"""The table: what was measured, and what is said about it."""
import dataclasses
import os
import platform
import re
import shutil
import statistics
import subprocess


@dataclasses.dataclass
class Result:
    """One line. Figures are one for each round; more is worse unless `at_least`."""

    what: str
    ours: list = dataclasses.field(default_factory=list)
    peer: list = dataclasses.field(default_factory=list)
    limit: float | None = None
    at_least: bool = False
    tails: list = dataclasses.field(default_factory=list)  # the 99th percentiles of ours
    curve: str | None = None  # the name of the curve that this is a point of
    at: float = 0  # and where
    why_not: str | None = None  # it could not be measured


def ratio(result):
    peer = statistics.median(result.peer)
    return statistics.median(result.ours) / peer if peer else 0


def verdict(result):
    if result.why_not:
        return "not measured: " + result.why_not
    if result.limit is None:
        return "-"
    value = ratio(result)
    return "met" if (value >= result.limit if result.at_least else value <= result.limit) else "missed"


COLUMNS = "%-4s %-50s %10s %10s %6s %6s %-15s %8s  %s"


def line(name, result):
    if result.why_not:
        return COLUMNS % (name, result.what, "-", "-", "-", "-", "-", "-", verdict(result))
    limit = "-" if result.limit is None else (">=" if result.at_least else "") + "%g" % result.limit
    spread = "%.4g-%.4g" % (min(result.ours), max(result.ours))
    tail = "%.4g" % statistics.median(result.tails) if result.tails else "-"
    return COLUMNS % (
        name, result.what, "%.2f" % statistics.median(result.ours), "%.2f" % statistics.median(result.peer), limit,
        "%.2f" % ratio(result), spread, tail, verdict(result))  # fmt: skip


# What a peer says of itself; the first number with a point is its version.
PEERS = {
    "haproxy": ["haproxy", "-v"],
    "iptables": ["iptables", "--version"],
    "proxychains-ng": ["dpkg-query", "-W", "-f", "${Version}", "libproxychains4"],
    "torsocks": ["dpkg-query", "-W", "-f", "${Version}", "torsocks"],
    "socket_wrapper": ["dpkg-query", "-W", "-f", "${Version}", "libsocket-wrapper"],
}


def versions():
    found = {}
    for name, command in PEERS.items():
        if not shutil.which(command[0], path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            continue
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        match = re.search(r"\d+\.\d[^\s,]*", said.stdout + said.stderr)
        if said.returncode == 0 and match:
            found[name] = match.group()
    return found


def heading():
    machine = "Linux %s, %d processors" % (platform.release(), os.cpu_count())
    peers = ", ".join("%s %s" % pair for pair in versions().items())
    names = COLUMNS % ("id", "what", "ours", "peer", "limit", "ratio", "spread of ours", "p99", "verdict")
    return "%s; %s\n%s" % (machine, peers, names)


def document(results):
    """What --json writes. `version` changes when a field changes its meaning."""
    return {
        "version": 1,
        "machine": {"kernel": platform.release(), "processors": os.cpu_count()},
        "peers": versions(),
        "rows": [dict(dataclasses.asdict(result), id=name, verdict=verdict(result)) for name, result in results],
    }
