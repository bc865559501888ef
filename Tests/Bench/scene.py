"""Where a row is measured: an engine, programs, a network namespace. All of it goes when the row is done."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build/release"
SHIM = BUILD / "libwfpshim.so"
HERE = pathlib.Path(__file__).parent

os.environ["PATH"] += ":/usr/sbin:/sbin"


class CannotRun(Exception):
    """Why something is 'not measured'."""


class Scene:
    def __init__(self, rounds):
        if not SHIM.exists():
            raise SystemExit("%s is not there; make build makes it" % SHIM)
        self.rounds = range(rounds)
        self.network = "wfpbench%d" % os.getpid()
        # The last processor is the measured side's where that shall have one to itself.
        self.last = ["taskset", "-c", str(os.cpu_count() - 1)]
        self.rest = ["taskset", "-c", "0-%d" % max(0, os.cpu_count() - 2)]
        self.inside = []  # the network namespace's prefix of a command
        self.running = []

    def __enter__(self):
        self.work = pathlib.Path(tempfile.mkdtemp())
        self.work.chmod(0o711)  # one relay runs as another user
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.engine_folder = pathlib.Path(tempfile.mkdtemp(dir=memory))
        self.environment = dict(os.environ, WFPSHIM_ENGINE=str(self.engine))
        return self

    def __exit__(self, *_):
        self.stop()
        if self.inside:
            subprocess.run(["ip", "netns", "del", self.network], check=False)
        shutil.rmtree(self.work)
        shutil.rmtree(self.engine_folder)

    @property
    def engine(self):
        return self.engine_folder / "engine"

    def compile(self, source, *arguments):
        program = self.work / pathlib.Path(source).stem
        command = ["cc", "-O2", "-D_GNU_SOURCE", str(HERE / source), "-o", str(program), *arguments]
        subprocess.run(command, check=True)
        return str(program)

    def load(self, text, name="bench"):
        file = self.work / (name + ".yaml")
        file.write_text(text)
        subprocess.run([BUILD / "wfpctl", "policy", "load", file], check=True, env=self.environment)

    def redirect(self, port, endpoint, name="bench", weight=0):
        """One provider, with two addresses as its context, to which connects to a port of TCP go."""
        self.load(
            f"""version: 1
providers:
  - name: {name}
    endpoints: ["127.0.0.1:{endpoint}"]
    context: [ {{sockaddr_storage: remote}}, {{sockaddr_storage: local}} ]
filters:
  - name: {name}
    action: redirect
    provider: {name}
    weight: {weight}
    conditions: {{ ip_protocol: tcp, ip_remote_port: [{port}] }}
""",
            name,
        )

    def status(self):
        """What wfpctl says of the engine."""
        command = [BUILD / "wfpctl", "status", "--json"]
        return json.loads(subprocess.run(command, check=True, env=self.environment, capture_output=True).stdout)

    def make_network(self):
        if os.geteuid() != 0 or subprocess.run(["ip", "netns", "add", self.network], check=False).returncode:
            raise CannotRun("no network namespace")
        self.inside = ["ip", "netns", "exec", self.network]
        subprocess.run([*self.inside, "ip", "link", "set", "lo", "up"], check=True)

    def command(self, words, shim, variables):
        environment = dict(self.environment, **variables)
        words = [*self.inside, *([] if not shim else ["env", "LD_PRELOAD=%s" % SHIM]), *map(str, words)]
        return words, environment

    def run(self, *words, shim=False, errors=None, **variables):
        """The numbers that a program prints on its last line."""
        words, environment = self.command(words, shim, variables)
        said = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, check=True)
        return [float(word) for word in said.stdout.splitlines()[-1].split()]

    def start(self, *words, shim=False, **variables):
        """In the background, until it says that it is ready."""
        words, environment = self.command(words, shim, variables)
        output = open(self.work / ("out.%d" % len(self.running)), "w+", encoding="utf-8")
        process = subprocess.Popen(words, env=environment, stdout=output, stderr=subprocess.STDOUT)
        self.running.append((process, output))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            said = pathlib.Path(output.name).read_text(encoding="utf-8")
            if "ready" in said or "listening" in said:
                return process
            time.sleep(0.02)
        raise SystemExit("%s: %s" % (words, pathlib.Path(output.name).read_text(encoding="utf-8")))

    def stop_last(self):
        """Ends what was started last; what strace holds is ended, and strace after it."""
        process, output = self.running.pop()
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]) if children else process.pid, signal.SIGTERM)
        process.wait()
        output.close()

    def stop(self):
        """Ends what was started. Returns what each has printed last."""
        said = []
        for process, _ in self.running:
            process.terminate()
        for process, output in self.running:
            process.wait()
            lines = pathlib.Path(output.name).read_text(encoding="utf-8").splitlines()
            output.close()
            said.append(lines[-1] if lines else "")
        self.running = []
        return said
