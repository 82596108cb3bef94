"""The answers that the edge makes by itself: of a rule, of Access, of an error."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web
from multidict import CIMultiDict

from edge.decision import CHALLENGES, Decision
from edge.request import Request
from lab.edge import gate, pages
from lab.edge.headers import Pairs


def decided(decision: Decision, seen: Request, ray: str, added: Pairs) -> web.Response:
    """The answer of a rule."""
    if decision.action == "redirect":
        return text(decision.status, "", [*added, ("Location", decision.location)])
    if decision.retry_after is not None:
        added = [*added, ("Retry-After", str(decision.retry_after))]
    if decision.action in CHALLENGES:
        return html(decision.status, pages.challenged(seen.host, ray), [*added, ("CF-Mitigated", "challenge")])
    if decision.body is not None:
        return answer(decision.status, decision.body, decision.content_type, added)
    if decision.retry_after is not None:
        return text(decision.status, pages.error_text(pages.RATE_LIMITED), added)
    return html(decision.status, pages.blocked(seen.host, ray), added)


def stopped(by: gate.Stopped, seen: Request, ray: str, added: Pairs) -> web.Response:
    """The answer to who is not let through by Access."""
    if by.location:
        return text(HTTPStatus.FOUND, "", [*added, *by.for_client, ("Location", by.location)])
    return html(HTTPStatus.FORBIDDEN, pages.forbidden(seen.host, ray), [*added, *by.for_client])


def text(status: int, body: str, headers: Pairs) -> web.Response:
    """Plain text."""
    return answer(status, body, "text/plain", headers)


def html(status: int, body: str, headers: Pairs) -> web.Response:
    """A page."""
    return answer(status, body, "text/html", headers)


def answer(status: int, body: str, content_type: str, headers: Pairs) -> web.Response:
    """Any text, which nobody may keep."""
    return web.Response(
        status=status,
        reason=pages.reason(status),
        text=body,
        content_type=content_type,
        charset="utf-8",
        headers=CIMultiDict([*headers, ("Cache-Control", "no-store")]),
    )
