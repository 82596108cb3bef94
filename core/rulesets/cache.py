"""The cache rules. Of those that fit a request the last one decides, so what must never be kept comes last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.rulesets.expressions import either, every, paths
from core.rulesets.rule import Rule
from core.settings.cache import Cache, StaticFiles
from core.settings.finding import Finding
from core.settings.plans import LIMITS
from core.settings.platform import Platform
from core.settings.zone import Plan

_ERRORS = {"from": 400, "to": 599}
_NO_STORE = -1
_BYPASS = {"cache": False}


def cache_rules(cache: Cache, platform: Platform) -> tuple[Rule, ...]:
    """The rules of the phase ``http_request_cache_settings``."""
    rules = []
    if cache.static and platform.static:
        rules.append(
            _rule("static", "Assets that are the same for everybody", paths(platform.static), _static(cache.static))
        )
    if cache.public:
        kept = {"cache": True, "edge_ttl": {"mode": "respect_origin"}, "browser_ttl": {"mode": "respect_origin"}}
        rules.append(_rule("public", "Pages that are the same for everybody", paths(cache.public), kept))
    signed_in = _signed_in(cache)
    others = [f"not {_grouped(paths(platform.static))}"] if platform.static else []
    rules.append(
        _rule("signed-in", "Answers to a session or a token are kept nowhere", every([signed_in, *others]), _BYPASS)
    )
    rules.append(
        _rule("private", "API, administrators' and private pages are kept nowhere", _private(platform), _BYPASS)
    )
    return tuple(rules)


def check_cache(cache: Cache, platform: Platform, plan: Plan) -> Iterator[Finding]:
    """A time that the plan has not, and paths that would be public and private at once."""
    least = LIMITS[plan].shortest_edge_ttl
    if cache.static and cache.static.edge_seconds < least:
        reason = f"rule static: {cache.static.edge_seconds} s is under the {least} s that the plan {plan} has at least"
        yield Finding(("cache", "static", "edge_seconds"), reason)
    private = _private_paths(platform)
    for index, path in enumerate(cache.public):
        if path in private:
            yield Finding(("cache", "public", index), f"{path} is private by launch-ready:platform, and never kept")


def _rule(ref: str, description: str, expression: str, parameters: dict[str, Any]) -> Rule:
    return Rule(
        ref=ref,
        description=description,
        expression=expression,
        action="set_cache_settings",
        parameters=parameters,
    )


def _static(static: StaticFiles) -> dict[str, Any]:
    return {
        "cache": True,
        "edge_ttl": {
            "mode": "override_origin",
            "default": static.edge_seconds,
            "status_code_ttl": [{"status_code_range": _ERRORS, "value": _NO_STORE}],
        },
        "browser_ttl": {"mode": "override_origin", "default": static.browser_seconds},
    }


def _signed_in(cache: Cache) -> str:
    signs = ['any(lower(http.request.headers.names[*])[*] eq "authorization")']
    signs += [f'http.cookie contains "{name}="' for name in cache.session_cookies]
    return either(signs)


def _private_paths(platform: Platform) -> tuple[str, ...]:
    return (
        *platform.api,
        *platform.admin,
        *platform.private,
        *platform.login,
        *platform.signup,
        *platform.reset,
        *platform.webhook,
        platform.health,
    )


def _private(platform: Platform) -> str:
    return paths(_private_paths(platform))


def _grouped(expression: str) -> str:
    return expression if expression.startswith("(") else f"({expression})"
