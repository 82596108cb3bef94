"""Trace: which rules of a zone a request would meet. ``POST /accounts/{account_id}/request-tracer/trace``.

Source: https://developers.cloudflare.com/api/resources/request_tracers/subresources/traces/methods/create/
The nesting of steps (a phase, its ruleset, that one's rules) is not published: it follows what the fields say of
themselves. A filter that cannot be told here is shown as not matched.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from aiohttp import web

from edge.request import Request, RequestError
from edge.trace import Step, trace
from lab.cloudflare.context import ACCOUNT, check_account, json_object, state_of
from lab.cloudflare.envelope import success
from lab.cloudflare.errors import ApiError
from lab.cloudflare.store import Json

routes = web.RouteTableDef()

_FIELDS = frozenset({"method", "url", "body", "context", "cookies", "headers", "protocol", "skip_response"})
_GEOLOC = {
    "city": "ip.src.city",
    "continent": "ip.src.continent",
    "is_eu_country": "ip.src.is_in_european_union",
    "iso_code": "ip.src.country",
    "postal_code": "ip.src.postal_code",
    "region_code": "ip.src.region_code",
    "subdivision_2_iso_code": "ip.src.subdivision_2_iso_code",
    "timezone": "ip.src.timezone.name",
}
# What a traced request is where nothing is said of it: one from the lab itself.
_UNSAID: Mapping[str, Any] = {
    "cf.bot_management.score": 99,
    "cf.bot_management.verified_bot": False,
    "cf.client.bot": False,
    "cf.threat_score": 0,
    "cf.waf.credential_check.password_leaked": False,
    "cf.waf.credential_check.username_and_password_leaked": False,
    "cf.waf.credential_check.username_leaked": False,
    "ip.src": "127.0.0.1",
    "ip.src.country": "XX",
}


@routes.post(f"{ACCOUNT}/request-tracer/trace")
async def create_trace(request: web.Request) -> web.Response:
    """Trace one request; nothing is sent to an origin."""
    state = state_of(request)
    check_account(state, request.match_info["account_id"])
    body = await json_object(request)
    traced, skips = _request(body), _mapping(body, "context").get("skip_challenge") is True
    zone = _zone(state, traced.host)
    rulesets = {one["phase"]: one for one in zone["rulesets"] if one["kind"] == "zone"}
    found = trace({phase: one["rules"] for phase, one in rulesets.items()}, traced, skip_challenge=skips)
    steps = [
        _phase(phase, rulesets[phase], list(asked)) for phase, asked in groupby(found.steps, lambda one: one.phase)
    ]
    return success({"status_code": found.status, "trace": steps})


def _phase(phase: str, ruleset: Json, asked: list[Step]) -> Json:
    matched = any(one.truth is True for one in asked)
    inner = {
        "step_name": ruleset["id"],
        "type": "ruleset",
        "name": ruleset["name"],
        "kind": ruleset["kind"],
        "description": ruleset.get("description", ""),
        "matched": matched,
        "trace": [_rule(one) for one in asked],
    }
    return {"step_name": phase, "type": "phase", "matched": matched, "trace": [inner]}


def _rule(step: Step) -> Json:
    rule = step.rule
    shown: Json = {
        "step_name": rule["id"],
        "type": "rule",
        "action": rule["action"],
        "expression": rule["expression"],
        "description": rule.get("description", ""),
        "matched": step.truth is True,
    }
    if rule.get("action_parameters"):
        shown["action_parameters"] = rule["action_parameters"]
    return shown


def _request(body: Json) -> Request:
    if unknown := sorted(body.keys() - _FIELDS):
        raise _wrong(f"unknown field {unknown[0]!r}")
    for name in ("method", "url"):
        if not isinstance(body.get(name), str):
            raise _wrong(f"{name} is required")
    headers = [(str(name), str(value)) for name, value in _mapping(body, "headers").items()]
    cookies = "; ".join(f"{name}={value}" for name, value in _mapping(body, "cookies").items())
    headers += [("Cookie", cookies)] if cookies else []
    try:
        return Request(body["method"], body["url"], headers, _octets(_mapping(body, "body")), _fields(body))
    except RequestError as error:
        raise _wrong(str(error)) from None


def _fields(body: Json) -> dict[str, Any]:
    context = _mapping(body, "context")
    geoloc = _mapping(context, "geoloc")
    said = {_GEOLOC[name]: value for name, value in geoloc.items() if name in _GEOLOC}
    scores = (("bot_score", "cf.bot_management.score"), ("threat_score", "cf.threat_score"))
    said |= {field: context[name] for name, field in scores if name in context}
    return {**_UNSAID, "http.request.version": str(body.get("protocol") or "HTTP/1.1"), **said}


def _octets(body: Json) -> bytes:
    if "base64" in body:
        try:
            return base64.b64decode(str(body["base64"]), validate=True)
        except (binascii.Error, ValueError):
            raise _wrong("body.base64 is no Base64") from None
    if "json" in body:
        return json.dumps(body["json"]).encode()
    return str(body.get("plain_text") or "").encode()


def _mapping(body: Mapping[str, Any], name: str) -> Json:
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise _wrong(f"{name} must be an object")
    return value


def _zone(state: Json, host: str) -> Json:
    fitting = [zone for zone in state["zones"] if host == zone["name"] or host.endswith(f".{zone['name']}")]
    if not fitting:
        raise _wrong(f"the host {host} is in no zone of this account")
    return max(fitting, key=lambda zone: len(zone["name"]))


def _wrong(message: str) -> ApiError:
    return ApiError(400, 1001, message)
