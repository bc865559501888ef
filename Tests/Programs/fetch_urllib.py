"""Prints the SHA-256 of what a URL gives, by urllib (blocking sockets)."""
import hashlib
import sys
import urllib.request

print(hashlib.sha256(urllib.request.urlopen(sys.argv[1]).read()).hexdigest())
