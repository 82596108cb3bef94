"""What is declared reaches every request: redirect, HSTS, WAF, rate limits, TLS versions; and a change is followed."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from typing import Any

import pytest
from aiohttp import web


async def hello(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="hello")


def rule(expression: str, action: str = "block", **more: Any) -> dict[str, Any]:
    return {"id": "id", "ref": "the-rule", "expression": expression, "action": action, "enabled": True, **more}


async def test_http_is_sent_to_https(client: Any) -> None:
    async with client.session.get(client.url("/a?b=c", "http"), allow_redirects=False) as answer:
        assert answer.status == 301
        assert answer.headers["Location"] == "https://app.community.test/a?b=c"
        assert "Strict-Transport-Security" not in answer.headers


async def test_hsts_is_in_every_answer_over_https(client: Any, edge: Any, serve: Any) -> None:
    await serve(hello)
    hsts = {"enabled": True, "max_age": 31536000, "include_subdomains": True, "preload": True, "nosniff": True}
    async with client.get("/") as answer:
        assert "Strict-Transport-Security" not in answer.headers
    edge.declare(settings={"security_header": {"strict_transport_security": hsts}})
    async with client.get("/") as answer:
        assert answer.headers.getall("Strict-Transport-Security") == ["max-age=31536000; includeSubDomains; preload"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_blocked_request_never_reaches_the_origin(client: Any, edge: Any, serve: Any) -> None:
    seen: list[str] = []

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.path)
        return web.Response()

    await serve(origin)
    edge.declare(custom=[rule('http.request.uri.path contains "/.env"')])
    for path in ("/.env", "//%2eenv"):
        reader, writer = await client.connect()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: app.community.test\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 403")
        assert b"Sorry, you have been blocked" in answer
        writer.close()
    async with client.get("/ok") as passed:
        assert passed.status == 200
    assert seen == ["/ok"]


async def test_too_many_requests_are_told_when_to_come_back(client: Any, edge: Any, serve: Any) -> None:
    await serve(hello)
    limit = {
        "characteristics": ["cf.colo.id", 'http.request.headers["x-key"]'],
        "period": 60,
        "requests_per_period": 2,
        "mitigation_timeout": 600,
    }
    edge.declare(limits=[rule('http.request.method eq "POST"', ratelimit=limit)])
    statuses = []
    for _ in range(3):
        async with client.post("/login", headers={"X-Key": "a"}) as answer:
            statuses.append(answer.status)
    assert statuses == [200, 200, 429]
    assert answer.headers["Retry-After"] == "600"
    async with client.post("/login", headers={"X-Key": "b"}) as other, client.get("/login") as unmatched:
        assert (other.status, unmatched.status) == (200, 200)


async def test_a_rule_that_cannot_be_decided_is_named_in_the_answer_and_in_the_log(
    client: Any, edge: Any, serve: Any
) -> None:
    await serve(hello)
    edge.declare(custom=[rule('ip.src.country eq "XX"')])
    async with client.get("/") as answer:
        assert answer.status == 200
        assert answer.headers["Lab-Edge-Undecided"] == "the-rule"
    assert "rule the-rule cannot be decided without ip.src.country" in edge.log.read_text()


async def test_a_change_is_followed_on_connections_that_stay_open(client: Any, edge: Any, serve: Any) -> None:
    await serve(hello)
    reader, writer = await client.connect()
    for custom, status in (([], b"200"), ([rule("ssl")], b"403"), ([], b"200")):
        edge.declare(custom=custom)
        writer.write(b"GET / HTTP/1.1\r\nHost: app.community.test\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 " + status)
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()


@pytest.mark.parametrize("damage", ["", "{", '{"revision": 9}', "[]"])
async def test_a_damaged_state_leaves_the_last_good_one(client: Any, edge: Any, serve: Any, damage: str) -> None:
    await serve(hello)
    edge.write(damage)
    await asyncio.sleep(0.4)
    async with client.get("/") as answer:
        assert answer.status == 200
    assert "is damaged at" in edge.log.read_text()


async def test_a_host_that_is_not_proxied_is_an_error_but_trace_answers_everywhere(client: Any) -> None:
    async with client.session.get(client.url("/", "http", "other.community.test")) as answer:
        assert answer.status == 409
        assert await answer.text() == "error code: 1001\n"
    async with client.session.get(client.url("/cdn-cgi/trace", "http", "any.example")) as answer:
        assert "h=any.example\n" in await answer.text()


def speaking(client: Any, version: ssl.TLSVersion) -> ssl.SSLContext:
    context: ssl.SSLContext = client.tls()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize(
    ("settings", "version", "refused"),
    [
        ({"min_tls_version": "1.2"}, ssl.TLSVersion.TLSv1_1, True),
        ({"min_tls_version": "1.2"}, ssl.TLSVersion.TLSv1_2, False),
        ({"min_tls_version": "1.2"}, ssl.TLSVersion.TLSv1_3, False),
        ({"min_tls_version": "1.2", "tls_1_3": "off"}, ssl.TLSVersion.TLSv1_3, True),
        ({"min_tls_version": "1.2", "tls_1_3": "off"}, ssl.TLSVersion.TLSv1_2, False),
        ({"min_tls_version": "1.3"}, ssl.TLSVersion.TLSv1_2, True),
        ({"min_tls_version": "1.3"}, ssl.TLSVersion.TLSv1_3, False),
        ({"min_tls_version": "1.0"}, ssl.TLSVersion.TLSv1_1, False),
    ],
)
async def test_tls_versions_are_the_zones(
    client: Any, edge: Any, settings: dict[str, str], version: ssl.TLSVersion, refused: bool
) -> None:
    edge.declare(settings=settings)
    request = b"GET /cdn-cgi/trace HTTP/1.1\r\nHost: app.community.test\r\nConnection: close\r\n\r\n"
    if refused:
        # asyncio closes without sending OpenSSL's alert, so that some clients see a reset alone.
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await client.raw(request, context=speaking(client, version))
    else:
        assert b"200 OK" in await client.raw(request, context=speaking(client, version))


@pytest.mark.parametrize(
    ("ciphers", "offered", "refused"),
    [
        ([], "ECDHE-ECDSA-AES128-SHA", True),
        ([], "ECDHE-ECDSA-AES128-GCM-SHA256", False),
        (["ECDHE-ECDSA-AES128-SHA"], "ECDHE-ECDSA-AES128-SHA", False),
        (["ECDHE-ECDSA-AES128-SHA"], "ECDHE-ECDSA-AES128-GCM-SHA256", True),
    ],
)
async def test_ciphers_of_tls_1_2_are_the_zones(
    client: Any, edge: Any, ciphers: list[str], offered: str, refused: bool
) -> None:
    edge.declare(settings={"ciphers": ciphers})
    context = speaking(client, ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(offered)
    request = b"GET /cdn-cgi/trace HTTP/1.1\r\nHost: app.community.test\r\nConnection: close\r\n\r\n"
    if refused:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await client.raw(request, context=context)
    else:
        assert b"200 OK" in await client.raw(request, context=context)


async def test_ciphers_that_nobody_knows_leave_the_last_good_state(client: Any, edge: Any, serve: Any) -> None:
    await serve(hello)
    with pytest.raises(AssertionError):
        edge.declare(settings={"ciphers": ["ROT13"]})
    async with client.get("/") as answer:
        assert answer.status == 200
    assert "zone community.test: OpenSSL knows none of the ciphers ROT13" in edge.log.read_text()


async def test_a_zone_that_wants_more_than_another_cuts_old_connections(client: Any, edge: Any, serve: Any) -> None:
    await serve(hello)
    edge.declare(settings={"min_tls_version": "1.3"}, other_settings={"min_tls_version": "1.2"})
    request = b"GET / HTTP/1.1\r\nHost: app.community.test\r\nConnection: close\r\n\r\n"
    try:
        answered = await client.raw(request, context=speaking(client, ssl.TLSVersion.TLSv1_2))
    except ConnectionError:
        answered = b""
    assert answered == b""
    assert b"200 OK" in await client.raw(request, context=speaking(client, ssl.TLSVersion.TLSv1_3))
