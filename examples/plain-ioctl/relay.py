#!/usr/bin/env python3
"""A redirect service in Python over plain ioctl(2): relay.py HOST PORT, under the preload.

Its provider's context is [ {sockaddr_storage: remote} ]: where the application wanted to go.
"""
import contextlib
import ctypes
import fcntl
import socket
import struct
import sys
import threading

QUERY_RECORDS, QUERY_CONTEXT, SET_RECORDS = 0x980000DC, 0x980000DD, 0x980000DE


def control(sock, code, given=b"", room=0):
    """One control code. Returns what it answers; raises OSError with the errno of wfpshim/wfp_ioctl.h."""
    into, out = ctypes.create_string_buffer(given, len(given) or 1), ctypes.create_string_buffer(room or 1)
    address = lambda buffer, size: ctypes.addressof(buffer) if size else 0
    # struct wfp_ioctl: in, out, in_size, out_size, bytes_returned, reserved
    request = bytearray(
        struct.pack("@PPIIII", address(into, len(given)), address(out, room), len(given), room, 0, 0)
    )
    fcntl.ioctl(sock, code, request)
    return out.raw[: struct.unpack("@PPIIII", request)[4]]


def destination(context):
    """Host and port of a sockaddr_storage."""
    family, port = struct.unpack_from("=H", context)[0], struct.unpack_from("!H", context, 2)[0]
    start, length = (4, 4) if family == socket.AF_INET else (8, 16)
    return family, (socket.inet_ntop(family, context[start : start + length]), port)


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # close would not wake the other thread


def serve(client):
    records = control(client, QUERY_RECORDS, room=4160)
    family, address = destination(control(client, QUERY_CONTEXT, room=128))
    with client, socket.socket(family, socket.SOCK_STREAM) as server:
        control(server, SET_RECORDS, records)  # before connect: whose connection it continues
        server.connect(address)
        print("relaying to %s port %d" % address, flush=True)
        back = threading.Thread(target=copy, args=(server, client))
        back.start()
        copy(client, server)
        back.join()


def main():
    host, port = sys.argv[1], int(sys.argv[2])
    with socket.create_server((host, port)) as listener:
        print("listening %d" % listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()


main()
