"""CORS, headers and TLS: what browsers are told, what the edge speaks, and that nobody gets round it."""

from readiness.check import Row
from readiness.probe import Probe, Touch
from readiness.rows.headers import checks, pages
from readiness.rows.headers.cors import signed_in, strangers
from readiness.rows.headers.origin import closed, strict
from readiness.rows.headers.private import private
from readiness.rows.headers.redirects import hops, open_redirects
from readiness.rows.headers.tls import tls

PROBES: tuple[Probe, ...] = (
    Probe(Row.HEADERS, (checks.CORS_CREDENTIALS,), signed_in, Touch.WRITES),
    Probe(Row.HEADERS, (checks.CORS_ORIGINS, checks.CORS_PREFLIGHT), strangers),
    Probe(Row.HEADERS, pages.CHECKS, pages.pages),
    Probe(Row.HEADERS, (checks.COOKIES, checks.PRIVATE, checks.DECEPTION), private, Touch.WRITES),
    Probe(
        Row.HEADERS,
        (checks.TLS_VERSIONS, checks.TLS_CIPHERS, checks.TLS_ATTACKS, checks.CERTIFICATES, checks.STAPLING),
        tls,
    ),
    Probe(Row.HEADERS, (checks.STRICT, checks.ORIGIN_CERTIFICATE), strict),
    Probe(Row.HEADERS, (checks.ORIGIN_CLOSED, checks.ORIGIN_HIDDEN), closed),
    Probe(Row.HEADERS, (checks.HTTPS, checks.CANONICAL), hops),
    Probe(Row.HEADERS, (checks.OPEN_REDIRECT,), open_redirects),
)
