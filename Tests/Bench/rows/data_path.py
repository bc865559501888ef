"""P8: a relay on completion ports (examples/port-relay, Windows source, unchanged) against HAProxy in TCP mode.

Both have one worker thread on the last processor; client and origin (data/load.c) share the others. The relay is under
the preload and so is its client, whose connects to the origin's port are redirected: the relay asks for records and
context, sets the records and connects on. HAProxy is told its destination by its configuration, and the same client
without the preload dials HAProxy's port. Both pass on 64 KiB at most at a time and do not splice.
"""
import shutil
import socket
import subprocess
import time

from scene import BUILD, ROOT
from table import Result

CONFIGURATION = """global
  nbthread 1
  maxconn 4000
  tune.bufsize 65536
defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:18895 backlog 1024
  default_backend back
backend back
  server origin 127.0.0.1:18077
"""


def start_haproxy(scene):
    (scene.work / "haproxy.cfg").write_text(CONFIGURATION)
    log = open(scene.work / "haproxy.out", "w", encoding="utf-8")
    command = [*scene.last, "haproxy", "-db", "-f", str(scene.work / "haproxy.cfg")]
    scene.running.append((subprocess.Popen(command, stdout=log, stderr=log), log))
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", 18895)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit((scene.work / "haproxy.out").read_text())


def measure(scene):
    connections = Result("connections/s, port relay / HAProxy", limit=0.9, at_least=True)
    megabytes = Result("MB/s, port relay / HAProxy", limit=0.9, at_least=True)
    if not shutil.which("haproxy"):
        connections.why_not = megabytes.why_not = "no haproxy"
        return [connections, megabytes]
    load = [*scene.rest, scene.compile("data/load.c")]
    relay = scene.compile(
        ROOT / "examples/port-relay/port_relay.c", f"-I{ROOT}/include/wfpshim", f"-L{BUILD}", "-lws2_32",
        f"-Wl,-rpath,{BUILD}")  # fmt: skip
    scene.redirect(18077, 18894)
    scene.start(*load, "origin", 18077)
    scene.start(*scene.last, relay, 18894, "--threads", 1, shim=True)
    start_haproxy(scene)
    for _ in scene.rounds:
        connections.ours += scene.run(*load, "connections", 18077, 5000, 32, shim=True)
        connections.peer += scene.run(*load, "connections", 18895, 5000, 32)
        megabytes.ours += scene.run(*load, "bulk", 18077, 4, 500_000_000, shim=True)
        megabytes.peer += scene.run(*load, "bulk", 18895, 4, 500_000_000)
    return [connections, megabytes]
