"""A service at port 8888 that also takes connections at 9999 with a listen() past every hook. Asks for the records of the
first connection there and prints what the control code answers."""
import ctypes
import errno
import platform
import socket

LISTEN = {"x86_64": 50, "aarch64": 201}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)


class Request(ctypes.Structure):
    _fields_ = [("input", ctypes.c_void_p), ("output", ctypes.c_void_p)] + [
        (name, ctypes.c_uint32) for name in ("in_size", "out_size", "bytes_returned", "reserved")
    ]


known = socket.create_server(("127.0.0.1", 8888))
other = socket.socket()
other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
other.bind(("127.0.0.1", 9999))
libc.syscall(LISTEN, other.fileno(), 8)
print("listening 8888", flush=True)
accepted, _ = other.accept()
records = ctypes.create_string_buffer(1024)
request = Request(None, ctypes.addressof(records), 0, 1024, 0, 0)
result = libc.ioctl(accepted.fileno(), ctypes.c_ulong(0x980000DC), ctypes.byref(request))
print("records", "good" if result == 0 else errno.errorcode[ctypes.get_errno()], flush=True)
