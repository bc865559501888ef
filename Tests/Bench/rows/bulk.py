"""P5: bytes through a redirected connection. No call that moves data is hooked, so nothing but noise is between the two;
how much noise, the second row tells, in which both sides are the same."""
from table import Result


def measure(scene):
    load = scene.compile("data/load.c")
    scene.redirect(18090, 18091)
    scene.start(*scene.last, load, "origin", 18091, shim=True)  # the redirect's service
    scene.start(*scene.last, load, "origin", 18092)
    scene.start(*scene.last, load, "origin", 18093)
    result = Result("bulk MB/s, redirected / no shim", limit=0.98, at_least=True)
    same = Result("bulk MB/s, no shim / no shim, another process")
    for turn in scene.rounds:
        sides = [(result.ours, 18090, True), (result.peer, 18092, False), (same.ours, 18093, False)]
        # Who comes first after a pause is the slower one.
        for figures, port, shim in sides[turn % 3 :] + sides[: turn % 3]:
            figures += scene.run(*scene.rest, load, "bulk", port, 4, 500_000_000, shim=shim)
    same.peer = result.peer
    yield result
    yield same
