"""What each of Cloudflare's plans lets a zone's rules do.

Sources, each page's table of availability: https://developers.cloudflare.com/waf/custom-rules/,
https://developers.cloudflare.com/waf/rate-limiting-rules/, https://developers.cloudflare.com/rules/,
https://developers.cloudflare.com/cache/how-to/edge-browser-cache-ttl/ and, for fields,
https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.settings.zone import Plan

LONGEST_EXPRESSION = 4096
_STRING = re.compile(r'r?"(?:[^"\\]|\\.)*"', re.DOTALL)
_FIELD = re.compile(r"\b(?:cf|http)\.[a-z0-9_.]+")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Numbers of rules; seconds for periods, mitigations and TTLs.

    ``methods``: whether a rate limit can ask for the method. ``modifying_rules`` is the number of redirects, of cache
    rules and of rules that change an answer's headers, each.
    """

    custom_rules: int
    rate_limits: int
    longest_period: int
    longest_mitigation: int
    modifying_rules: int
    shortest_edge_ttl: int
    methods: bool = True
    regex: bool = True
    paid_rulesets: bool = True
    log_action: bool = False


LIMITS: Mapping[Plan, Limits] = {
    "free": Limits(
        custom_rules=5,
        rate_limits=1,
        longest_period=10,
        longest_mitigation=10,
        modifying_rules=10,
        shortest_edge_ttl=7200,
        methods=False,
        regex=False,
        paid_rulesets=False,
    ),
    "pro": Limits(
        custom_rules=20,
        rate_limits=2,
        longest_period=60,
        longest_mitigation=3600,
        modifying_rules=25,
        shortest_edge_ttl=3600,
        methods=False,
        regex=False,
    ),
    "business": Limits(
        custom_rules=100,
        rate_limits=5,
        longest_period=600,
        longest_mitigation=86400,
        modifying_rules=50,
        shortest_edge_ttl=1,
    ),
    "enterprise": Limits(
        custom_rules=1000,
        rate_limits=100,
        longest_period=3600,
        longest_mitigation=86400,
        modifying_rules=300,
        shortest_edge_ttl=1,
        log_action=True,
    ),
}

_ORDER: tuple[Plan, ...] = ("free", "pro", "business", "enterprise")
# The longest beginning that fits a field counts.
_FIELDS: Mapping[str, Plan] = {
    "cf.api_gateway.": "enterprise",
    "cf.bot_management.": "enterprise",
    "cf.llm.": "enterprise",
    "cf.waf.content_scan.": "enterprise",
    "cf.waf.credential_check.username_and_password_leaked": "pro",
    "cf.waf.credential_check.username_leaked": "enterprise",
    "cf.waf.credential_check.username_password_similar": "enterprise",
    "cf.waf.score": "enterprise",
    "cf.waf.score.class": "business",
    "http.request.body.": "enterprise",
    "http.request.jwt.": "enterprise",
}


def uses_regex(expression: str) -> bool:
    """Whether an expression uses the operator ``matches`` (or ``~``), outside of its strings."""
    return re.search(r"\bmatches\b|~", _STRING.sub('""', expression)) is not None


def beyond_plan(expression: str, plan: Plan) -> Iterator[str]:
    """What of an expression ``plan`` cannot do."""
    if uses_regex(expression) and not LIMITS[plan].regex:
        yield f"matches needs the plan business or above, and the zone's is {plan}"
    for field in sorted(set(_FIELD.findall(_STRING.sub('""', expression)))):
        needed = _plan_of(field)
        if _ORDER.index(needed) > _ORDER.index(plan):
            above = "" if needed == "enterprise" else " or above"
            yield f"{field} needs the plan {needed}{above}, and the zone's is {plan}"


def _plan_of(field: str) -> Plan:
    fitting = [beginning for beginning in _FIELDS if field.startswith(beginning)]
    return _FIELDS[max(fitting, key=len)] if fitting else "free"
