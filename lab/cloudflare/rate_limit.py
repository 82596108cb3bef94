"""The ``ratelimit`` part of a rule in the phase ``http_ratelimit``.

Source: https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/
"""

from __future__ import annotations

import re
from typing import Any

from lab.cloudflare.context import whole
from lab.cloudflare.errors import ApiError
from lab.cloudflare.expression import check_filter
from lab.cloudflare.plans import Plan
from lab.cloudflare.store import Json

_FIELDS = frozenset(
    {
        "characteristics",
        "period",
        "requests_per_period",
        "mitigation_timeout",
        "counting_expression",
        "requests_to_origin",
        "score_per_period",
        "score_response_header_name",
    }
)
# Seconds. A mitigation of 0 means that the action is taken while the rate is over the limit (throttling).
_MITIGATIONS = (0, 10, 60, 120, 300, 600, 3600, 86400)
_CHALLENGES = frozenset({"challenge", "js_challenge", "managed_challenge"})
_COLO, _IP, _VISITOR = "cf.colo.id", "ip.src", "cf.unique_visitor_id"
_BY_PLAN = {"free": {_COLO, _IP}, "pro": {_COLO, _IP}, "business": {_COLO, _IP, _VISITOR}}
_CHARACTERISTIC = re.compile(
    r"cf\.colo\.id|cf\.unique_visitor_id|ip\.src(\.country|\.asnum)?|ip\.geoip\.(country|asnum)|http\.host"
    r"|http\.request\.uri\.path|cf\.bot_management\.ja3_hash|cf\.bot_management\.ja4"
    r'|http\.request\.(headers|cookies|uri\.args|body\.form)\["[^"\\]{1,128}"\]'
    r"|lookup_json_(string|integer)\(.{1,256}\)"
)


def check_rate_limit(value: object, action: str, plan: Plan, pointer: str) -> Json:
    """Return the rate limit if ``plan`` may have it, else raise :class:`ApiError`."""
    if not isinstance(value, dict):
        raise _wrong("ratelimit is required in the phase http_ratelimit", pointer)
    if unknown := sorted(value.keys() - _FIELDS):
        raise _wrong(f"unknown field {unknown[0]!r}", f"{pointer}/{unknown[0]}")
    _check_characteristics(value.get("characteristics"), plan, f"{pointer}/characteristics")
    _check_period(value.get("period"), plan, f"{pointer}/period")
    _check_threshold(value, pointer)
    _check_mitigation(value, action, plan, f"{pointer}/mitigation_timeout")
    if "counting_expression" in value and value["counting_expression"] != "":
        _check_counting(value["counting_expression"], plan, f"{pointer}/counting_expression")
    if not isinstance(value.get("requests_to_origin", False), bool):
        raise _wrong("requests_to_origin must be true or false", f"{pointer}/requests_to_origin")
    return {name: _plain(item) for name, item in value.items()}


def _plain(item: Any) -> Any:
    number = whole(item)
    return item if number is None else number


def _wrong(message: str, pointer: str, code: int = 20155) -> ApiError:
    return ApiError(400, code, message, pointer=pointer)


def _check_characteristics(value: object, plan: Plan, pointer: str) -> None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong("characteristics must be a list of strings", pointer)
    if _COLO not in value:
        raise _wrong(
            f"characteristics field is missing '{_COLO}', this is required as ratelimiting counting is processed at "
            "colocation level only",
            pointer,
        )
    if _IP in value and _VISITOR in value:
        raise _wrong(f"characteristics cannot have both '{_IP}' and '{_VISITOR}'", pointer)
    for item in value:
        if not _CHARACTERISTIC.fullmatch(item):
            raise _wrong(f"'{item}' is not a valid value for characteristics", pointer)
        if item not in _BY_PLAN.get(plan.name, {item}):
            raise _wrong(f"not entitled to use the characteristic '{item}'", pointer)


def _check_period(value: object, plan: Plan, pointer: str) -> None:
    period = whole(value)
    if period not in plan.periods:
        listed = " ".join(str(each) for each in plan.periods)
        raise _wrong(f"not entitled to use the period {period}, can only use a period among [{listed}]", pointer)


def _check_threshold(value: Json, pointer: str) -> None:
    fields = [name for name in ("requests_per_period", "score_per_period") if name in value]
    if len(fields) != 1:
        raise _wrong("exactly one of requests_per_period and score_per_period is required", pointer)
    number = whole(value[fields[0]])
    if number is None or not 1 <= number <= 10_000_000:
        raise _wrong(f"{fields[0]} must be a whole number from 1", f"{pointer}/{fields[0]}")
    if fields == ["score_per_period"] and not isinstance(value.get("score_response_header_name"), str):
        raise _wrong("score_response_header_name is required with score_per_period", pointer)


def _check_mitigation(value: Json, action: str, plan: Plan, pointer: str) -> None:
    timeout = whole(value.get("mitigation_timeout", 0))
    if timeout not in _MITIGATIONS:
        raise _wrong(f"{timeout} is not a valid value for mitigation_timeout", pointer)
    if plan.name == "enterprise":
        return
    if action in _CHALLENGES:
        if timeout:
            raise _wrong(f"mitigation_timeout must be 0 with the action {action}", pointer)
    elif plan.name == "free" and timeout != plan.longest_mitigation:
        raise _wrong(f"not entitled to use a mitigation timeout different from {plan.longest_mitigation}", pointer)
    elif timeout > plan.longest_mitigation:
        raise _wrong(f"not entitled to use a mitigation timeout over {plan.longest_mitigation}", pointer)


def _check_counting(value: object, plan: Plan, pointer: str) -> None:
    if plan.name in ("free", "pro"):
        raise _wrong("not entitled to use counting_expression", pointer)
    check_filter(value, plan, "counting_expression", pointer)
