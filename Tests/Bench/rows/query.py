"""P4: QUERY_CONTEXT of 256 bytes, every check of SPEC S2 on, against getsockopt(SO_ORIGINAL_DST)."""
from scene import CannotRun
from table import Result

from . import relays

LINES = [
    ("QUERY_CONTEXT ns / SO_ORIGINAL_DST, in relay", 0.75),
    ("the same, hot loop, buffer on the stack", 0.75),
    ("the same, hot loop, buffer on the heap", 1.1),
]


def measure(scene):
    results = [Result(what, limit=limit) for what, limit in LINES]
    try:
        for _ in scene.rounds:
            relay = relays.start(scene, hot=50000)
            scene.run(*relay, "client", 18079, 1000, shim=True)
            scene.run(*relay, "client", 18080, 1000)
            said = scene.stop()  # three origins, then the relays
            for result, ours, peer in zip(results, said[3].split(), said[4].split()):
                result.ours.append(float(ours))
                result.peer.append(float(peer))
    except CannotRun as reason:
        for result in results:
            result.why_not = str(reason)
    return results
