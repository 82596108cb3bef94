"""What a rule does to a request that fits: its action, its parameters, its rate limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.resources import is_open
from review.finding import Direction, Finding
from review.rule_texts import Told, header_findings, led_out
from review.scales import ACTIONS, CHALLENGES, RATE_LIMIT, SETTINGS, Compared, compare
from review.show import show

STOPPING: Final = CHALLENGES | {"block"}

_SKIPPED: Final = ("phases", "products", "rulesets", "rules")
_SENSITIVITY: Final = ("off", "low", "medium", "default", "high")
_MANAGED: Final = ("allow", "log", "managed_challenge", "block")


def part_findings(told: Told, ref: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    """What changed between two versions of a rule, its expression aside."""
    yield from _action(told, ref, old.get("action"), new.get("action"))
    limits = _mapping(old.get("ratelimit")), _mapping(new.get("ratelimit"))
    if limits[0] != limits[1]:
        yield from _rate_limit(told, ref, *limits)
    before, after = _mapping(old.get("actionParameters")), _mapping(new.get("actionParameters"))
    if before != after:
        yield from _parameters(told, ref, new.get("action"), before, after)
    if old.get("description") != new.get("description") and old:
        what = f"description: {show(old.get('description'))} → {show(new.get('description'))}"
        yield told.finding("neutral", "description", ref, what)


def skips(rule: Mapping[str, Any]) -> str:
    """What a skip rule takes a request past, in words."""
    parameters = _mapping(rule.get("actionParameters"))
    parts = [show(one) for key in _SKIPPED for one in _flat(parameters.get(key))]
    if parameters.get("ruleset") == "current":
        parts.insert(0, "all rules after it")
    return ", ".join(parts) or "something that is not known"


def _action(told: Told, ref: str, old: Any, new: Any) -> Iterator[Finding]:
    if old == new or old is None:
        return
    found: Compared = "unclear"
    if not (is_open(old) or is_open(new)):
        found = compare(ACTIONS, *("managed_challenge" if one in CHALLENGES else one for one in (old, new)))
    why = "a client that can show that it is a browser passes" if new in CHALLENGES else ""
    why = "what fits is only written down" if new == "log" else why
    what = f"{show(old)} → {show(new)}"
    yield told.finding(_direction(found), "action", ref, what, why if found == "weaker" else "", 14)


def _rate_limit(told: Told, ref: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    if bool(old) != bool(new):
        yield told.finding(
            "stronger" if new else "weaker", "limit", ref, "it counts no more" if old else "it counts now"
        )
        return
    rates = [_rate(limit) for limit in (old, new)]
    if rates[0] != rates[1]:
        found = compare("less", rates[0][0], rates[1][0])
        # The same rate over a longer period lets a larger burst through at once.
        found = compare("less", rates[0][1], rates[1][1]) if found == "same" else found
        what = f"{_said(old)} → {_said(new)}"
        yield told.finding(
            _direction(found), "limit", ref, what, "a client may ask more often" if found == "weaker" else "", 20
        )
    for key, scale in RATE_LIMIT.items():
        if old.get(key) != new.get(key):
            found = compare(scale, old.get(key), new.get(key))
            what = f"{key}: {show(old.get(key))} → {show(new.get(key))}"
            yield told.finding(
                _direction(found), "limit", ref, what, _LIMIT_MEANS.get(key, "") if found == "weaker" else "", 24
            )
    if old.get("countingExpression") != new.get("countingExpression"):
        what = f"counts: {show(old.get('countingExpression'))} → {show(new.get('countingExpression'))}"
        yield told.finding("unclear", "limit", ref, what, "whether it counts fewer requests is not known", 24)


_LIMIT_MEANS: Final = {
    "mitigationTimeout": "who went over comes back sooner",
    "characteristics": "each of the values is counted by itself, so a client has more tries",
    "requestsToOrigin": "what the cache answers is not counted",
}


def _rate(limit: Mapping[str, Any]) -> tuple[float | None, Any]:
    """Requests a second, and in one period."""
    requests, period = limit.get("requestsPerPeriod"), limit.get("period")
    if isinstance(requests, int | float) and isinstance(period, int | float) and period:
        return requests / period, requests
    return None, requests


def _said(limit: Mapping[str, Any]) -> str:
    return f"{show(limit.get('requestsPerPeriod'))} in {show(limit.get('period'))} s"


def _parameters(told: Told, ref: str, action: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    if action == "skip":
        yield from _skip(told, ref, old, new)
    elif action == "execute":
        yield from _managed(told, ref, old, new)
    elif action == "set_config":
        yield from _config(told, ref, old, new)
    elif told.phase == "http_response_headers_transform":
        yield from header_findings(told, ref, _mapping(old.get("headers")), _mapping(new.get("headers")))
    else:
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                what = f"{key}: {show(old.get(key))} → {show(new.get(key))}"
                why = _doubt(told, action, key, new.get(key))
                yield told.finding("unclear" if why else "neutral", "parameters", ref, what, why, 18 if why else 25)


def _doubt(told: Told, action: Any, key: str, value: Any) -> str:
    """Why nobody can say that a changed parameter weakens nothing, "" where it cannot."""
    if action == "redirect":
        out = led_out(value, told.zones)
        return f"visitors are led out of the stack's zones, to {', '.join(out)}" if out else ""
    if action == "route":
        return "the edge asks another host than DNS says: is it one of yours?"
    if told.phase == "http_request_late_transform":
        return "the hosts may trust what stands in a header of the edge's"
    return "answers that differ by what the key leaves out are given to the wrong visitor" if key == "cacheKey" else ""


def _skip(told: Told, ref: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    for key in _SKIPPED:
        found = compare("fewer", *(_flat(side.get(key)) for side in (old, new)))
        if found != "same":
            what = f"skips {key}: {show(old.get(key))} → {show(new.get(key))}"
            why = "requests get past more than before" if found == "weaker" else ""
            yield told.finding(_direction(found), "skip", ref, what, why, 16)
    if old.get("ruleset") != new.get("ruleset"):
        wider = new.get("ruleset") == "current"
        what = "skips all rules after it" if wider else "skips the rules after it no more"
        yield told.finding("weaker" if wider else "stronger", "skip", ref, what, weight=16)


def _managed(told: Told, ref: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    """A managed ruleset: which one, and what of it is overridden, by rule and by category."""
    if old.get("id") != new.get("id"):
        yield told.finding(
            "unclear", "managed", ref, f"another managed ruleset: {show(old.get('id'))} → {show(new.get('id'))}"
        )
    if old.get("version") != new.get("version"):
        what = f"version: {show(old.get('version'))} → {show(new.get('version'))}"
        yield told.finding("unclear", "managed", ref, what, "a version that is held gets no rule against what is new")
    before, after = _overrides(old.get("overrides")), _overrides(new.get("overrides"))
    for place in dict.fromkeys((*before, *after)):
        one, other = before.get(place), after.get(place)
        if one != other:
            found = _override(place.rsplit(" ", 1)[-1], one, other)
            what = f"override of {place}: {show(one)} → {show(other)}"
            yield told.finding(_direction(found), "managed", ref, what, "", 18)


def _overrides(found: Any) -> dict[str, Any]:
    """Every override by its place, the last word of which is the property."""
    overrides = _mapping(found)
    places = {f"all {key}": value for key, value in overrides.items() if not isinstance(value, list | dict)}
    for kind, name in (("rules", "id"), ("categories", "category")):
        for one in _list(overrides.get(kind)):
            inner = _mapping(one)
            places |= {f"{kind} {show(inner.get(name))} {key}": value for key, value in inner.items() if key != name}
    return places


def _override(key: str, old: Any, new: Any) -> Compared:
    if key == "action" and all(isinstance(one, str | None) for one in (old, new)):
        # What is not overridden does what Cloudflare chose: mostly it blocks.
        sides = [("block" if one is None else "managed_challenge" if one in CHALLENGES else one) for one in (old, new)]
        return compare(_MANAGED, *sides)
    if key == "enabled":
        return compare((False, True), *(True if one is None else one for one in (old, new)))
    if key == "sensitivityLevel":
        return compare(_SENSITIVITY, *("default" if one is None else one for one in (old, new)))
    if key == "scoreThreshold":
        return compare("less", old, new)
    return "unclear"


def _config(told: Told, ref: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    """``set_config``: settings for some requests alone, which can take back what the zone says."""
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        scale = SETTINGS.get(
            {"automaticHttpsRewrites": "automatic_https_rewrites", "bic": "browser_check"}.get(key, key)
        )
        what = f"{key}: {show(before)} → {show(after)}"
        if key == "ssl":
            lowered = after not in (None, "strict")
            why = "for what fits, the edge does not check who the host is" if lowered else ""
            yield told.finding("weaker" if lowered else "stronger", "config", ref, what, why, 11)
        elif key.startswith("disable"):
            yield told.finding("weaker" if after else "stronger", "config", ref, what, weight=30)
        else:
            found = (
                compare(scale, *_switch(before, after))
                if scale and before is not None and after is not None
                else "unclear"
            )
            yield told.finding(_direction(found), "config", ref, what, weight=35)


def _switch(*values: Any) -> tuple[Any, ...]:
    return tuple({True: "on", False: "off"}[one] if isinstance(one, bool) else one for one in values)


def _flat(found: Any) -> list[Any]:
    if isinstance(found, dict):
        return [f"{key}/{one}" for key, value in found.items() for one in _list(value)]
    return _list(found)


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _direction(found: Compared) -> Direction:
    return "neutral" if found == "same" else found
