"""P1: what a preload adds to the start of /bin/true, from posix_spawn to waitpid."""
import pathlib
import shutil
import subprocess

from scene import SHIM
from table import Result

# name, package, and where its library may be
OTHERS = [
    ("proxychains-ng", "libproxychains*.so*", 0.2),
    ("torsocks", "torsocks/libtorsocks.so*", None),
    ("socket_wrapper", "libsocket_wrapper.so*", None),
]


def library(pattern):
    for folder in ("/usr/lib", "/usr/lib64"):
        for path in sorted(pathlib.Path(folder).rglob(pattern)):
            return str(path)
    return None


def measure(scene):
    scene.redirect(1, 2)
    (scene.work / "empty.c").write_text("static void __attribute__((constructor)) start(void) {}\n")
    empty = scene.compile(scene.work / "empty.c", "-shared", "-fPIC")
    ours = scene.work / "shim.so"  # the loader walks a path of the same length to both
    shutil.copy(SHIM, ours)
    others = [(name, library(pattern), limit) for name, pattern, limit in OTHERS]
    present = [path for _, path, _ in others if path]
    spawn = scene.compile("spawn/spawn.c")
    command = [*scene.last, spawn, 1500, "-", empty, ours, f"+{ours}", *present]
    # proxychains-ng prints a line at each start.
    figures = [scene.run(*command, errors=subprocess.DEVNULL) for _ in scene.rounds]

    def added(column):
        return [line[column] - line[0] for line in figures]

    yield Result("start-up us, no engine / empty preload", added(2), added(1), 1.0)
    yield Result("start-up us, engine mapped / empty preload", added(3), added(1), 1.2)
    for name, path, limit in others:
        what = "start-up us, engine mapped / " + name
        if path:
            yield Result(what, added(3), added(4 + present.index(path)), limit)
        else:
            yield Result(what, why_not="no library of " + name)
