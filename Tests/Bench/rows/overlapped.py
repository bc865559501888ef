"""P9: overlapped calls of the Winsock library, through the preload, on a redirected connection. All on one processor: how
long another one takes to leave its idle state is not what is measured."""
import pathlib
import shutil
import subprocess

from scene import BUILD, ROOT
from table import Result


def dispatch_program(scene):
    """One dispatch_async and its wake-up; nil where Swift's toolchain has no Dispatch for C."""
    swift = pathlib.Path(shutil.which("swift")).resolve().parents[1]
    program = scene.work / "async"
    library = swift / "lib/swift/linux"
    command = [
        swift / "bin/clang", "-O2", "-fblocks", f"-I{swift}/lib/swift", ROOT / "Tests/Bench/overlapped/async.c", "-o",
        program, f"-L{library}", "-ldispatch", f"-Wl,-rpath,{library}"]  # fmt: skip
    return str(program) if subprocess.run(command, check=False).returncode == 0 else None


def measure(scene):
    scene.redirect(18078, 18891)
    program = scene.compile(
        "overlapped/overlapped.c", f"-I{ROOT}/include/wfpshim", str(BUILD / "libws2_32.so"), f"-Wl,-rpath,{BUILD}")
    bare = dispatch_program(scene)
    event = Result("overlapped WSAIoctl with event ns / synchronous", limit=3.0)
    pending = Result("pending WSAIoctl ns / dispatch_async", limit=2.0, why_not=None if bare else "no Dispatch for C")
    for _ in scene.rounds:
        synchronous, overlapped = scene.run(*scene.last, program, 18891, 18078, 20000, shim=True)
        event.ours.append(overlapped)
        event.peer.append(synchronous)
        pending.ours.append(scene.run(*scene.last, program, 18891, 18078, 5000, shim=True, WFPSHIM_FORCE_PENDING="1")[1])
        if bare:
            pending.peer += scene.run(*scene.last, bare, 5000)
    return [event, pending]
