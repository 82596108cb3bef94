"""DNS by dnspython: the machine's own resolver, or the nameserver that a stack's inventory names."""

from __future__ import annotations

import time

import dns.exception
import dns.flags
import dns.resolver
from dns.rdtypes.txtbase import TXTBase

from core.site import Found

_SECONDS = 5.0
_MOST_STEPS = 8


class DnsResolver:
    """Fulfils :class:`core.site.Resolver`. Threads may share it.

    ``seconds`` is for a question with all its retries and CNAMEs. A nameserver that is not recursive says where a name
    leads outside of its zones and no more (RFC 1034 §4.3.2): it is asked again for that.
    """

    def __init__(self, nameserver: str = "", port: int = 53, seconds: float = _SECONDS) -> None:
        self._resolver = dns.resolver.Resolver(configure=not nameserver)
        if nameserver:
            self._resolver.nameservers = [nameserver]
            self._resolver.port = port
        self._seconds = seconds
        self._resolver.timeout = seconds * 0.4

    def find(self, name: str, type_: str) -> Found:
        """One question, over TCP where the answer is too long for UDP."""
        ends = time.monotonic() + self._seconds
        chain: list[str] = []
        asked = name
        while True:
            found = self._once(asked, type_, ends - time.monotonic())
            chain += found.chain
            looped = len({link.lower() for link in chain}) < len(chain) or name.rstrip(".").lower() in chain
            if len(chain) > _MOST_STEPS or looped:
                return Found(name, type_, "SERVFAIL", chain=tuple(chain[:_MOST_STEPS]))
            if found.status != "NOERROR" or found.records or not found.chain or type_ == "CNAME":
                return Found(name, type_, found.status, found.records, found.ttl, tuple(chain))
            asked = chain[-1]

    def _once(self, name: str, type_: str, seconds: float) -> Found:
        try:
            answer = self._resolver.resolve(
                name, type_, raise_on_no_answer=False, search=False, lifetime=max(seconds, 0.001)
            )
        except dns.resolver.NXDOMAIN as error:
            return Found(name, type_, "NXDOMAIN", chain=_chain_of(error))
        except dns.exception.Timeout:
            return Found(name, type_, "TIMEOUT")
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Found(name, type_, _failure(error))
        if answer.response.flags & dns.flags.TC:
            # Only an answer over TCP gets here with that: half of one is none (RFC 2181 §9).
            return Found(name, type_, "SERVFAIL")
        chain = tuple(_plain(rrset[0].target) for rrset in answer.chaining_result.cnames)
        records = tuple(_presented(rdata) for rdata in answer.rrset or ())
        return Found(name, type_, "NOERROR", records, answer.rrset.ttl if answer.rrset else 0, chain)


def _chain_of(error: dns.resolver.NXDOMAIN) -> tuple[str, ...]:
    """The CNAMEs that led to a name which is not there."""
    for response in error.kwargs["responses"].values():
        cnames = response.resolve_chaining().cnames
        return tuple(_plain(rrset[0].target) for rrset in cnames)
    return ()


def _failure(error: Exception) -> str:
    """The answer's own code where one came: SERVFAIL, REFUSED, …"""
    if isinstance(error, dns.resolver.NoNameservers):
        # (server, over TCP, port, exception or the answer's code as text, answer)
        for _server, _tcp, _port, what, _answer in error.kwargs["errors"]:
            if isinstance(what, str):
                return what
    return "SERVFAIL"


def _presented(rdata: object) -> str:
    """TXT as one text, without quotes; all else as zone files have it."""
    if isinstance(rdata, TXTBase):
        return b"".join(rdata.strings).decode("utf-8", "backslashreplace")
    return str(rdata) if " " in str(rdata) else _plain(rdata)


def _plain(name: object) -> str:
    return str(name).rstrip(".")
