"""P2 while it changes: the longest connect of many, while a policy of 10,000 filters is loaded again and again."""
import os
import subprocess
import threading

from scene import BUILD
from table import Result

CONNECTS = 30_000
STALL = 1000  # us
# Else what the scheduler does to a process is most of its longest connect.
UNDISTURBED = ["chrt", "-f", "50"] if os.geteuid() == 0 else []


def longest(scene, connect, action, file):
    """In us, while `wfpctl policy ACTION` runs over and over on the other processors. And how often it did."""
    done, count = threading.Event(), [0]

    def change():
        while not done.is_set():
            command = [*scene.rest, BUILD / "wfpctl", "policy", action, file]
            subprocess.run(command, check=True, env=scene.environment)
            count[0] += 1

    thread = threading.Thread(target=change)
    thread.start()
    try:
        return scene.run(*UNDISTURBED, *scene.last, connect, CONNECTS, "longest", shim=True)[0], count[0]
    finally:
        done.set()
        thread.join()


def measure(scene, connect, file):
    """- file: a policy of 10,000 filters, loaded already."""
    during, beside, loads = [], [], 0
    for _ in scene.rounds:
        # As much work on the other processors, and no change: what the machine does by itself.
        beside.append(longest(scene, connect, "check", file)[0])
        time, count = longest(scene, connect, "load", file)
        during.append(time)
        loads += count
    yield Result(f"longest connect us of {CONNECTS}, in {loads} loads of 10000 filters", during, [STALL], 1.0)
    yield Result("the same, in checks of the same file / loads", beside, during)
