"""A file system that is full when the engine is made, and when its flow table shall grow. In namespaces of its own:
unshare -Urm full_disk.py FOLDER PRODUCTS SHIM. Says what happened, a line a step."""
import errno
import json
import os
import resource
import socket
import subprocess
import sys

HOLDERS, EACH = 5, 810  # below a quarter of the 4,096 slots each: nobody is evicted
MATCHED = ("192.0.2.1", 9)  # nobody is there
POLICY = """version: 1
providers: [ { name: contoso, endpoints: ["127.0.0.1:%d"] } ]
filters: [ { name: udp, action: redirect, provider: contoso, conditions: { ip_protocol: udp, ip_remote_port: 9 } } ]
"""


def hold(count):
    """Connected sockets, until one fails. The last word: why."""
    held = []
    while len(held) < count:
        held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        try:
            held[-1].connect(MATCHED)
        except OSError as error:
            return held[:-1], errno.errorcode[error.errno]
    return held, "all"


def echo(port):
    with socket.create_connection(("127.0.0.1", port), 10) as stream:
        stream.sendall(b"x")
        return "echo" if stream.recv(1) == b"x" else "nothing"


def client(count, port):
    """Under the shim: flows, and a connect that no filter matches; once more at each line of input."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    kept = []
    while True:
        held, why = hold(count)
        kept.append(held)
        print(len(held), why, echo(port), flush=True)
        if not sys.stdin.readline():
            return


class Scene:
    def __init__(self, folder, products, shim):
        self.folder, self.products = folder + "/small", products
        os.mkdir(self.folder, 0o700)
        self.engine = self.folder + "/engine"
        self.environment = os.environ | {"WFPSHIM_ENGINE": self.engine, "WFPSHIM_LOG": folder + "/log"}
        self.log, self.shim, self.running = folder + "/log", shim, []
        self.size("1m", "")

    def size(self, size, remount="remount,"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", remount + "mode=0700,size=" + size, "small", self.folder], check=True)

    def start(self, *words, shimmed=True):
        more = {"LD_PRELOAD": self.shim} if shimmed else {}
        started = subprocess.Popen([str(word) for word in words], env=self.environment | more, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.running.append(started)
        return started, started.stdout.readline().strip()

    def wfpctl(self, *words, text=None):
        return subprocess.run([self.products + "/wfpctl", *words], env=self.environment, input=text, text=True,
                              capture_output=True, check=False)

    def flows(self):
        return {flow["id"] for flow in json.loads(self.wfpctl("flows", "--json").stdout)["flows"]}

    def file_size(self):
        return os.stat(self.engine).st_size


def steps(scene, folder):
    _, said = scene.start(scene.products + "/ProbeOrigin", "127.0.0.1", 0, shimmed=False)
    origin = said.split()[-1]
    _, said = scene.start(scene.products + "/ProbeRelay", "contoso", "127.0.0.1", 0)
    with open(folder + "/contoso.yaml", "w", encoding="ascii") as file:
        file.write(POLICY % int(said.split()[-1]))
    load = ("policy", "load", folder + "/contoso.yaml", "--name", "contoso")

    refused = scene.wfpctl(*load)
    print("creation:", refused.returncode, "bytes of free space" in refused.stderr + refused.stdout, os.listdir(scene.folder))
    first, said = scene.start(sys.executable, __file__, "client", 1, origin)
    print("host:", said)

    scene.size("5m")
    print("creation with room:", scene.wfpctl(*load).returncode)
    before = scene.file_size()
    holders = [scene.start(sys.executable, __file__, "client", EACH, origin) for _ in range(HOLDERS)]
    print("held:", {said for _, said in holders})
    held = scene.flows()
    last, said = scene.start(sys.executable, __file__, "client", 100, origin)
    count, *rest = said.split()
    print("growth:", int(count) < 100, *rest, "size", scene.file_size() - before)
    print("lost:", len(held - scene.flows()), "alive:", all(one.poll() is None for one in scene.running))
    with open(scene.log, encoding="utf-8") as file:
        print("log:", sum("the flow table is full" in line for line in file) >= 1)

    scene.size("32m")
    for one in (last, first):
        one.stdin.write("\n")
        one.stdin.flush()
        print("growth with room:", one.stdout.readline().strip())
    print("lost:", len(held - scene.flows()), "grown:", scene.file_size() > before)


def main():
    if sys.argv[1] == "client":
        return client(int(sys.argv[2]), int(sys.argv[3]))
    scene = Scene(*sys.argv[1:4])
    try:
        steps(scene, sys.argv[1])
    finally:
        for one in scene.running:
            one.kill()
            one.wait()


main()
