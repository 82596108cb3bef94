"""Towards the origin: SSL modes and their 52x, connections kept and chosen, and no request sent twice."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lab.pki import Pki
from lab.place import here

ORIGINS = (here().address(9, 11), here().address(9, 12))
HOST = "app.community.test"


async def hello(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="hello")


def bad_certificate(pki: Pki, folder: Path, flaw: str) -> ssl.SSLContext:
    """A certificate that is right but for one thing."""
    authority = pki.authority("edge" if flaw == "another authority" else "origin")
    names = ["other.test"] if flaw == "another name" else [HOST]
    now = datetime.now(UTC)
    ends = now - timedelta(hours=1) if flaw == "expired" else now + timedelta(days=1)
    certificate, key = authority.issue(names, now - timedelta(days=2), ends)
    file = folder / "bad.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _own_certificate(name: str) -> dict[str, str]:
    """A certificate that signs itself, as an upload of it to the API is kept."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = (
        builder.serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "id": name,
        "certificate": builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(),
        "private_key": key.private_bytes(*form).decode(),
    }


async def test_an_origin_that_wants_the_edges_own_certificate_gets_it_once_pulls_are_on(
    client: Any, edge: Any, serve: Any
) -> None:
    ours, another = _own_certificate("edge of community.test"), _own_certificate("somebody")
    seen: list[Any] = []

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        seen.append(request.transport.get_extra_info("peercert")["subject"])
        return web.Response(text="hello")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*edge.pki.origin_certificate(HOST, [HOST]))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ours["certificate"])
    await serve(origin, tls=context)
    statuses = {}
    for name, pulls in {
        "none": {},
        "off": {"enabled": False, "certificates": [ours]},
        "another": {"enabled": True, "certificates": [ours, another]},
        "on": {"enabled": True, "certificates": [another, ours]},
    }.items():
        edge.declare(pulls=pulls)
        async with client.get("/") as got:
            statuses[name] = got.status
    assert statuses.pop("on") == 200
    assert all(520 <= status <= 526 for status in statuses.values()), statuses
    assert seen == [((("commonName", "edge of community.test"),),)]


async def test_the_origin_gets_the_host_as_server_name_and_who_the_client_is(
    client: Any, edge: Any, serve: Any
) -> None:
    seen: dict[str, Any] = {}

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        seen.update(request.headers, peer=request.transport.get_extra_info("peername")[0])
        return web.Response(text="hello", headers={"Server": "nginx", "X-Release": "1"})

    await serve(origin)
    forged = {"CF-Connecting-IP": "203.0.113.9", "cf-ray": "forged", "X-Forwarded-For": "203.0.113.9", "X-Mine": "1"}
    async with client.get(
        "/", headers=forged | {"Connection": "X-Mine, keep-alive", "X-Forwarded-Proto": "ftp"}
    ) as got:
        assert await got.text() == "hello"
        assert (got.headers["Server"], got.headers["CF-Cache-Status"]) == ("cloudflare", "DYNAMIC")
        assert got.headers["X-Release"] == "1"
        assert seen["CF-Ray"] == got.headers["CF-Ray"] != "forged"
    assert seen["Host"] == f"{HOST}:{edge.https}"
    assert seen["CF-Connecting-IP"].startswith("127.")
    assert seen["X-Forwarded-For"] == f"203.0.113.9, {seen['CF-Connecting-IP']}"
    assert seen["X-Forwarded-Proto"] == "https"
    assert seen["CF-Visitor"] == '{"scheme":"https"}'
    assert seen["peer"] == here().address(9, 2)
    assert not {"X-Mine", "cf-ray"} & set(seen)


@pytest.mark.parametrize("flaw", ["another authority", "another name", "expired"])
async def test_strict_refuses_a_bad_certificate_that_full_takes(
    client: Any, edge: Any, serve: Any, tmp_path: Path, flaw: str
) -> None:
    await serve(hello, tls=bad_certificate(edge.pki, tmp_path, flaw))
    async with client.get("/") as answer:
        assert (answer.status, await answer.text()) == (526, "error code: 526\n")
        assert answer.reason == "Invalid SSL certificate"
        assert "CF-Ray" in answer.headers
    edge.declare(settings={"ssl": "full"})
    async with client.get("/") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("mode", ["flexible", "off"])
async def test_flexible_and_off_speak_http_to_the_origin(client: Any, edge: Any, serve: Any, mode: str) -> None:
    await serve(hello, plain=True)
    edge.declare(settings={"ssl": mode})
    async with client.get("/") as answer:
        assert answer.status == 200


async def test_an_origin_that_speaks_no_tls_is_525(client: Any, serve_raw: Any) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    await serve_raw(plain, tls=False)
    async with client.get("/") as answer:
        assert answer.status == 525


async def test_an_origin_that_refuses_is_521_and_the_next_is_tried_for_any_method(
    client: Any, edge: Any, serve: Any
) -> None:
    async with client.post("/", data=b"x") as answer:
        assert answer.status == 521
    await serve(hello, address=ORIGINS[1])
    edge.declare(origins=ORIGINS)
    for _ in range(4):
        async with client.post("/", data=b"x") as answer:
            assert answer.status == 200


async def test_origins_take_turns(client: Any, edge: Any, serve: Any) -> None:
    for address in ORIGINS:

        async def origin(_: web.BaseRequest, mine: str = address) -> web.StreamResponse:
            return web.Response(text=mine)

        await serve(origin, address=address)
    edge.declare(origins=ORIGINS)
    answers = []
    for _ in range(4):
        async with client.get("/") as answer:
            answers.append(await answer.text())
    assert sorted(answers) == sorted(ORIGINS * 2)


async def test_connections_to_the_origin_are_kept(client: Any, serve: Any) -> None:
    ports = set()

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response(text="hello")

    await serve(origin)
    for _ in range(5):
        async with client.post("/", data=b"x") as answer:
            await answer.read()
    assert len(ports) == 1


@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
@pytest.mark.parametrize("reset", [False, True])
async def test_a_request_whose_answer_is_lost_is_520_and_not_sent_again(
    client: Any, serve_raw: Any, method: str, reset: bool
) -> None:
    requests = 0

    async def answers_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        if reset:
            writer.transport.abort()
        writer.close()

    await serve_raw(answers_once)
    async with client.get("/warm") as answer:
        assert answer.status == 200
    async with client.session.request(method, client.url("/")) as answer:
        assert answer.status == 520
    assert requests == 2


@pytest.mark.parametrize(
    "nonsense", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"]
)
async def test_an_answer_that_is_none_is_520(client: Any, serve_raw: Any, nonsense: bytes) -> None:
    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(nonsense)
        writer.close()

    await serve_raw(origin)
    async with client.get("/") as answer:
        assert answer.status == 520
