"""One rule of a ruleset: its fields, and what becomes of it when it is written again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lab.cloudflare.actions import PHASES, check_parameters
from lab.cloudflare.errors import ApiError
from lab.cloudflare.expression import check_filter
from lab.cloudflare.plans import Plan
from lab.cloudflare.rate_limit import check_rate_limit
from lab.cloudflare.store import Json, new_id, now

# What a caller may send; version, last_updated and categories come back from those who send what they got.
_FIELDS = frozenset(
    {
        "id",
        "ref",
        "description",
        "expression",
        "action",
        "action_parameters",
        "enabled",
        "logging",
        "ratelimit",
        "exposed_credential_check",
        "position",
        "version",
        "last_updated",
        "categories",
    }
)
_REF = re.compile(r"[\x21-\x7e]{1,64}")
_MAX_DESCRIPTION = 1024
_UNCHANGED = ("id", "version", "last_updated")


def make_rule(body: Json, phase: str, plan: Plan, pointer: str) -> Json:
    """A rule without its id, version and time. Raises :class:`ApiError` with ``pointer`` before the field's name."""
    if unknown := sorted(body.keys() - _FIELDS):
        raise _wrong(20120, f"unknown field {unknown[0]!r}", f"{pointer}/{unknown[0]}")
    action = _action(body, phase, plan, pointer)
    rule: Json = {
        "action": action,
        "expression": check_filter(body.get("expression"), plan, "expression", f"{pointer}/expression"),
        "description": _description(body, pointer),
        "enabled": _flag(body, "enabled", pointer),
    }
    if body.get("ref"):
        rule["ref"] = _ref(body["ref"], f"{pointer}/ref")
    parameters = check_parameters(action, body.get("action_parameters"), phase, plan, f"{pointer}/action_parameters")
    if parameters:
        rule["action_parameters"] = parameters
    if phase == "http_ratelimit" and action != "execute":
        rule["ratelimit"] = check_rate_limit(body.get("ratelimit"), action, plan, f"{pointer}/ratelimit")
    elif body.get("ratelimit") is not None:
        raise _wrong(20120, f"ratelimit is not allowed in the phase {phase}", f"{pointer}/ratelimit")
    _copy_objects(body, rule, pointer)
    return rule


def settle(rule: Json, old: Json | None) -> Json:
    """``rule`` with id, ref, version and time: those of ``old`` if nothing else changed, the next version if it did."""
    if old is None:
        identifier = new_id()
        return {"id": identifier, "version": "1", **rule, "ref": rule.get("ref", identifier), "last_updated": now()}
    fresh = {**rule, "ref": rule.get("ref", old["ref"])}
    if fresh == {key: value for key, value in old.items() if key not in _UNCHANGED}:
        return old
    return {"id": old["id"], "version": str(int(old["version"]) + 1), **fresh, "last_updated": now()}


def find_old(rules: Iterable[Json], body: Json) -> Json | None:
    """The rule that ``body`` is a new form of: the one with its id, else the one with its ref."""
    known = list(rules)
    for key in ("id", "ref"):
        if body.get(key):
            return next((rule for rule in known if rule[key] == body[key]), None)
    return None


def _wrong(code: int, message: str, pointer: str) -> ApiError:
    return ApiError(400, code, message, pointer=pointer)


def _action(body: Json, phase: str, plan: Plan, pointer: str) -> str:
    action = body.get("action")
    place = f"{pointer}/action"
    if not isinstance(action, str) or action not in PHASES[phase]:
        allowed = ", ".join(sorted(PHASES[phase]))
        raise _wrong(20120, f"'{action}' is not a valid value for action: the phase {phase} has {allowed}", place)
    if action == "log" and not plan.log_action:
        raise _wrong(20120, "not entitled to use the action log", place)
    return action


def _description(body: Json, pointer: str) -> str:
    description = body.get("description") or ""
    if not isinstance(description, str) or len(description) > _MAX_DESCRIPTION:
        raise _wrong(20120, f"description must be at most {_MAX_DESCRIPTION} characters", f"{pointer}/description")
    return description


def _flag(body: Json, name: str, pointer: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise _wrong(20120, f"{name} must be true or false", f"{pointer}/{name}")
    return value is not False


def _ref(value: Any, pointer: str) -> str:
    if not isinstance(value, str) or not _REF.fullmatch(value):
        raise _wrong(20120, "ref must be 1 to 64 visible ASCII characters", pointer)
    return value


def _copy_objects(body: Json, rule: Json, pointer: str) -> None:
    for name in ("logging", "exposed_credential_check"):
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, dict):
            raise _wrong(20120, f"{name} must be an object", f"{pointer}/{name}")
        rule[name] = value
