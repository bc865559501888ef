"""CPython's own tests, as Debian's libpython3.11-testsuite has them."""
import re
import xml.etree.ElementTree as xml


def outcomes(file):
    """Name to outcome, of the JUnit file that test.regrtest writes."""
    found = {}
    for case in xml.parse(file).iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        texts = [child.text or "" for child in case if child.tag in ("failure", "error")]
        raised = [line for line in "\n".join(texts).splitlines() if re.match(r"[\w.]*(Error|Exception|Timeout)\b", line)]
        state = " ".join(kinds) or ("ok" if case.get("result") == "completed" else case.get("result"))
        # Ports, descriptors and addresses of objects differ between runs.
        reason = ": " + re.sub(r"0x[0-9a-f]+|[0-9]+", "N", raised[0])[:120] if raised else ""
        found[case.get("name").removeprefix("test.")] = state + reason
    return found


def module(name, patterns=(), without=(), protocols=("tcp",)):
    """A suite: `python3 -m test NAME`."""

    def run(scene, only=None):
        wanted = list(only) if only else list(patterns)
        file = scene.folder / "results.xml"
        hung = {}
        for _ in range(4):
            words = ["/usr/bin/python3", "-m", "test", "-v", "-u", "network", "--timeout", "240", "--junit-xml", file]
            for pattern in wanted:
                words += ["-m", pattern]
            for pattern in (*without, *hung):
                words += ["-i", pattern]
            status, said = scene.run(*words, name, seconds=560)
            if file.exists():
                return outcomes(file) | hung
            # The one that was last begun hangs: on with the others.
            begun = re.findall(r"^\w+ \(test\.([\w.]+)\)", said, re.MULTILINE)
            hung |= {begun[-1]: "timeout"} if begun else {}
        return hung | {"(whole module)": "%s %s" % (status, said[-300:])}

    run.protocols = protocols
    return run


# What of asyncio has to do with sockets and processes.
NETWORK = ["*test_asyncio.test_%s.*" % part for part in (
    "buffered_proto", "events", "sendfile", "server", "sock_lowlevel", "ssl", "streams", "subprocess")]

SUITES = {
    # Virtual machines without a vsock loopback hang in VSOCK's test, CAN's need a module of the kernel.
    "test_socket": module("test_socket", without=("*VSOCK*", "*CAN*"), protocols=("tcp", "udp")),
    "test_asyncio": module("test_asyncio", NETWORK, protocols=("tcp", "udp")),
    "test_ssl": module("test_ssl"),
    "test_httplib": module("test_httplib"),
}
# What of multiprocessing has to do with connections, and what starts processes.
CONNECTED = ("*Listener*", "*Connection*", "*RemoteManager*", "*Wait*", "*_TestPoll*", "*WithManagerTestQueue*",
             "*WithManagerTestPool*", "*Challenge*", "*Manager*Shared*", "*Rlimit*", "*Semaphore_tracker*")
for method in ("fork", "forkserver", "spawn"):
    name = "test_multiprocessing_" + method
    SUITES[name] = module(name, CONNECTED)
