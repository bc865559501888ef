"""P6: chains of redirect services that do not know each other, against as many relays with their destination built in."""
import statistics

from table import Result


def chain(scene, relay, count):
    """Both chains of this length. Returns the ports to dial."""
    ports = range(18100, 18100 + count)
    for number, port in enumerate(ports):
        scene.redirect(18099, port, name="hop%d" % number, weight=100 - number)
    scene.start(*relay, "origin", 18099)
    for port in ports:
        scene.start(*relay, "relay", port, "wfp", 18099, shim=True)
    scene.start(*relay, "origin", 18120 + count)
    for number in range(count):
        scene.start(*relay, "relay", 18120 + number, "fixed", 18121 + number)
    return 18099, 18120


def measure(scene):
    relay = [*scene.last, scene.compile("relay/relay.c")]
    points = []
    for count in (1, 2, 4, 8):
        dialled, first = chain(scene, relay, count)
        result = Result(f"connection through {count} services us / hard-wired", at=count)
        result.curve = "us by number of services"
        for _ in scene.rounds:
            median, tail = scene.run(*relay, "client", dialled, 500, shim=True)
            result.ours.append(median)
            result.tails.append(tail)
            result.peer.append(scene.run(*relay, "client", first, 500)[0])
        scene.stop()
        points.append(result)
        yield result
    one, two, four, eight = [statistics.median(point.ours) for point in points]
    yield Result("us for a service more, from 4 to 8 / from 1 to 4", [(eight - four) / 4], [(four - one) / 3], 1.1)
