"""DNS by dnspython: the machine's own resolver, or the nameserver that a stack's inventory names."""

from __future__ import annotations

import dns.exception
import dns.message
import dns.rdatatype
import dns.resolver

from core.site import Found

_SECONDS = 5.0
_MOST_STEPS = 8


class DnsResolver:
    """Fulfils :class:`core.site.Resolver`. Threads may share it."""

    def __init__(self, nameserver: str = "", port: int = 53) -> None:
        self._resolver = dns.resolver.Resolver(configure=not nameserver)
        if nameserver:
            self._resolver.nameservers = [nameserver]
            self._resolver.port = port
        self._resolver.lifetime = _SECONDS
        self._resolver.timeout = 2.0

    def find(self, name: str, type_: str) -> Found:
        """One question, over TCP where the answer is too long for UDP."""
        try:
            answer = self._resolver.resolve(name, type_, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return Found(name, type_, "NXDOMAIN")
        except dns.exception.Timeout:
            return Found(name, type_, "TIMEOUT")
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Found(name, type_, _failure(error))
        chain = tuple(str(rrset[0].target).rstrip(".") for rrset in answer.chaining_result.cnames)
        if len(chain) > _MOST_STEPS:
            return Found(name, type_, "SERVFAIL", chain=chain)
        records = tuple(_presented(rdata) for rdata in answer.rrset or ())
        return Found(name, type_, "NOERROR", records, answer.rrset.ttl if answer.rrset else 0, chain)


def _failure(error: Exception) -> str:
    """The answer's own code where one came: SERVFAIL, REFUSED, …"""
    if isinstance(error, dns.resolver.NoNameservers):
        text = str(error)
        for code in ("REFUSED", "SERVFAIL", "FORMERR", "NOTIMP"):
            if code in text:
                return code
    return "SERVFAIL"


def _presented(rdata: object) -> str:
    """TXT as one text, without quotes; all else as zone files have it."""
    strings = getattr(rdata, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("utf-8", "backslashreplace")
    return str(rdata).rstrip(".") if " " not in str(rdata) else str(rdata)
