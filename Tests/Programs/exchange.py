"""A client without any preload: exchange.py SOURCE HOST PORT [COUNT]. Sends a line and expects it back."""
import socket
import sys

source, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
for _ in range(int(sys.argv[4]) if len(sys.argv) > 4 else 1):
    with socket.create_connection((host, port), timeout=20, source_address=(source, 0)) as client:
        try:
            client.sendall(b"line\n")
            echo = client.makefile().readline()
        except ConnectionError:
            echo = ""
        print("ok" if echo == "line\n" else "no echo", flush=True)
