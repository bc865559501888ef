"""P7 beyond the sockets that one machine has: lookups and memory of a table of simulated flows."""
import os
import pathlib
import subprocess

from table import Result

ROOT = pathlib.Path(__file__).resolve().parents[3]
FLOWS = (1_000, 100_000, 1_000_000)


def build():
    flags = ["-c", "release", "--disable-local-rpath", "--scratch-path", ".build-bench", "-Xswiftc", "-enable-testing"]
    subprocess.run(
        ["swift", "build", *flags, "--product", "million"], cwd=ROOT, env={**os.environ, "WFPSHIM_BENCH": "1"},
        stdout=subprocess.DEVNULL, check=True)  # fmt: skip
    return ROOT / ".build-bench/release/million"


def measure(scene):
    program = build()
    lookups, bytes_of = {count: [] for count in FLOWS}, {count: [] for count in FLOWS}
    for _ in scene.rounds:
        output = subprocess.run([program, *map(str, FLOWS)], capture_output=True, text=True, check=True).stdout
        for line in output.splitlines():
            count, _insertion, lookup, size, _depth, missing = map(int, line.split())
            if missing:
                yield Result(f"{count} simulated flows", why_not=f"{missing} lookups found nothing")
                return
            lookups[count].append(lookup)
            bytes_of[count].append(size)
    for count in FLOWS[1:]:
        yield Result(f"lookup ns, {count} simulated flows / {FLOWS[0]}", lookups[count], lookups[FLOWS[0]])
    yield Result("resident bytes of one of 1000000, context included", bytes_of[FLOWS[-1]], [512 + 256], 1.0)
