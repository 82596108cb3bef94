"""Rulesets of a zone: ``/zones/{zone_id}/rulesets``. A zone has one entry point a phase and no other rulesets.

Source: https://developers.cloudflare.com/ruleset-engine/rulesets-api/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

from lab.cloudflare.actions import PHASES
from lab.cloudflare.context import ID, ZONE, changing, found, json_object, state_of, whole, zone_in
from lab.cloudflare.envelope import success
from lab.cloudflare.errors import ApiError
from lab.cloudflare.plans import plan_named
from lab.cloudflare.rule import find_old, make_rule, settle
from lab.cloudflare.store import Json, new_id, now

routes = web.RouteTableDef()

_RULESETS = f"{ZONE}/rulesets"
_RULESET = f"{_RULESETS}/{{ruleset_id:{ID}}}"
_RULES = f"{_RULESET}/rules"
_RULE = f"{_RULES}/{{rule_id:{ID}}}"
_ENTRY_POINT = f"{_RULESETS}/phases/{{phase}}/entrypoint"
_MAX_TEXT = 1024


@routes.get(_RULESETS)
async def list_rulesets(request: web.Request) -> web.Response:
    """All rulesets, without their rules."""
    zone = zone_in(state_of(request), request)
    views = [{key: value for key, value in one.items() if key != "rules"} for one in zone["rulesets"]]
    return success(views, {"count": len(views), "per_page": max(1, len(views))})


@routes.post(_RULESETS)
async def create_ruleset(request: web.Request) -> web.Response:
    """Make the entry point of a phase that has none."""
    body = await json_object(request)
    with changing(request) as state:
        zone = zone_in(state, request)
        phase = _phase(body.get("phase"))
        _check_kind(zone, body.get("kind"), phase)
        ruleset = _new(phase)
        _write(zone, ruleset, {"rules": [], **body})
        zone["rulesets"].append(ruleset)
    return success(ruleset)


@routes.get(_RULESET)
async def get_ruleset(request: web.Request) -> web.Response:
    """One ruleset with its rules."""
    zone = zone_in(state_of(request), request)
    return success(_ruleset(zone, request))


@routes.put(_RULESET)
async def put_ruleset(request: web.Request) -> web.Response:
    """Replace a ruleset's rules, and its name and description if given."""
    body = await json_object(request)
    return _change(request, lambda zone, ruleset: _write(zone, ruleset, body))


@routes.delete(_RULESET)
async def delete_ruleset(request: web.Request) -> web.Response:
    """Remove a ruleset: 204 without a body."""
    with changing(request) as state:
        zone = zone_in(state, request)
        zone["rulesets"].remove(_ruleset(zone, request))
    return web.Response(status=204)


@routes.get(_ENTRY_POINT)
async def get_entry_point(request: web.Request) -> web.Response:
    """The entry point of a phase."""
    zone = zone_in(state_of(request), request)
    phase = _phase(request.match_info["phase"])
    ruleset = _entry_point(zone, phase)
    if ruleset is None:
        raise ApiError(404, 10003, f"could not find entrypoint ruleset in the {phase} phase")
    return success(ruleset)


@routes.put(_ENTRY_POINT)
async def put_entry_point(request: web.Request) -> web.Response:
    """Replace the rules of a phase's entry point, which is made if there is none."""
    body = await json_object(request)
    phase = _phase(request.match_info["phase"])
    with changing(request) as state:
        zone = zone_in(state, request)
        ruleset = _entry_point(zone, phase)
        if ruleset is None:
            ruleset = _new(phase)
            zone["rulesets"].append(ruleset)
            _write(zone, ruleset, body)
        else:
            _write(zone, ruleset, body)
            _next_version(ruleset)
    return success(ruleset)


@routes.post(_RULES)
async def create_rule(request: web.Request) -> web.Response:
    """Put one rule into a ruleset: last, or where ``position`` says."""
    body = await json_object(request)

    def add(zone: Json, ruleset: Json) -> None:
        rules = ruleset["rules"]
        rule = settle(make_rule(body, ruleset["phase"], plan_named(zone["plan"]), ""), None)
        _check_refs([*rules, rule])
        rules.insert(_place(rules, body, len(rules)), rule)

    return _change(request, add)


@routes.patch(_RULE)
async def edit_rule(request: web.Request) -> web.Response:
    """Replace one rule, move it (``position``), or both: a field that is not given is not kept."""
    body = await json_object(request)

    def edit(zone: Json, ruleset: Json) -> None:
        rules = ruleset["rules"]
        old = _rule(ruleset, request)
        place = rules.index(old)
        rules.remove(old)
        if body.keys() != {"position"}:
            old = settle(make_rule(body, ruleset["phase"], plan_named(zone["plan"]), ""), old)
            _check_refs([*rules, old])
        rules.insert(_place(rules, body, place), old)

    return _change(request, edit)


@routes.delete(_RULE)
async def delete_rule(request: web.Request) -> web.Response:
    """Remove one rule; gives back the ruleset."""
    return _change(request, lambda _zone, ruleset: ruleset["rules"].remove(_rule(ruleset, request)))


def _change(request: web.Request, change: Callable[[Json, Json], None]) -> web.Response:
    with changing(request) as state:
        zone = zone_in(state, request)
        ruleset = _ruleset(zone, request)
        change(zone, ruleset)
        _check_count(zone, ruleset)
        _next_version(ruleset)
    return success(ruleset)


def _next_version(ruleset: Json) -> None:
    ruleset["version"] = str(int(ruleset["version"]) + 1)
    ruleset["last_updated"] = now()


def _new(phase: str) -> Json:
    return {
        "id": new_id(),
        "name": "default",
        "description": "",
        "kind": "zone",
        "version": "1",
        "last_updated": now(),
        "phase": phase,
        "rules": [],
    }


def _write(zone: Json, ruleset: Json, body: Json) -> None:
    """Put name, description and rules of ``body`` into ``ruleset``; a rule keeps its id by its id or ref."""
    for name in ("name", "description"):
        if name in body:
            ruleset[name] = _text(body[name], name)
    for name in ("kind", "phase"):
        if body.get(name, ruleset[name]) != ruleset[name]:
            raise ApiError(400, 20120, f"{name} of a ruleset cannot be changed", pointer=f"/{name}")
    bodies = body.get("rules", [])
    if not isinstance(bodies, list) or not all(isinstance(item, dict) for item in bodies):
        raise ApiError(400, 20120, "rules must be an array of objects", pointer="/rules")
    plan = plan_named(zone["plan"])
    made = [make_rule(item, ruleset["phase"], plan, f"/rules/{index}") for index, item in enumerate(bodies)]
    rules = [settle(rule, find_old(ruleset["rules"], item)) for rule, item in zip(made, bodies, strict=True)]
    _check_refs(rules)
    ruleset["rules"] = rules
    _check_count(zone, ruleset)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ApiError(400, 20120, f"{name} must be at most {_MAX_TEXT} characters", pointer=f"/{name}")
    return value


def _check_refs(rules: list[Json]) -> None:
    for key in ("ref", "id"):
        ((most, count),) = Counter(rule[key] for rule in rules).most_common(1) or [("", 0)]
        if count > 1:
            raise ApiError(400, 20120, f"{key} '{most}' is there more than once", pointer="/rules")


def _check_count(zone: Json, ruleset: Json) -> None:
    most = plan_named(zone["plan"]).rules_in(ruleset["phase"])
    count = len(ruleset["rules"])
    if count > most:
        message = f"exceeded the maximum number of rules in the phase {ruleset['phase']}: {count} out of {most}"
        raise ApiError(400, 50001, message, pointer="/rules")


def _phase(value: object) -> str:
    if not isinstance(value, str) or value not in PHASES:
        raise ApiError(400, 20120, f"'{value}' is not a valid value for phase of a zone", pointer="/phase")
    return value


def _check_kind(zone: Json, kind: object, phase: str) -> None:
    if kind != "zone":
        raise ApiError(400, 20217, f"'{kind}' is not a valid value for kind: a zone has kind zone", pointer="/kind")
    if _entry_point(zone, phase) is not None:
        reason = f"exceeded maximum number of zone rulesets for phase {phase}"
        raise ApiError(400, 20217, f"'zone' is not a valid value for kind because {reason}", pointer="/kind")


def _entry_point(zone: Json, phase: str) -> Json | None:
    return next((one for one in zone["rulesets"] if one["phase"] == phase), None)


def _ruleset(zone: Json, request: web.Request) -> Json:
    identifier = request.match_info["ruleset_id"]
    return found(zone["rulesets"], identifier, ApiError(404, 10001, f"could not find ruleset {identifier}"))


def _rule(ruleset: Json, request: web.Request) -> Json:
    identifier = request.match_info["rule_id"]
    return found(ruleset["rules"], identifier, ApiError(404, 10002, f"could not find rule {identifier}"))


def _place(rules: list[Json], body: Json, otherwise: int) -> int:
    """Where ``position`` puts a rule: ``{"index": n}`` (from 1), ``{"before": id}`` or ``{"after": id}``."""
    position: Any = body.get("position")
    if position is None:
        return otherwise
    if isinstance(position, dict) and len(position) == 1:
        identifiers = [rule["id"] for rule in rules]
        ((how, where),) = position.items()
        index = whole(where)
        if how == "index" and index is not None and 1 <= index <= len(rules) + 1:
            return index - 1
        if how == "before" and where in identifiers:
            return identifiers.index(where)
        if how == "after" and where in identifiers:
            return identifiers.index(where) + 1
    raise ApiError(
        400, 20120, "position must be one of index, before and after, and within the rules", pointer="/position"
    )
