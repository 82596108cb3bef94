"""Access before a request: who has a token passes with an assertion for the origin, all others are sent to log in.

Sources: https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/ and
https://developers.cloudflare.com/cloudflare-one/identity/service-tokens/.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from edge.request import Request
from lab.edge.access import Access, Application, Outcome, ServiceToken, Who
from lab.edge.headers import Pairs
from lab.edge.tokens import ISSUER, Tokens

COOKIE: Final = "CF_Authorization"
ASSERTION: Final = "Cf-Access-Jwt-Assertion"
EMAIL: Final = "Cf-Access-Authenticated-User-Email"
LOGIN: Final = "/cdn-cgi/access/login"
_CLIENT_ID: Final = "CF-Access-Client-Id"
_CLIENT_SECRET: Final = "CF-Access-Client-Secret"  # noqa: S105  (a header's name)


@dataclass(frozen=True)
class Passed:
    """It goes on: header fields for the origin, and for the answer."""

    for_origin: Pairs
    for_client: Pairs


@dataclass(frozen=True)
class Stopped:
    """It ends here: with a redirection to ``location``, or with 403 where there is none."""

    location: str
    for_client: Pairs


def admit(access: Access, tokens: Tokens, request: web.BaseRequest, seen: Request) -> Passed | Stopped:
    """What Access says to a request whose normalised and rewritten form is ``seen``."""
    app = access.application(seen.host, seen.path.decode("utf-8", "surrogateescape"))
    if app is None or (app.preflight and _is_preflight(request)):
        return Passed([], [])
    held = request.headers.get("cf-access-token") or request.cookies.get(COOKIE, "")
    claims = (tokens.claims(held, app.aud) if held else None) or {}
    service = _service_token(access, request)
    who = Who(request.remote or "", token=service.id) if service else _holder(access, claims, request)
    outcome = app.outcome(who)
    if outcome is Outcome.OPEN:
        return Passed([], [])
    if outcome is not Outcome.IN:
        return _stopped(app, seen, outcome, is_program=_CLIENT_ID in request.headers)
    if service or not claims:
        # By its secret, or by what is known of everybody, such as an address.
        held = tokens.issue(app.aud, {"common_name": service.client_id if service else "", "sub": ""}, app.seconds)
    return Passed(
        [(ASSERTION, held), *([(EMAIL, who.email)] if who.email else [])],
        [("Set-Cookie", cookie(app, held))] if service or not claims else [],
    )


def cookie(app: Application, token: str) -> str:
    """``Set-Cookie`` of an application's token."""
    flags = ["Secure", *(["HttpOnly"] if app.http_only else [])]
    flags += [f"SameSite={app.same_site.capitalize()}"] if app.same_site else []
    return "; ".join([f"{COOKIE}={token}", "Path=/", f"Max-Age={app.seconds}", *flags])


def _stopped(app: Application, seen: Request, outcome: Outcome, *, is_program: bool) -> Stopped:
    named = [("CF-Access-Aud", app.aud), ("CF-Access-Domain", app.domain)]
    if outcome is Outcome.REFUSED or is_program:
        return Stopped("", named)
    query = urlencode({"kid": app.aud, "redirect_url": seen.target})
    return Stopped(f"{ISSUER}{LOGIN}/{seen.host}?{query}", named)


def _service_token(access: Access, request: web.BaseRequest) -> ServiceToken | None:
    found = access.tokens.get(request.headers.get(_CLIENT_ID, ""))
    proven = found and found.is_proven_by(request.headers.get(_CLIENT_SECRET, ""), time.time())
    return found if proven else None


def _holder(access: Access, claims: Mapping[str, Any], request: web.BaseRequest) -> Who:
    """Whoever a token was given to: a service token that is gone, or has ended, is nobody's."""
    service = access.tokens.get(str(claims.get("common_name", "")))
    token = service.id if service and service.holds(time.time()) else ""
    return Who(request.remote or "", str(claims.get("email", "")), token)


def _is_preflight(request: web.BaseRequest) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
