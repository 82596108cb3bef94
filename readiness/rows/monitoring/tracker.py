"""An error is made to happen, and looked for in the error tracker: that it is there, and what is in it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

from core.settings.calls import Call
from core.site import Arrival, Reply, Visitor
from readiness import calls
from readiness.check import Result, Said, failed, held, passed, unknown
from readiness.people import Person
from readiness.rows.monitoring import checks
from readiness.rows.monitoring.canaries import Canary, make, spellings
from readiness.target import Target

WAIT_SECONDS = 12.0
"""How long an event may take to be seen."""
_BEYOND_THE_EDGE = (401, 403, 404)
"""What the edge (Access, the firewall) or the platform answers to whom it does not let through."""


def tracked(target: Target) -> Iterator[Result]:
    """Have an administrator ask for an error, with secrets in the request, and look for its event."""
    call = target.settings.readiness.calls.test_error
    if call is None:
        why = "the platform has no call that makes an error happen: give launch-ready:readiness.calls.test_error"
        yield unknown(checks.TRACKED, why)
        yield unknown(checks.SCRUBBED, why)
        return
    admin = target.people.admin()
    marker = f"check-{secrets.token_hex(6)}"
    canaries = {canary.kind: canary for canary in make()}
    for canary in canaries.values():
        target.redactor.learn(canary.value, *canary.cores)
    reply, by = _asked(target, admin, call, marker, canaries)
    said = Said("What the platform answered", f"{call.method} {call.path} {by}: {reply.status}\n{reply.text[:400]}")
    if reply.status < 500:
        why = f"{call.method} {call.path} {by} answers {reply.status or reply.reason}, and not 500: no error happened"
        yield unknown(checks.TRACKED, why, said)
        yield unknown(checks.SCRUBBED, why, said)
        return
    if target.errors is None:
        why = "the error happened, and nobody here can see the error tracker: look there for " + marker
        yield unknown(checks.TRACKED, why, said)
        yield unknown(checks.SCRUBBED, why, said)
        return
    found = target.errors.wait("/", contains=marker, seconds=WAIT_SECONDS)
    if not found:
        yield failed(checks.TRACKED, f"no event with {marker} came to the error tracker in {WAIT_SECONDS:g} s", said)
        yield unknown(checks.SCRUBBED, "there is no event to look into")
        return
    event = found[0]
    shown = Said(f"The event, at {event.path}, {event.at}", event.body[:3000])
    yield passed(checks.TRACKED, f"the event of a test error, marked {marker}, came to {event.path}", said, shown)
    yield held(checks.SCRUBBED, list(_too_much(event, canaries)), f"{len(found)} event: no request's secrets", shown)


def _asked(target: Target, admin: Person, call: Call, marker: str, canaries: dict[str, Canary]) -> tuple[Reply, str]:
    """Ask as a visitor; where the edge keeps visitors out of the administrators' routes, ask the host itself."""
    reply = _made(target, admin.visitor, call, marker, canaries)
    if (reply.status in _BEYOND_THE_EDGE or reply.at_access) and target.behind_edge is not None:
        behind = target.behind_edge()
        for name, value in admin.visitor.cookies.items():
            behind.set_cookie(name, value, target.origin.removeprefix("https://"))
        return _made(target, behind, call, marker, canaries), "past the edge"
    return reply, "through the edge"


def _made(target: Target, visitor: Visitor, call: Call, marker: str, canaries: dict[str, Canary]) -> Reply:
    query = f"token={canaries['query string'].value}"
    path = f"{call.path}{'&' if '?' in call.path else '?'}{query}"
    headers = {
        "Authorization": f"Bearer {canaries['JWT'].value}",
        "X-Api-Key": canaries["API key"].value,
        "Referer": target.url(f"/reset?token={canaries['reset link'].value}"),
    }
    body = {**call.body, "password": canaries["password"].value, "card": canaries["card number"].value}
    # A platform that refuses fields that it does not know is asked without them.
    for fields in (body, call.body):
        asked = call.model_copy(update={"path": path, "body": fields})
        reply = calls.make(visitor, target.origin, asked, {"marker": marker}, headers=headers)
        if reply.status != 422:
            break
    return reply


def _too_much(event: Arrival, canaries: dict[str, Canary]) -> Iterator[str]:
    """What stands in the event that came with the request."""
    lower = event.body.lower()
    for kind, canary in canaries.items():
        if any(one.lower() in lower for one in spellings(canary)):
            yield f"it holds the {kind} of the request"
    for part in _requests(event.body):
        headers = part.get("headers") or {}
        names = {str(name).lower() for name in (headers if isinstance(headers, dict) else dict(headers))}
        for name in sorted(names & {"cookie", "authorization", "x-api-key"}):
            yield f"it has the header {name}"
        for name in ("cookies", "data", "query_string"):
            if part.get(name):
                yield f"it has the request's {name}"


def _requests(body: str) -> Iterator[dict[str, Any]]:
    """The ``request`` of each event in an envelope (Sentry's: JSON by lines) or in a JSON body."""
    for line in [body, *body.splitlines()]:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if not isinstance(found, dict):
            continue
        if isinstance(found.get("request"), dict):
            yield found["request"]
        for entry in found.get("entries") or ():
            # As Sentry's API gives an event back.
            if isinstance(entry, dict) and entry.get("type") == "request" and isinstance(entry.get("data"), dict):
                yield {**entry["data"], "query_string": entry["data"].get("query")}
