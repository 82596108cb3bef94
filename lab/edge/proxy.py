"""One request through the edge: rules first, then the origin, then the answer; bodies flow both ways as they come."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from core.terminal import clean
from edge.decision import Decision, Undecided
from edge.rate_limit import Counters
from edge.request import Request
from lab.edge import answers, gate, pages, websocket
from lab.edge.balancing import Live
from lab.edge.cache import Cache
from lab.edge.headers import Pairs, change, for_client, for_origin, from_edge
from lab.edge.kept import Kept
from lab.edge.origin import OriginError, Origins, Outgoing, answer_body
from lab.edge.route import routed
from lab.edge.sites import Site, Sites
from lab.edge.target import BadTargetError, host_and_target
from lab.edge.team import AUTHORIZED, Team
from lab.edge.tokens import Tokens
from lab.place import TEAM

LOG: Final = logging.getLogger("lab.edge")
UNDECIDED: Final = "Lab-Edge-Undecided"
# No list of leaked credentials and no verified bot is known to the lab: this is what Cloudflare says of all others.
_LAB_KNOWS: Final = dict.fromkeys(
    (
        "cf.bot_management.verified_bot",
        "cf.client.bot",
        "cf.waf.credential_check.password_leaked",
        "cf.waf.credential_check.username_and_password_leaked",
        "cf.waf.credential_check.username_leaked",
        "cf.waf.credential_check.username_password_similar",
    ),
    False,
)
_REFUSED_METHODS: Final = ("CONNECT", "TRACE")


class Edge:
    """The handler of an aiohttp server. Set :attr:`sites` to change what it serves."""

    def __init__(self, origins: Origins, counters: Counters, tokens: Tokens, team: Team) -> None:
        self.sites = Sites({}, ())
        self.live = Live()
        self.cache = Cache(time.monotonic)
        self._origins = origins
        self._counters = counters
        self._tokens, self._team = tokens, team
        self._said: set[str] = set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        ray = f"{secrets.token_hex(8)}-LAB"
        try:
            host, target = host_and_target(request.raw_path, request.headers)
        except BadTargetError as error:
            return answers.text(HTTPStatus.BAD_REQUEST, f"{error}\n", from_edge(ray))
        if request.method in _REFUSED_METHODS:
            return answers.text(HTTPStatus.METHOD_NOT_ALLOWED, "", from_edge(ray))
        seen = _seen(request, host, target)
        path = target.partition("?")[0]
        if path == "/cdn-cgi/trace":
            return answers.text(HTTPStatus.OK, _trace(seen, self.sites.revision), from_edge(ray))
        if path == "/cdn-cgi/access/certs":
            certs = json.dumps(await asyncio.to_thread(self._tokens.certs))
            return answers.answer(HTTPStatus.OK, certs, "application/json", from_edge(ray))
        if host == TEAM and seen.scheme == "https":
            return await self._team.log_in(request, self.sites.access, from_edge(ray))
        site = self.sites.by_host.get(host)
        if site is None:
            return answers.text(HTTPStatus.CONFLICT, pages.error_text(pages.DNS_RESOLUTION_ERROR), from_edge(ray))
        if site.zone.refuses(_tls_version(request)):
            return _cut(request)
        if path == AUTHORIZED and seen.scheme == "https":
            return self._team.authorize(request, host, self.sites.access, from_edge(ray))
        return await self._at_site(request, seen, site, ray)

    async def _at_site(self, request: web.BaseRequest, seen: Request, site: Site, ray: str) -> web.StreamResponse:
        decision = site.zone.policy.decide(seen, self._counters)
        added = [*from_edge(ray), *(site.zone.headers if seen.scheme == "https" else ())]
        self._report(decision, added)
        if decision.action != "pass":
            return answers.decided(decision, seen, ray, added)
        if decision.target is not None:
            seen = seen.rewritten(*_split(decision.target))
        admitted = gate.admit(self.sites.access, self._tokens, request, seen)
        if isinstance(admitted, gate.Stopped):
            return answers.stopped(admitted, seen, ray, added)
        added += admitted.for_client
        outgoing = _outgoing(request, seen, decision, ray)
        outgoing = replace(outgoing, shown=site.zone.shown, headers=[*outgoing.headers, *admitted.for_origin])
        mode = site.zone.ssl_for(decision.config)
        try:
            if websocket.is_websocket(request):
                with routed(request, site, outgoing) as (sent, more):
                    return await websocket.pass_through(request, sent, mode, self._origins, [*added, *more])
            kept = Kept(self.cache, request.method, seen, request.headers, decision.cache)
            if kept.entry is not None:
                head = self._answer_headers(site, seen, kept.entry.status, kept.headers(kept.entry.headers), added)
                return await kept.send(request, kept.entry, head)
            with routed(request, site, outgoing) as (sent, more):
                async with await self._origins.send(sent, mode) as answer:
                    self._count_answer(site, seen, answer.status)
                    found = kept.headers(answer.headers)
                    head = self._answer_headers(site, seen, answer.status, found, [*added, *more])
                    return await _relay(request, answer, head, kept)
        except OriginError as error:
            LOG.warning("%s %s: %d, %s", ray, clean(seen.host), error.code, clean(str(error)))
            self._count_answer(site, seen, error.code)
            return answers.text(error.code, pages.error_text(error.shown), added)
        except ConnectionError:
            # The client left.
            return _cut(request)

    def _answer_headers(
        self, site: Site, seen: Request, status: int, headers: CIMultiDict[str], added: Pairs
    ) -> CIMultiDict[str]:
        """The header fields for the client, after the zone's response header rules."""
        made = for_client(CIMultiDictProxy(headers), added)
        if site.zone.policy.changes_answers():
            known = {name.lower(): headers.getall(name) for name in headers}
            asked = seen.knowing({"http.response.code": status, "http.response.headers": known})
            changes, undecided = site.zone.policy.on_response(asked)
            change(made, changes)
            self._complain(undecided)
        return made

    def _report(self, decision: Decision, added: Pairs) -> None:
        """What could not be decided goes into the log, once, and into the answer."""
        if decision.undecided:
            added.append((UNDECIDED, clean(", ".join(one.rule for one in decision.undecided))))
        self._complain(decision.undecided)
        for rule in decision.logged:
            LOG.info("rule %s matched and logs", clean(rule))

    def _complain(self, undecided: Sequence[Undecided]) -> None:
        for said in (str(one) for one in undecided):
            if said not in self._said:
                self._said.add(said)
                LOG.warning("%s", clean(said))

    def _count_answer(self, site: Site, seen: Request, status: int) -> None:
        policy = site.zone.policy
        if policy.counts_answers():
            policy.answered(seen.knowing({"http.response.code": status}), self._counters)


def _outgoing(request: web.BaseRequest, seen: Request, decision: Decision, ray: str) -> Outgoing:
    """What goes to the origin, after rewrites and with the host of an origin rule."""
    headers = CIMultiDict(
        for_origin(request.headers, client=str(seen.given["ip.src"]), scheme=seen.scheme, ray=ray, host=_host(decision))
    )
    change(headers, decision.request_headers)
    return Outgoing(
        request.method,
        decision.target or seen.target,
        _host(decision) or seen.host,
        list(headers.items()),
        (lambda: _body(request)) if request.body_exists else None,
    )


def _host(decision: Decision) -> str | None:
    host = decision.origin.get("host_header")
    return host if isinstance(host, str) and host else None


def _split(target: str) -> tuple[bytes, bytes]:
    path, _, query = target.encode().partition(b"?")
    return path, query


def _cut(request: web.BaseRequest) -> web.Response:
    """End the client's connection, so that it sees that there is no answer, or not all of it."""
    if request.transport:
        request.transport.abort()
    # aiohttp wants an answer, which goes nowhere.
    return web.Response()


def _seen(request: web.BaseRequest, host: str, target: str) -> Request:
    """The request as the rules see it. Its body is not waited for, and so not known."""
    tls = _tls_version(request)
    transport = request.transport
    local = transport.get_extra_info("sockname") if transport else None
    fields: dict[str, Any] = {
        "ip.src": request.remote or "127.0.0.1",
        "http.request.version": f"HTTP/{request.version.major}.{request.version.minor}",
        "cf.tls_version": tls,
        "cf.edge.server_port": local[1] if local else None,
    }
    fields |= _LAB_KNOWS
    return Request(
        method=request.method,
        url=f"{'https' if tls else 'http'}://{host}{target}",
        headers=tuple(request.headers.items()),
        fields={name: value for name, value in fields.items() if value is not None},
        at=time.time(),
    )


def _tls_version(request: web.BaseRequest) -> str | None:
    """As OpenSSL names it; None without TLS."""
    tls = request.transport.get_extra_info("ssl_object") if request.transport else None
    return tls.version() if tls else None


def _trace(seen: Request, revision: int) -> str:
    tls, version = seen.given.get("cf.tls_version"), seen.given["http.request.version"]
    return pages.trace(
        seen.host,
        {
            "ip": str(seen.given["ip.src"]),
            "ts": f"{seen.at:.3f}",
            "visit_scheme": seen.scheme,
            "uag": seen.header(b"user-agent").decode("utf-8", "replace"),
            "colo": "LAB",
            "http": bytes(version).decode().lower(),
            "loc": "XX",
            "tls": bytes(tls).decode() if tls else "off",
            # Not one of Cloudflare's: how far the edge has followed the API.
            "lab_revision": str(revision),
        },
    )


async def _body(request: web.BaseRequest) -> AsyncIterator[bytes]:
    """The client's body, as it comes. A client that waits to be asked for it (RFC 9110 section 10.1.1) is asked."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    async for chunk in request.content.iter_any():
        yield chunk


async def _relay(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, headers: CIMultiDict[str], kept: Kept
) -> web.StreamResponse:
    """The origin's answer, as it comes. If it ends too early the client's connection ends too, so that it can tell."""
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    keeping = kept.begin(answer.status, answer.headers)
    try:
        await response.prepare(request)
        async for chunk in answer_body(answer):
            keeping.add(chunk)
            await response.write(chunk)
    except ConnectionError:
        # The client left: the origin sees at once that its stream has no reader, not after TLS's goodbye (30 s).
        if answer.connection is not None and answer.connection.transport is not None:
            answer.connection.transport.abort()
        raise
    except OriginError as error:
        LOG.warning("%s: the answer broke off: %s", clean(request.host), clean(str(error)))
        return _cut(request)
    keeping.end()
    await response.write_eof()
    return response
