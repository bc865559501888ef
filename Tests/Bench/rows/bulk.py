"""P5: bytes through a redirected connection. No call that moves data is hooked, so nothing but noise is between the two."""
from table import Result


def measure(scene):
    load = scene.compile("data/load.c")
    scene.redirect(18090, 18091)
    scene.start(*scene.last, load, "origin", 18091, shim=True)  # the redirect's service
    scene.start(*scene.last, load, "origin", 18092)
    result = Result("bulk MB/s, redirected / no shim", limit=0.98, at_least=True)
    for _ in scene.rounds:
        result.ours += scene.run(*scene.rest, load, "bulk", 18090, 4, 500_000_000, shim=True)
        result.peer += scene.run(*scene.rest, load, "bulk", 18092, 4, 500_000_000)
    yield result
