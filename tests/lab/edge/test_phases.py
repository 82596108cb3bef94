"""Redirects, rewrites, header rules and the cache, as they are declared, in every answer of the edge."""

from __future__ import annotations

import ssl
from typing import Any

from aiohttp import web

REDIRECT = "http_request_dynamic_redirect"
REWRITE = "http_request_transform"
ORIGIN = "http_request_origin"
REQUEST_HEADERS = "http_request_late_transform"
RESPONSE_HEADERS = "http_response_headers_transform"
CACHE = "http_request_cache_settings"


def rule(expression: str, action: str, **parameters: Any) -> dict[str, Any]:
    return {"id": "id", "ref": action, "expression": expression, "action": action, "action_parameters": parameters}


async def test_a_redirect_rule_answers_by_itself(client: Any, edge: Any) -> None:
    target = {"expression": 'concat("https://www.community.test", http.request.uri.path)'}
    to = {"target_url": target, "status_code": 308, "preserve_query_string": True}
    edge.declare(more={REDIRECT: [rule('http.request.uri.path wildcard "/old/*"', "redirect", from_value=to)]})
    async with client.get("/old/page?a=b") as answer:
        assert answer.status == 308
        assert answer.headers["Location"] == "https://www.community.test/old/page?a=b"


async def test_rewrites_change_what_the_origin_gets(client: Any, edge: Any, serve: Any) -> None:
    seen: list[tuple[str, str, str, str]] = []

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        got = request.headers
        seen.append((request.path_qs, got["Host"], got.get("X-Zone", ""), got.get("X-Secret", "")))
        return web.Response()

    # Another host header is another server name in TLS too.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*edge.pki.origin_certificate("inner", ("inner.community.test",)))
    await serve(origin, tls=context)
    path = {"expression": 'regex_replace(http.request.uri.path, "^/old/", "/new/")'}
    headers = {"X-Zone": {"operation": "set", "value": "ours"}, "X-Secret": {"operation": "remove"}}
    edge.declare(
        more={
            REWRITE: [rule('starts_with(http.request.uri.path, "/old/")', "rewrite", uri={"path": path})],
            ORIGIN: [rule("true", "route", host_header="inner.community.test")],
            REQUEST_HEADERS: [rule("true", "rewrite", headers=headers)],
        },
        custom=[rule('http.request.uri.path eq "/new/blocked"', "block")],
    )
    async with client.get("/old/a?b=c", headers={"X-Secret": "mine"}) as passed, client.get("/old/blocked") as blocked:
        assert (passed.status, blocked.status) == (200, 403)
    assert seen == [("/new/a?b=c", "inner.community.test", "ours", "")]


async def test_header_rules_have_the_last_word_on_an_answer(client: Any, edge: Any, serve: Any) -> None:
    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        status = 404 if request.path == "/none" else 200
        return web.Response(status=status, headers={"X-Powered-By": "app", "Referrer-Policy": "unsafe-url"})

    await serve(origin)
    headers = {
        "Referrer-Policy": {"operation": "set", "value": "no-referrer"},
        "X-Powered-By": {"operation": "remove"},
        "X-Path": {"operation": "add", "expression": "http.request.uri.path"},
    }
    missing = {"X-Missing": {"operation": "set", "value": "yes"}}
    edge.declare(
        more={
            RESPONSE_HEADERS: [
                rule("true", "rewrite", headers=headers),
                rule("http.response.code eq 404", "rewrite", headers=missing),
            ]
        }
    )
    async with client.get("/a") as answer, client.get("/none") as none:
        assert answer.headers.getall("Referrer-Policy") == ["no-referrer"]
        assert "X-Powered-By" not in answer.headers
        assert answer.headers["X-Path"] == "/a"
        assert "X-Missing" not in answer.headers
        assert none.headers["X-Missing"] == "yes"


async def test_the_cache_answers_until_it_is_purged(client: Any, edge: Any, serve: Any) -> None:
    asked: list[str] = []

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.path_qs)
        if request.path == "/mine.css":
            return web.Response(text="mine", headers={"Set-Cookie": "a=b"})
        return web.Response(text=f"{len(asked)}", headers={"ETag": '"one"', "Cache-Control": "max-age=60"})

    async def get(path: str, **more: Any) -> tuple[str, str]:
        async with client.get(path, **more) as answer:
            return answer.headers["CF-Cache-Status"], await answer.text()

    await serve(origin)
    rules = [
        rule('starts_with(http.request.uri.path, "/news")', "set_cache_settings", cache=True),
        rule('http.request.uri.path eq "/never.css"', "set_cache_settings", cache=False),
    ]
    edge.declare(more={CACHE: rules})
    assert await get("/site.css") == ("MISS", "1")
    assert await get("/site.css") == ("HIT", "1")
    assert await get("/news") == ("MISS", "2")
    assert await get("/news") == ("HIT", "2")
    assert await get("/news", headers={"If-None-Match": '"one"'}) == ("HIT", "")
    assert await get("/never.css") == ("BYPASS", "3")
    assert await get("/page") == ("DYNAMIC", "4")
    assert [(await get("/mine.css"))[0] for _ in range(2)] == ["MISS", "MISS"]
    purge = {"id": "1", "purged_on": "now", "everything": False, "files": ["https://app.community.test/news"]}
    edge.declare(more={CACHE: rules}, purges=[purge])
    assert (await get("/news"))[0] == "MISS"
    assert (await get("/site.css")) == ("HIT", "1")
