"""Holds COUNT connected UDP sockets to HOST PORT until it is ended: hold_flows.py HOST PORT COUNT."""
import resource
import signal
import socket
import sys

host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
held = []
for _ in range(count):
    held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    held[-1].connect((host, port))
print("holding", len(held), flush=True)
signal.pause()
