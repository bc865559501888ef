"""P3 and P4 look at the same three relays, side by side in a network namespace, all on one processor, so that no idle
state is entered. Each has an origin of its own: the rules of one do not touch the connections of the others."""
import subprocess

from scene import CannotRun

USER = 1337  # whom iptables leaves alone


def make_network(scene):
    scene.make_network()
    rule = "-A OUTPUT -p tcp --dport 18080 -m owner ! --uid-owner %d -j REDIRECT --to-ports 18882" % USER
    if subprocess.run([*scene.inside, "iptables", "-t", "nat", *rule.split()], check=False).returncode:
        raise CannotRun("no iptables REDIRECT")
    scene.redirect(18079, 18881)


def start(scene, hot=0):
    if not scene.inside:
        make_network(scene)
    relay = [*scene.last, scene.compile("relay/relay.c")]
    for port in (18079, 18080, 18084):
        scene.start(*relay, "origin", port)
    scene.start(*relay, "relay", 18881, "wfp", 18079, "--hot", hot, shim=True)
    scene.start("setpriv", "--reuid", USER, *relay, "relay", 18882, "original-dst", 18080, "--hot", hot)
    scene.start(*relay, "relay", 18883, "fixed", 18084)
    return relay
