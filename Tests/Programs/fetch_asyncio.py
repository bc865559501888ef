"""Prints the SHA-256 of what a URL gives, by asyncio (non-blocking sockets, epoll)."""
import asyncio
import hashlib
import sys
import urllib.parse


async def fetch(url):
    parts = urllib.parse.urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n".encode())
    length = 0
    while (line := (await reader.readline()).strip()):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    body = await reader.readexactly(length)
    writer.close()
    print(hashlib.sha256(body).hexdigest())


asyncio.run(fetch(sys.argv[1]))
