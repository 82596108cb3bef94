"""The parameters of what a firewall's rule does: ``block``, ``skip`` and ``execute``.

Sources: https://developers.cloudflare.com/waf/custom-rules/skip/options/,
https://developers.cloudflare.com/ruleset-engine/managed-rulesets/override-managed-ruleset/
"""

from __future__ import annotations

import re

from lab.cloudflare.action import CHALLENGES, Check, flag, members, number, objects, one_of, texts, wrong
from lab.cloudflare.context import whole
from lab.cloudflare.plans import Plan
from lab.cloudflare.store import Json

_ID = re.compile(r"[0-9a-f]{32}")
_SKIPS = ("phase", "phases", "products", "rules", "ruleset", "rulesets")
_NOT_TOGETHER = (("ruleset", "rulesets"), ("phases", "rulesets"), ("ruleset", "rules"))
_SKIPPED_PHASES = ("http_ratelimit", "http_request_firewall_managed", "http_request_sbfm")
_PRODUCTS = ("bic", "hot", "rateLimit", "securityLevel", "uaBlock", "waf", "zoneLockdown")
_SENSITIVITIES = ("default", "medium", "low", "eoff")
_OVERRIDING = ("block", "log", *sorted(CHALLENGES))
# Tuples, not sets: what comes in may be a list, which no set can be asked about.
_CONTENT_TYPES = ("application/json", "text/html", "text/plain", "text/xml")


def _block(value: Json, _phase: str, _plan: Plan, pointer: str) -> None:
    response = value.get("response")
    if response is None:
        return
    place = f"{pointer}/response"
    if not isinstance(response, dict):
        raise wrong("response must be an object", place)
    status = whole(response.get("status_code"))
    if status is None or not 400 <= status <= 499:
        raise wrong("status_code must be from 400 to 499", f"{place}/status_code")
    if response.get("content_type") not in _CONTENT_TYPES:
        raise wrong(f"content_type must be one of {', '.join(_CONTENT_TYPES)}", f"{place}/content_type")
    if not isinstance(response.get("content"), str):
        raise wrong("content must be a string", f"{place}/content")


def _skip(value: Json, _phase: str, _plan: Plan, pointer: str) -> None:
    if not value or not value.keys() <= set(_SKIPS):
        raise wrong(f"a skip names what it skips: {', '.join(_SKIPS)}", pointer)
    for one, other in _NOT_TOGETHER:
        if one in value and other in value:
            raise wrong(f"{one} is incompatible with {other}", f"{pointer}/{one}")
    if "phase" in value and value.keys() != {"phase", "products"}:
        raise wrong("phase is compatible with products alone", f"{pointer}/phase")
    for name in ("ruleset", "phase"):
        if value.get(name, "current") != "current":
            raise wrong(f"{name} can only be current", f"{pointer}/{name}")
    for name, allowed in (("phases", _SKIPPED_PHASES), ("products", _PRODUCTS)):
        for item in texts(value[name], f"{pointer}/{name}") if name in value else ():
            one_of(item, allowed, f"{pointer}/{name}")
    _skipped_rules(value, pointer)


def _skipped_rules(value: Json, pointer: str) -> None:
    rules = value.get("rules", {})
    if not isinstance(rules, dict) or ("rules" in value and not rules):
        raise wrong("rules must map the id of a ruleset to the ids of its rules", f"{pointer}/rules")
    for identifier in texts(value["rulesets"], f"{pointer}/rulesets") if "rulesets" in value else ():
        _check_id(identifier, f"{pointer}/rulesets")
    for ruleset, identifiers in rules.items():
        _check_id(ruleset, f"{pointer}/rules")
        for identifier in texts(identifiers, f"{pointer}/rules/{ruleset}"):
            _check_id(identifier, f"{pointer}/rules/{ruleset}")


def _execute(value: Json, phase: str, plan: Plan, pointer: str) -> None:
    members(value, ("id", "matched_data", "overrides", "version"), pointer)
    identifier = _check_id(value.get("id"), f"{pointer}/id")
    if not plan.may_execute(identifier):
        raise wrong(f"not entitled to execute the managed ruleset {identifier}", f"{pointer}/id")
    if "overrides" not in value:
        return
    place = f"{pointer}/overrides"
    overrides = members(value["overrides"], ("action", "categories", "enabled", "rules", "sensitivity_level"), place)
    if not overrides:
        raise wrong("overrides must not be empty", place)
    _override(overrides, phase, place)
    for item, where in objects(overrides.get("categories", []), f"{place}/categories"):
        members(item, ("action", "category", "enabled", "sensitivity_level"), where)
        if not isinstance(item.get("category"), str) or not item["category"]:
            raise wrong("category must be the name of a category", f"{where}/category")
        _override(item, phase, where)
    for item, where in objects(overrides.get("rules", []), f"{place}/rules"):
        members(item, ("action", "enabled", "id", "score_threshold", "sensitivity_level"), where)
        _check_id(item.get("id"), f"{where}/id")
        _override(item, phase, where)


def _override(value: Json, phase: str, pointer: str) -> None:
    """What an override of a ruleset, a category or a rule has in common."""
    if "action" in value:
        one_of(value["action"], _OVERRIDING, f"{pointer}/action")
    if "enabled" in value:
        flag(value["enabled"], f"{pointer}/enabled")
    if "score_threshold" in value:
        number(value["score_threshold"], 1, f"{pointer}/score_threshold")
    if "sensitivity_level" in value:
        if not phase.startswith("ddos_"):
            raise wrong("sensitivity_level is for the DDoS phases alone", f"{pointer}/sensitivity_level")
        one_of(value["sensitivity_level"], _SENSITIVITIES, f"{pointer}/sensitivity_level")


def _check_id(value: object, pointer: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise wrong(f"'{value}' is not a valid value for {pointer.rsplit('/', 1)[-1]}: it must be an id", pointer)
    return value


CHECKS: dict[str, Check] = {"block": _block, "skip": _skip, "execute": _execute}
