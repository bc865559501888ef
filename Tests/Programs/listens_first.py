"""Listens on the first port, connects to the second, and accepts nothing."""
import signal
import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
peer = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
print("connected", flush=True)
signal.pause()
