"""The world as the watch sees it: names by the lab's DNS, and no address but loopback's.

What is on no loopback address, or of no zone that the lab's DNS has, is the rest of the internet, and the sink stands
for all of it. A name of one of the lab's own zones that has no address is nowhere.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

_SECONDS = 2.0


@dataclass(frozen=True)
class Internet:
    """``dns`` and ``smtp`` are address and port, ``sink`` a URL without a path; ``ca_file`` signs the edge's names."""

    dns: tuple[str, int]
    sink: str
    smtp: tuple[str, int]
    ca_file: Path
    source: str = ""

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Trusts the lab's edge authority and nobody else."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    async def look_up(self, host: str) -> tuple[list[str], bool]:
        """The IPv4 addresses of ``host``, and whether it is of a zone that the lab's DNS answers for.

        A DNS that does not answer has no addresses for a name of its own.
        """
        if _is_address(host):
            return [host], True
        query = dns.message.make_query(host, dns.rdatatype.A)
        address, port = self.dns
        try:
            answer = await dns.asyncquery.udp(query, address, timeout=_SECONDS, port=port)
        except (OSError, dns.exception.DNSException):
            return [], True
        found = [item.to_text() for record in answer.answer for item in record if item.rdtype == dns.rdatatype.A]
        elsewhere = not found and any(record.rdtype == dns.rdatatype.CNAME for record in answer.answer)
        return found, answer.rcode() != dns.rcode.REFUSED and not elsewhere

    def connector(self) -> TCPConnector:
        """For aiohttp: it leads to loopback addresses and no others."""
        return TCPConnector(
            resolver=_Resolver(self),
            use_dns_cache=False,
            force_close=True,
            socket_factory=partial(_socket, self.source),
        )


def _socket(source: str, found: tuple[Any, ...]) -> socket.socket:
    """For aiohttp, which asks no resolver about an address: none but loopback's is connected to."""
    family, kind, protocol, _name, place = found
    if not is_loopback(place[0]):
        raise OSError(errno.EHOSTUNREACH, "not in the lab")
    made = socket.socket(family, kind, protocol)
    if source:
        made.bind((source, 0))
    return made


def is_loopback(address: str) -> bool:
    """Whether ``address`` is one of 127.0.0.0/8."""
    return address.startswith("127.") and _is_address(address)


def _is_address(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


class _Resolver(AbstractResolver):
    def __init__(self, internet: Internet) -> None:
        self._internet = internet

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 (named so by aiohttp)
    ) -> list[ResolveResult]:
        addresses, _ours = await self._internet.look_up(host)
        if not addresses:
            raise OSError(socket.EAI_NONAME, "no such name")
        here = [address for address in addresses if is_loopback(address)]
        if not here:
            raise OSError(errno.EHOSTUNREACH, "not in the lab")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in here
        ]

    async def close(self) -> None:
        """Nothing is kept."""
