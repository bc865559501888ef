"""P3: a whole redirected connection: connect, accept, both queries, SET, outbound connect, one byte echoed."""
from scene import CannotRun
from table import Result

from . import relays


def measure(scene):
    kernel = Result("redirected connection us / iptables REDIRECT", limit=1.00)
    fixed = Result("redirected connection us / hard-wired relay", limit=1.05)
    try:
        relay = relays.start(scene)
    except CannotRun as reason:
        kernel.why_not = fixed.why_not = str(reason)
        return [kernel, fixed]
    for _ in scene.rounds:
        median, tail = scene.run(*relay, "client", 18079, 1500, shim=True)
        for result in (kernel, fixed):
            result.ours.append(median)
            result.tails.append(tail)
        kernel.peer.append(scene.run(*relay, "client", 18080, 1500)[0])
        fixed.peer.append(scene.run(*relay, "client", 18883, 1500)[0])
    return [kernel, fixed]
