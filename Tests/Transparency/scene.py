"""One run of a suite in one mode: its folder, its engine, its relays, its programs. All of it goes with the run."""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build/release"
SHIM = os.environ.get("WFPSHIM_TEST_LIBRARY", BUILD / "libwfpshim.so")
HERE = pathlib.Path(__file__).parent

# without the shim; with it and no engine; with a policy that names nothing; with one that redirects loopback
MODES = ("plain", "no-engine", "unmatched", "redirect")

UNMATCHED = """version: 1
providers:
  - name: nobody
    endpoints: ["127.0.0.1:9"]
filters:
  - name: elsewhere
    action: redirect
    provider: nobody
    conditions: { ip_remote_address: [192.0.2.0/24, "2001:db8::/32"], ip_remote_port: 9 }
"""
REDIRECT = """version: 1
providers:
  - name: relay-%(name)s
    endpoints: ["127.0.0.1:%(port)s", "[::1]:%(port)s"]
    context: [ {sockaddr_storage: remote}, {sockaddr_storage: local} ]
filters:
  - name: to-%(name)s
    action: redirect
    provider: relay-%(name)s
    conditions: { ip_protocol: %(protocol)s, %(condition)s }
"""


class Failed(Exception):
    pass


class Scene:
    def __init__(self, mode, user=None, protocols=("tcp",)):
        self.mode, self.protocols, self.running = mode, protocols, []
        self.account = pwd.getpwnam(user) if user else None

    def __enter__(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="wfpshim-"))
        self.work.chmod(0o755)
        self.shim = str(shutil.copy(SHIM, self.work / "libwfpshim.so"))  # where every user may read it
        self.folder = self.work / "run"
        self.folder.mkdir(mode=0o700)
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
        self.engine, self.log = self.folder / "engine", self.folder / "log"
        self.environment = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "WFPSHIM_ENGINE")}
        self.environment |= {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
        if self.account:
            self.environment |= {"HOME": str(self.folder), "USER": self.account.pw_name}
        self.settings = {"WFPSHIM_ENGINE": str(self.engine), "WFPSHIM_LOG": str(self.log)}
        self.preload = self.settings | {"LD_PRELOAD": self.shim} if self.mode != "plain" else {}
        self.relays = {}
        if self.mode == "unmatched":
            self.load(UNMATCHED, "unmatched")
        if self.mode == "redirect":
            for protocol in self.protocols:
                self.start_relay(protocol)
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.work, ignore_errors=True)

    def load(self, text, name):
        file = self.work / (name + ".yaml")
        file.write_text(text)
        said = subprocess.run(
            [BUILD / "wfpctl", "policy", "load", file], env=self.environment | self.settings, capture_output=True,
            text=True, **self.identity())
        if said.returncode:
            raise Failed(said.stderr)

    def start_relay(self, protocol, name=None, condition="loopback: true"):
        """A relay, and the policy that sends what fulfils the condition to it."""
        name = name or protocol
        program = self.work / ("relay-" + name)
        probes = ROOT / "Tests/Probes"
        sources = {"tcp": [HERE / "relay.c"], "udp": [probes / "relay/relay.c", probes / "support/probe.c"]}[protocol]
        subprocess.run(["cc", "-O2", "-I", probes / "support/include", *sources, "-o", program, "-pthread"], check=True)
        words = [program] if protocol == "tcp" else [program, "relay", "::", "0"]
        relay = self.start(*words, until="listening ")
        port = relay.said().split("listening ")[1].split()[0]
        self.relays[name] = relay
        self.load(REDIRECT % {"name": name, "protocol": protocol, "port": port, "condition": condition}, name)
        return relay

    def redirected(self):
        """How many connections (and flows of UDP) went through the relays, by their own count."""
        count = 0
        for name, relay in self.relays.items():
            relay.stop()
            if name != "udp":
                words = relay.said().split()
                count += int(words[words.index("flows") + 1]) + int(words[words.index("refused") + 1])
            else:
                count += relay.said().count("relay flow ")
        return count

    def identity(self):
        if not self.account:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def options(self, variables, folder):
        return {
            "env": self.environment | self.preload | {k: str(v) for k, v in variables.items()}, "text": True,
            "cwd": folder or self.folder, "start_new_session": True, "stdin": subprocess.DEVNULL, **self.identity()}

    def run(self, *words, seconds=240, folder=None, input=None, **variables):
        """Exit status and output of a program under the mode's preload."""
        options = self.options(variables, folder)
        options.pop("stdin")
        options["stdin"] = subprocess.PIPE if input is not None else subprocess.DEVNULL
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            process = subprocess.Popen([str(w) for w in words], stdout=output, stderr=subprocess.STDOUT, **options)
            try:
                process.communicate(input, timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return "timeout", ""
            output.seek(0)
            return process.returncode, output.read()

    def start(self, *words, until=None, port=None, folder=None, **variables):
        """A server in the background, from the moment when it says `until`, or when its port takes connections."""
        server = Server(self, words, self.options(variables, folder))
        self.running.append(server)
        server.await_ready(until, port)
        return server

    def stop(self):
        for server in reversed(self.running):
            server.stop()
        self.running = []


class Server:
    def __init__(self, scene, words, options):
        self.file = scene.work / ("out.%d" % len(scene.running))
        with open(self.file, "w", encoding="utf-8") as output:
            self.process = subprocess.Popen([str(w) for w in words], stdout=output, stderr=subprocess.STDOUT, **options)

    def said(self):
        return self.file.read_text(errors="replace")

    def await_ready(self, until, port):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            if until and until in self.said() or port and takes_connections(port):
                return
            time.sleep(0.05)
        raise Failed("%s: %s" % (self.process.args, self.said()))

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def takes_connections(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    """Below the ephemeral ports, so that no connection takes it."""
    import random

    while True:
        port = random.randrange(10000, 30000)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
                return port
            except OSError:
                continue
