"""A nameserver on loopback, UDP and TCP, that answers as a test says: right, wrong, late, cut short or not at all."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.message
import dns.rcode
import dns.rrset

Answer = Callable[[dns.message.Message, bool], bytes | None]
"""Gives what is sent back for a question (and whether it came over TCP), or None for nothing."""
ADDRESS = "127.0.0.1"


@contextmanager
def nameserver(answer: Answer) -> Iterator[int]:
    """Serve until the end of the context; gives the port."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tcp = socket.socket()
    tcp.bind((ADDRESS, 0))
    port = tcp.getsockname()[1]
    udp.bind((ADDRESS, port))
    tcp.listen()
    kept: list[socket.socket] = []
    for serve in (lambda: _udp(udp, answer), lambda: _tcp(tcp, answer, kept)):
        threading.Thread(target=serve, daemon=True).start()
    try:
        yield port
    finally:
        for each in (udp, tcp, *kept):
            # To a thread that waits in it, closing alone says nothing.
            _quietly(each)


def zone(*lines: str, flags: int = 0, rcode: int = 0) -> Answer:
    """An answer made of those of ``lines`` (``name TTL IN TYPE data``) that are about the name and type asked for."""
    records: list[dns.rrset.RRset] = []
    for line in lines:
        name, ttl, rdclass, rdtype, data = line.split(None, 4)
        records.append(dns.rrset.from_text(name, int(ttl), rdclass, rdtype, data))

    def answer(query: dns.message.Message, _over_tcp: bool) -> bytes:
        reply = dns.message.make_response(query)
        [question] = query.question
        reply.flags |= flags
        reply.set_rcode(dns.rcode.Rcode(rcode))
        for one in records:
            if one.name == question.name and one.rdtype in (question.rdtype, 5):
                whole = reply.find_rrset(reply.answer, one.name, one.rdclass, one.rdtype, create=True)
                whole.add(one[0], one.ttl)
        return reply.to_wire(max_size=65535)

    return answer


def _udp(sock: socket.socket, answer: Answer) -> None:
    while True:
        try:
            wire, peer = sock.recvfrom(65535)
            if not wire:
                return
            if (reply := answer(dns.message.from_wire(wire), False)) is not None:
                sock.sendto(reply, peer)
        except OSError:
            return


def _tcp(sock: socket.socket, answer: Answer, kept: list[socket.socket]) -> None:
    while True:
        try:
            connection, _peer = sock.accept()
            kept.append(connection)
            head = connection.recv(2)
            size = struct.unpack("!H", head)[0] if len(head) == 2 else 0
            reply = answer(dns.message.from_wire(connection.recv(size)), True) if size else None
            if reply is not None:
                connection.sendall(struct.pack("!H", len(reply)) + reply)
        except OSError:
            return


def _quietly(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
    finally:
        sock.close()
