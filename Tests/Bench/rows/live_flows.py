"""P7: what a redirected connection costs while many flows live, and how much memory a flow takes."""
from table import Result

from . import simulated

PROCESSES_OF = 10_000  # flows each: descriptors and the ports of an address are limited


def measure(scene):
    relay = [*scene.last, scene.compile("relay/relay.c")]
    hold = scene.compile("flows/hold.c")
    scene.redirect(18150, 18151)
    policy = (scene.work / "bench.yaml").read_text()
    scene.load(policy.replace("tcp, ip_remote_port: [18150]", "udp, ip_remote_port: [18152]").replace("bench", "many"), "many")
    scene.start(*relay, "origin", 18150)
    scene.start(*relay, "relay", 18151, "wfp", 18150, shim=True)
    scene.start(hold, "sink", 18151, shim=True)
    before, few = None, None
    held = 0
    for count in (100, 1_000, 10_000, 100_000):
        while held < count:
            part = min(PROCESSES_OF, count - held)
            scene.start(hold, "hold", 18152, part, "127.2.0.%d" % (held // PROCESSES_OF + 1), shim=True)
            held += part
        figures = [scene.run(*relay, "client", 18150, 1000, shim=True) for _ in scene.rounds]
        result = Result(f"redirected connection us, {count} live flows / 100", at=count)
        result.curve = "redirected connection us by live flows (peer: 100 flows)"
        result.ours = [median for median, _ in figures]
        result.tails = [tail for _, tail in figures]
        few = few or result.ours
        result.peer = few
        result.limit = 1.2 if count == 100_000 else None
        here = (scene.engine.stat().st_size, scene.status()["flows"]["capacity"])
        before = before or here
        yield result
    # Of each slot that was added; its four blocks of 128 bytes are for hops and context.
    added = (here[0] - before[0]) / (here[1] - before[1])
    yield from simulated.measure(scene)
    yield Result("bytes of a slot in the engine beside its context / 512", [added - 4 * 128], [512], 1.0)
