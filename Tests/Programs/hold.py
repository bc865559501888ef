#!/usr/bin/env python3
"""Connections that are held: `hold.py accept` takes all that come; `hold.py connect PORT COUNT` makes so many.

Each ends when it is told to (SIGTERM).
"""
import resource
import signal
import socket
import sys

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []
if sys.argv[1] == "accept":
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        print("listening %d" % listener.getsockname()[1], flush=True)
        while True:
            held.append(listener.accept()[0])
else:
    for _ in range(int(sys.argv[3])):
        held.append(socket.create_connection(("127.0.0.1", int(sys.argv[2]))))
    print("holding %d" % len(held), flush=True)
    signal.pause()
