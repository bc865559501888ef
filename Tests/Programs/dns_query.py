"""Asks a server through dnspython: `dns_query.py HOST PORT`. A connected or an unconnected socket is dnspython's choice; it
refuses answers from any other address than the one that it asked. One line an answer."""
import socket
import sys

import dns.message
import dns.query

host, port = sys.argv[1], int(sys.argv[2])


def ask(name, kind, function, **more):
    query = dns.message.make_query(name, kind)
    answer = function(query, host, port=port, timeout=20, **more)
    answer = answer[0] if isinstance(answer, tuple) else answer
    texts = sorted(item.to_text() for rrset in answer.answer for item in rrset)
    print(name, kind, len(texts), texts[0] if texts else "-", flush=True)


ask("www.example.test.", "A", dns.query.udp)
ask("www.example.test.", "A", dns.query.tcp)
ask("large.example.test.", "TXT", dns.query.udp_with_fallback)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:  # one socket, asked twice
    one.setblocking(False)
    ask("www.example.test.", "A", dns.query.udp, sock=one)
    ask("other.example.test.", "A", dns.query.udp, sock=one)
