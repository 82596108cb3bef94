"""Whether a service answers: each probe asks once, takes a second at most, and says yes or no."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping

import dns.exception
import dns.message
import dns.query

Probe = Callable[[], bool]
SECONDS = 1.0


def http_answers(address: str, port: int, path: str, headers: Mapping[str, str] | None = None) -> Probe:
    """A probe: ``GET path`` gives a status below 400."""
    return lambda: _get(http.client.HTTPConnection(address, port, timeout=SECONDS), path, headers or {})


def https_answers(address: str, port: int, path: str) -> Probe:
    """A probe: ``GET path`` over TLS gives a status below 400. No name is checked: it asks for life, not identity."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return lambda: _get(http.client.HTTPSConnection(address, port, timeout=SECONDS, context=context), path, {})


def greets(address: str, port: int, greeting: bytes) -> Probe:
    """A probe: whoever connects is sent ``greeting`` first, as with SMTP's ``220``."""

    def probe() -> bool:
        try:
            with socket.create_connection((address, port), timeout=SECONDS) as connection:
                return connection.recv(len(greeting)) == greeting
        except OSError:
            return False

    return probe


def dns_answers(address: str, port: int) -> Probe:
    """A probe: a query over UDP gets an answer, REFUSED too."""

    def probe() -> bool:
        query = dns.message.make_query(".", "SOA")
        try:
            dns.query.udp(query, address, port=port, timeout=SECONDS)
        except (OSError, dns.exception.DNSException):
            return False
        return True

    return probe


def both(first: Probe, second: Probe) -> Probe:
    """A probe: ``first`` says yes and ``second`` does."""
    return lambda: first() and second()


def _get(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> bool:
    try:
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
