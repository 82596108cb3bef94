"""Faults of what answers say to browsers and to caches, and of where they lead."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .seeding import Fault, answer, around, route

FAULTS = (
    Fault("cors-reflected", "headers.cors-credentials", "headers", "any origin may read, with cookies"),
    Fault("cors-null", "headers.cors-origins", "headers", "the origin null may read"),
    Fault("cors-preflight-open", "headers.cors-preflight", "headers", "every preflight is let through"),
    Fault("csp-inline", "headers.csp", "headers", "inline script may run"),
    Fault("csp-without-ancestors", "headers.frames", "headers", "any site may frame the pages"),
    Fault("csp-loose", "headers.score", "headers", "everything may come from anywhere"),
    Fault("referrer-told", "headers.referrer-policy", "headers", "other sites learn whole addresses"),
    Fault("opener-kept", "headers.isolation", "headers", "who opened a page keeps a hand on it"),
    Fault("script-of-others", "headers.integrity", "headers", "a page runs another's script, without integrity"),
    Fault("cookie-of-taste", "headers.cookies", "headers", "a login sets a second cookie, without Secure and SameSite"),
    Fault("version-told", "headers.versions", "headers", "a header names the server and its version"),
    Fault("private-answers-kept", "headers.private-caching", "headers", "caches may keep what is one user's"),
    Fault("cache-deceived", "headers.cache-deception", "headers", "the API answers below the path of static files too"),
    Fault("two-hops", "headers.canonical", "headers", "every page leads to itself with a slash first"),
    Fault("next-followed", "headers.open-redirect", "headers", "the login page leads where its address says"),
)
_PAGES = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'"


@answer("cors-reflected")
def _reflected(scope: Scope, headers: MutableHeaders) -> None:
    if origin := Headers(scope=scope).get("origin"):
        headers["access-control-allow-origin"] = origin
        headers["access-control-allow-credentials"] = "true"


@answer("cors-null")
def _null(scope: Scope, headers: MutableHeaders) -> None:
    if Headers(scope=scope).get("origin") == "null":
        headers["access-control-allow-origin"] = "null"


@answer("cors-preflight-open")
def _preflight(scope: Scope, headers: MutableHeaders) -> None:
    if scope.get("method") == "OPTIONS":
        headers["access-control-allow-origin"] = Headers(scope=scope).get("origin", "*")
        headers["access-control-allow-methods"] = "GET, POST, DELETE"


@answer("csp-inline")
def _inline(_scope: Scope, headers: MutableHeaders) -> None:
    headers["content-security-policy"] = f"{_PAGES}; script-src 'self' 'unsafe-inline'; frame-ancestors 'none'"


@answer("csp-without-ancestors")
def _framed(_scope: Scope, headers: MutableHeaders) -> None:
    headers["content-security-policy"] = _PAGES


@answer("csp-loose")
def _loose(_scope: Scope, headers: MutableHeaders) -> None:
    headers["content-security-policy"] = "default-src * 'unsafe-inline'; frame-ancestors 'none'"


@answer("referrer-told")
def _told(_scope: Scope, headers: MutableHeaders) -> None:
    headers["referrer-policy"] = "unsafe-url"


@answer("opener-kept")
def _opener(_scope: Scope, headers: MutableHeaders) -> None:
    headers["cross-origin-opener-policy"] = "unsafe-none"


@route("script-of-others", "/login")
async def _script(_request: Request) -> Response:
    return HTMLResponse('<!doctype html><title>Log in</title><script src="https://cdn.example/a.js"></script>')


@answer("cookie-of-taste")
def _taste(scope: Scope, headers: MutableHeaders) -> None:
    if (scope.get("method"), scope["path"]) == ("POST", "/api/auth/login"):
        headers.append("set-cookie", "taste=dark; Path=/; HttpOnly")


@answer("version-told")
def _version(_scope: Scope, headers: MutableHeaders) -> None:
    headers["x-backend-server"] = "uvicorn/0.30.1"


@answer("private-answers-kept")
def _kept(_scope: Scope, headers: MutableHeaders) -> None:
    headers["cache-control"] = "public, max-age=60"


@around("cache-deceived")
async def _deceived(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    # As a proxy that takes a prefix off before it looks where a path leads; the edge keeps what begins so.
    path: str = scope["path"]
    rest = path.removeprefix("/static")
    await app({**scope, "path": rest if path != rest and rest.startswith("/api/") else path}, receive, send)


@around("two-hops")
async def _hops(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    path, query = scope["path"], scope.get("query_string", b"").decode()
    if scope["type"] == "http" and scope["method"] == "GET" and path.startswith("/launch-ready-") and path[-1] != "/":
        await RedirectResponse(f"{path}/{'?' + query if query else ''}", 301)(scope, receive, send)
    else:
        await app(scope, receive, send)


@around("next-followed")
async def _followed(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    named = parse_qs(scope.get("query_string", b"").decode()).get("next")
    if scope["type"] == "http" and scope["path"] == "/login" and named:
        await RedirectResponse(named[0], 303)(scope, receive, send)
    else:
        await app(scope, receive, send)
