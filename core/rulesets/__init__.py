"""A stack's settings as the rules of Cloudflare's phases: pure, and the same for the program, reviews and tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.rulesets.cache import cache_rules, check_cache
from core.rulesets.headers import check_headers, header_rules
from core.rulesets.rate_limits import compile_limits
from core.rulesets.redirects import check_redirects, redirect_rules
from core.rulesets.rule import Rule as Rule
from core.rulesets.waf import check_waf, custom_rules, managed_rules
from core.settings.finding import Finding

if TYPE_CHECKING:
    from core.settings.stack import Stack

REDIRECTS = "http_request_dynamic_redirect"
CUSTOM = "http_request_firewall_custom"
RATE_LIMITS = "http_ratelimit"
MANAGED = "http_request_firewall_managed"
CACHE = "http_request_cache_settings"
RESPONSE_HEADERS = "http_response_headers_transform"


def rulesets_of(stack: Stack) -> Mapping[str, tuple[Rule, ...]]:
    """Phase → the zone's rules in their order, the phases in Cloudflare's order."""
    plan = stack.zone.plan
    return {
        REDIRECTS: redirect_rules(stack.redirects, stack.zone),
        CUSTOM: custom_rules(stack.waf, stack.platform, plan),
        RATE_LIMITS: compile_limits(stack.rate_limits, stack.platform, plan).rules,
        MANAGED: managed_rules(stack.waf, plan),
        CACHE: cache_rules(stack.cache, stack.platform),
        RESPONSE_HEADERS: header_rules(stack.headers),
    }


def check_rulesets(stack: Stack) -> list[Finding]:
    """What the zone's plan cannot do, and what does not hold between these sections and the others."""
    zone, platform = stack.zone, stack.platform
    return [
        *check_redirects(stack.redirects, stack.dns, zone),
        *check_waf(stack.waf, platform, zone.plan),
        *compile_limits(stack.rate_limits, platform, zone.plan).findings,
        *check_cache(stack.cache, platform, zone.plan),
        *check_headers(stack.headers, zone.plan),
    ]


def notes_of(stack: Stack) -> tuple[str, ...]:
    """What the compiling for the zone's plan did that a reader of the stack's file would not expect."""
    return compile_limits(stack.rate_limits, stack.platform, stack.zone.plan).notes
