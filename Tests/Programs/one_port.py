"""Two sockets of one local port, connected to two ports of this machine: what each connect said, then it waits."""
import errno
import signal
import socket
import sys

sockets = []
local = None
for port in sys.argv[1:]:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(local or ("127.0.0.1", 0))
    local = one.getsockname()
    sockets.append(one)
    result = one.connect_ex(("127.0.0.1", int(port)))
    print("connected" if result == 0 else errno.errorcode[result], flush=True)
signal.pause()
