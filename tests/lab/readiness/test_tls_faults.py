"""Faults of TLS in front of the platform: ciphers, a name that no certificate is for, another server than the edge."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID

from lab.pki import Pki, write
from lab.place import here
from readiness.check import Outcome
from readiness.target import Target
from tests.lab.readiness.conftest import Decide, DecideAll, answering, told
from tests.lab.readiness.test_edge_faults import changed

ALLOW_CLIENT_RENEGOTIATION = 1 << 8
"""OpenSSL's SSL_OP_ALLOW_CLIENT_RENEGOTIATION (ssl(7)), which Python has no name for."""
WEAK = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA"]

# What is wrong at once in one scan → the check that must fail, and where.
AT_THE_EDGE = {
    "a cipher without authenticated encryption": ("headers.tls-ciphers", "Cloudflare"),
    "a name two labels deep, of which no certificate is": ("headers.certificates", "stack"),
}
ANOTHER_SERVER = {
    "a server that lets clients renegotiate": "headers.tls-attacks",
    "a certificate with five days left": "headers.certificates",
    "a certificate with OCSP, and nothing stapled": "headers.ocsp",
}


def test_a_weak_cipher_and_a_name_without_a_certificate_are_found(
    target: Target, honest: Decide, decide_all: DecideAll
) -> None:
    meant = {check for check, _ in AT_THE_EDGE.values()}
    assert {check: honest(check).outcome for check in meant} == dict.fromkeys(meant, Outcome.PASS)
    with changed(target, "ciphers", WEAK):
        results = decide_all("headers.tls-ciphers", answering(target, "app", "v1.api"))
    assert {check for check, one in results.items() if one.outcome is Outcome.FAIL} == meant, told(results)
    assert "v1.api.community.test" in results["headers.certificates"].summary


def test_another_server_in_the_edges_place_is_seen_through(
    target: Target, honest: Decide, decide_all: DecideAll, tmp_path: Path
) -> None:
    meant = set(ANOTHER_SERVER.values())
    # No certificate of the lab's edge has OCSP: nothing is to be stapled there.
    clean = {check: honest(check).outcome for check in meant}
    assert clean == {**dict.fromkeys(meant, Outcome.PASS), "headers.ocsp": Outcome.NOT_APPLICABLE}
    with terminator(tmp_path) as port:
        fleet = target.settings.fleet
        assert fleet.edge is not None
        edge = fleet.edge.model_copy(update={"address": here().address(3, 3), "https_port": port})
        one = answering(target, "app")
        moved = replace(one, settings=replace(one.settings, fleet=replace(fleet, edge=edge)))
        results = decide_all("headers.tls-attacks", moved)
    assert {check for check, one in results.items() if one.outcome is Outcome.FAIL} == meant, told(results)
    assert "renegotiation by the client" in results["headers.tls-attacks"].summary


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def terminator(folder: Path) -> Iterator[int]:
    """The port of a server that ends TLS for the site, with all that is wrong with it, until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(folder))
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ALLOW_CLIENT_RENEGOTIATION

    class Ends(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError), context.wrap_socket(self.request, server_side=True) as connection:
                connection.settimeout(10)
                while connection.recv(4096):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with _Server((here().address(3, 3), 0), Ends) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _certificate(folder: Path) -> tuple[Path, Path]:
    """For the site, by the authority that clients trust, with an OCSP server (RFC 6960) and five days left."""
    authority, now = Pki(here().home / "pki").authority("edge"), datetime.now(UTC)
    plain, key = authority.issue(["app.community.test"], now - timedelta(days=1), now + timedelta(days=5))
    asked = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.community.test")
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(plain.subject)
        .issuer_name(plain.issuer)
        .public_key(plain.public_key())
        .serial_number(plain.serial_number)
        .not_valid_before(plain.not_valid_before_utc)
        .not_valid_after(plain.not_valid_after_utc)
        .add_extension(x509.AuthorityInformationAccess([asked]), critical=False)
    )
    for extension in plain.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    write(folder / "other.pem", builder.sign(authority.key, hashes.SHA256()), key)
    return folder / "other.pem", folder / "other.key"
