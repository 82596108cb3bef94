"""The lab's certificates: real TLS handshakes in memory decide whether they are right."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from core.errors import LabError
from lab import pki as module
from lab.pki import Pki


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path / "pki")


def handshake(pair: tuple[Path, Path], ca: Path, name: str) -> None:
    """A TLS handshake between a server with ``pair`` and a client that trusts ``ca`` and asks for ``name``."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(*pair)
    client_context = ssl.create_default_context(cafile=str(ca))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.version() == "TLSv1.3"


@pytest.mark.parametrize("name", ["community.test", "app.community.test"])
def test_the_edge_answers_for_a_zone_and_its_names(pki: Pki, name: str) -> None:
    handshake(pki.edge_certificate("community.test"), pki.edge_ca_file, name)


def test_an_origin_answers_for_names_and_addresses(pki: Pki) -> None:
    pair = pki.origin_certificate("web-1", ["app.community.test", "127.77.1.1"])
    handshake(pair, pki.origin_ca_file, "app.community.test")
    handshake(pair, pki.origin_ca_file, "127.77.1.1")


def test_neither_authority_is_trusted_for_the_other(pki: Pki) -> None:
    pair = pki.origin_certificate("web-1", ["app.community.test"])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(pair, pki.edge_ca_file, "app.community.test")


def test_another_name_is_refused(pki: Pki) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(pki.origin_certificate("web-1", ["other.test"]), pki.origin_ca_file, "app.community.test")


def test_an_expired_certificate_can_be_had_and_is_refused(pki: Pki, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    made = pki.authority("origin").issue(["app.community.test"], now - timedelta(days=9), now - timedelta(days=1))
    module.write(tmp_path / "expired.pem", *made)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        handshake((tmp_path / "expired.pem", tmp_path / "expired.key"), pki.origin_ca_file, "app.community.test")


def test_asking_again_gives_the_same(pki: Pki) -> None:
    first = pki.edge_certificate("community.test")[0].read_bytes()
    assert Pki(pki.folder).edge_certificate("community.test")[0].read_bytes() == first


def test_other_names_give_another_certificate(pki: Pki) -> None:
    first = pki.origin_certificate("web-1", ["a.test"])[0].read_bytes()
    assert pki.origin_certificate("web-1", ["b.test"])[0].read_bytes() != first


def test_a_key_of_another_certificate_is_replaced_with_it(pki: Pki) -> None:
    certificate, key = pki.origin_certificate("web-1", ["a.test"])
    key.write_bytes(pki.origin_certificate("web-2", ["a.test"])[1].read_bytes())
    handshake(pki.origin_certificate("web-1", ["a.test"]), pki.origin_ca_file, "a.test")
    assert certificate.exists()


def test_a_new_authority_signs_anew(pki: Pki) -> None:
    pki.origin_certificate("web-1", ["a.test"])
    (pki.folder / "origin-ca.key").unlink()
    handshake(pki.origin_certificate("web-1", ["a.test"]), pki.origin_ca_file, "a.test")


def test_keys_are_for_the_owner_alone_and_leaves_are_short_lived(pki: Pki) -> None:
    certificate, key = pki.edge_certificate("community.test")
    assert key.stat().st_mode & 0o777 == 0o600
    assert (pki.folder / "edge-ca.key").stat().st_mode & 0o777 == 0o600
    leaf = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < timedelta(days=90)


def test_many_that_ask_at_once_agree(pki: Pki) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: pki.edge_certificate("community.test")[0].read_bytes(), range(8)))
    assert len(set(made)) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", ".hidden", "A.test"])
def test_a_name_that_could_leave_the_folder_is_refused(pki: Pki, name: str) -> None:
    with pytest.raises(LabError, match="lower-case host name"):
        pki.edge_certificate(name)
