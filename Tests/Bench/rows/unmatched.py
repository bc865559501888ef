"""P2: what a connect or a datagram costs that no filter names, and how that grows with the number of filters."""
from table import Result

from . import reload


def filters(count):
    """Filters that name other ports, other addresses, or both."""
    lines = []
    for number in range(count):
        port, address = number % 60000 + 1, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        conditions = [
            f"ip_remote_port: {port}, ip_remote_address: 10.0.0.0/8",
            f"ip_remote_address: {address}/32",
            f"ip_remote_port: {port}, ip_remote_address: {address}",
        ][number % 3]
        lines.append(f"  - {{name: f{number}, action: block, weight: {number % 7}, conditions: {{{conditions}}}}}")
    return "version: 1\nfilters:\n" + "\n".join(lines) + "\n"


def measure(scene):
    connect, datagram = scene.compile("connect/connect.c"), scene.compile("datagram/datagram.c")
    for count in (1, 10, 100, 1000, 10000):
        scene.load(filters(count))
        result = Result(f"connect us, {count} filters, none matches / no shim", limit=1.02, at=count)
        result.curve = "connect us by number of filters"
        for _ in scene.rounds:
            result.peer.append(scene.run(*scene.last, connect, 2000)[0])
            median, tail = scene.run(*scene.last, connect, 2000, shim=True)
            result.ours.append(median)
            result.tails.append(tail)
        yield result
    yield from reload.measure(scene, connect, scene.work / "bench.yaml")
    result = Result("sendto and recvfrom us, UDP not redirected", limit=1.02)
    scene.redirect(1, 2)
    for _ in scene.rounds:
        result.peer += scene.run(*scene.last, datagram, 20000)
        result.ours += scene.run(*scene.last, datagram, 20000, shim=True)
    yield result
