"""What the edge does to the headers of answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.rulesets.expressions import EVERYTHING
from core.rulesets.rule import Rule
from core.settings.finding import Finding
from core.settings.headers import Headers
from core.settings.plans import LIMITS
from core.settings.zone import Plan

_FRAMES = {"none": ("'none'", "DENY"), "self": ("'self'", "SAMEORIGIN")}


def header_rules(headers: Headers) -> tuple[Rule, ...]:
    """The rules of the phase ``http_response_headers_transform``.

    One for what every answer gets and loses, and one for each header that an answer may have of its own.
    """
    always = {"X-Content-Type-Options": _set("nosniff")}
    always |= {item.name: _set(item.value) for item in headers.extra}
    always |= {name: {"operation": "remove"} for name in headers.removed}
    own = gaps(headers)
    if headers.overwrite:
        return (_rule("security-headers", "For browsers, on every answer", EVERYTHING, {**always, **own}),)
    filled = (
        _rule(_ref(name), f"{name}, where an answer has none", _lacks(name), {name: value})
        for name, value in own.items()
    )
    return (_rule("security-headers", "For browsers, on every answer", EVERYTHING, always), *filled)


def gaps(headers: Headers) -> Mapping[str, Mapping[str, str]]:
    """The headers that an answer may have of its own, with what the edge sets."""
    ancestors, frame_options = _FRAMES[headers.frames]
    values = {
        "Content-Security-Policy": headers.csp and f"{headers.csp}; frame-ancestors {ancestors}",
        "X-Frame-Options": frame_options,
        "Referrer-Policy": headers.referrer_policy,
        "Permissions-Policy": headers.permissions_policy,
        "Cross-Origin-Opener-Policy": headers.opener_policy,
    }
    return {name: _set(value) for name, value in values.items() if value}


def check_headers(headers: Headers, plan: Plan) -> Iterator[Finding]:
    """More rules than the plan has."""
    rules, most = header_rules(headers), LIMITS[plan].modifying_rules
    if len(rules) > most:
        reason = f"rule {rules[most].ref}: the plan {plan} has {most} rules for headers, and this is one more"
        yield Finding(("headers",), reason)


def _set(value: str) -> dict[str, str]:
    return {"operation": "set", "value": value}


def _rule(ref: str, description: str, expression: str, headers: Mapping[str, Any]) -> Rule:
    return Rule(
        ref=ref,
        description=description,
        expression=expression,
        action="rewrite",
        parameters={"headers": dict(headers)},
    )


def _ref(name: str) -> str:
    return name.lower()


def _lacks(name: str) -> str:
    return f'not any(lower(http.response.headers.names[*])[*] eq "{name.lower()}")'
