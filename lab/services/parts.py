"""The lab's services beside its hosts, as values."""

from __future__ import annotations

import sys
from pathlib import Path

from core.secret import Secret
from lab.place import Place
from lab.services import probes
from lab.services.supervisor import Endpoint, Service


def before_edge(place: Place, tree: Path, token: Secret) -> tuple[Service, ...]:
    """The services that need no other: the Cloudflare API, AWS, mail, the HTTP sink, and DNS (from the hosts' tree)."""
    return (cloudflare(place, token), aws(place), mail(place), sink(place), dns(place, tree))


def token_file(place: Place) -> Path:
    """Where the Cloudflare API finds the one token that it takes."""
    return place.home / "cloudflare" / "token"


def cloudflare(place: Place, token: Secret) -> Service:
    """The Cloudflare API; ready when it knows its token."""
    address, port = place.cloudflare
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    return _service(
        "cloudflare",
        ("lab.cloudflare", "--listen", f"{address}:{port}", "--state", str(place.cloudflare_state)),
        ("--token-file", str(token_file(place)), "--pki", str(place.home / "pki")),
        ("--dns", _at(place.dns), "--sink", _at(place.sink), "--smtp", _at(place.mail_exchanger)),
        # Hosts answer the edge's address alone.
        ("--probe-from", place.edge[0]),
        endpoints=(Endpoint(address, port),),
        ready=probes.http_answers(address, port, "/client/v4/user/tokens/verify", headers),
    )


def aws(place: Place) -> Service:
    """Moto's server: AWS with no account. Its own page lists what it holds."""
    address, port = place.aws
    return _service(
        "aws",
        ("moto.server", "-H", address, "-p", str(port)),
        endpoints=(Endpoint(address, port),),
        ready=probes.http_answers(address, port, "/moto-api/data.json"),
    )


def mail(place: Place) -> Service:
    """The mail relay, the exchanger that it delivers to, and HTTP for what arrived there."""
    address, smtp, http = place.mail
    exchanger, port = place.mail_exchanger
    return _service(
        "mail",
        ("lab.mail", "--smtp", f"{address}:{smtp}", "--http", f"{address}:{http}"),
        ("--exchanger", f"{exchanger}:{port}", "--source", place.mail_source),
        ("--stack", str(place.stack_file)),
        endpoints=(Endpoint(address, smtp), Endpoint(address, http), Endpoint(exchanger, port)),
        ready=probes.both(probes.greets(address, smtp, b"220 "), probes.http_answers(address, http, "/messages")),
    )


def sink(place: Place) -> Service:
    """The HTTP sink for alerts, errors and webhooks."""
    address, port = place.sink
    return _service(
        "sink",
        ("lab.sink", "--listen", f"{address}:{port}"),
        endpoints=(Endpoint(address, port),),
        ready=probes.http_answers(address, port, "/received"),
    )


def dns(place: Place, tree: Path) -> Service:
    """The authoritative DNS server, from the hosts' tree."""
    address, port = place.dns
    return _service(
        "dns",
        ("lab.dns", "--listen", f"{address}:{port}", "--state", str(place.cloudflare_state), "--tree", str(tree)),
        ("--folder", str(place.home / "dns"), "--edge", place.edge[0]),
        endpoints=(Endpoint(address, port, udp=True),),
        ready=probes.dns_answers(address, port),
    )


def edge(place: Place) -> Service:
    """The edge proxy; it follows the Cloudflare API's state file, so it comes after the API."""
    address, http, https = place.edge
    return _service(
        "edge",
        ("lab.edge", "--address", address, "--http-port", str(http), "--https-port", str(https), "--source", address),
        ("--state", str(place.cloudflare_state), "--pki", str(place.home / "pki"), "--smtp", _at(place.mail_exchanger)),
        endpoints=(Endpoint(address, http), Endpoint(address, https)),
        ready=probes.https_answers(address, https, "/cdn-cgi/trace"),
    )


def _at(endpoint: tuple[str, int]) -> str:
    return f"{endpoint[0]}:{endpoint[1]}"


def _service(name: str, *words: tuple[str, ...], endpoints: tuple[Endpoint, ...], ready: probes.Probe) -> Service:
    argv = tuple(word for group in words for word in group)
    return Service(name, (sys.executable, "-m", *argv), endpoints, ready)
