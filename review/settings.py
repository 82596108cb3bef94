"""A zone's settings, and properties of other resources that a scale knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.resources import Resource, is_open
from review.finding import Direction, Finding, rule_id
from review.members import member_findings, opens, properties_of
from review.scales import (
    HARMLESS_SETTINGS,
    HSTS,
    LABELS,
    NEUTRAL,
    PROPERTIES,
    SETTINGS,
    WEIGHTS,
    Compared,
    Scale,
    compare,
)
from review.sealing import laid_open
from review.show import show
from review.steps import Step

_SETTING_WEIGHTS: Final[Mapping[str, int]] = {"ssl": 10, "tls_client_auth": 12, "always_use_https": 20}
_MEANS: Final[Mapping[str, str]] = {
    "ssl": "the edge no longer proves who the host is, or speaks to it in the clear",
    "tls_client_auth": "hosts no longer ask the edge for its certificate: who knows their address goes round it",
    "min_tls_version": "clients may use a TLS version with known attacks",
    "always_use_https": "a request by HTTP is served as it is: cookies and passwords in the clear",
    "0rtt": "early data can be replayed, so a request can count twice (RFC 8446 §8)",
    "security_header": "browsers come by HTTP again sooner",
    "security_level": "more visitors of bad repute pass unasked",
    "development_mode": "the cache is passed by: all requests reach the hosts",
}
_WORDS: Final[Mapping[str, str]] = {"strict": "Full (strict)", "full": "Full", "flexible": "Flexible"}
_DIRECTIONS: Final[Mapping[Compared, Direction]] = {
    "weaker": "weaker",
    "stronger": "stronger",
    "same": "neutral",
    "unclear": "unclear",
}


def setting_findings(step: Step) -> Iterator[Finding]:
    """What becomes of a ``ZoneSetting``."""
    id_ = str(step.subject.properties.get("settingId", step.subject.name))
    if step.after is None:
        yield _finding(
            "weaker",
            step,
            id_,
            "is declared no more",
            "Cloudflare keeps the value that it has, and whoever changes it by hand is not noticed",
        )
    elif step.before is not None:
        before, after = step.before.properties.get("value"), step.after.properties.get("value")
        if id_ == "security_header":
            yield from _hsts(step, before, after)
        else:
            # What no scale knows, and is known for nothing else, cannot be told.
            scale = SETTINGS.get(id_, None if id_ in HARMLESS_SETTINGS else ())
            yield from _scaled(step, id_, scale, before, after, _MEANS.get(id_, ""))


def property_findings(step: Step) -> Iterator[Finding]:
    """Properties of any other resource: by a scale, and what none knows as such."""
    yield from exposed_findings(step)
    if step.before is None and step.after is not None and (why := opens(step.subject.kind, step.after.properties)):
        yield _finding("weaker", step, "made", "made", why)
    if step.before is None or step.after is None:
        return
    kind, old, new = step.subject.kind, step.before.properties, step.after.properties
    for direction, key, what, why in member_findings(kind, old, new):
        yield _finding(direction, step, key, what, why)
    scales, told = PROPERTIES.get(kind, {}), NEUTRAL.get(kind, frozenset()) | LABELS | properties_of(kind)
    for key in dict.fromkeys((*scales, *old, *new)):
        before, after = old.get(key), new.get(key)
        if key in scales:
            yield from _scaled(step, key, scales[key], before, after, "")
        elif before != after and key not in told and not key.startswith("__"):
            what = "changed, and is not known yet" if is_open(before) or is_open(after) else _from_to(before, after)
            yield _finding("unclear", step, key, what, "whether it protects less is not known: read it")


def _from_to(before: Any, after: Any) -> str:
    return f"{_word(before)} → {_word(after)}"


def exposed_findings(step: Step) -> Iterator[Finding]:
    """Secrets of a resource, or among what the stack exports, that are none any more."""
    for place in laid_open(step):
        why = "it stands in the state, and in every preview, for all to read"
        yield _finding("weaker", step, place, "was a secret, and is in the clear now", why)


def _scaled(step: Step, key: str, scale: Scale | None, before: Any, after: Any, means: str) -> Iterator[Finding]:
    if scale is None or before == after:
        return
    if is_open(before) or is_open(after):
        yield _finding("unclear", step, key, f"{_word(before)} → {_word(after)}", "nobody can say which way it goes")
        return
    found = compare(scale, before, after)
    if found != "same":
        why = means if found == "weaker" else "the order of these two values is not known" if found == "unclear" else ""
        yield _finding(_DIRECTIONS[found], step, key, f"{_word(before)} → {_word(after)}", why)


def _hsts(step: Step, before: Any, after: Any) -> Iterator[Finding]:
    """Strict-Transport-Security, key by key. The provider wants snake_case inside of the value."""
    old, new = _inside(before), _inside(after)
    if old is None or new is None:
        yield from _scaled(step, "security_header", (), before, after, "")
        return
    for key, scale in HSTS.items():
        yield from _scaled(step, f"security_header.{key}", scale, old.get(key), new.get(key), _MEANS["security_header"])


def _inside(value: Any) -> Mapping[str, Any] | None:
    found = value.get("strict_transport_security", value) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else None


def _finding(direction: Direction, step: Step, key: str, what: str, why: str) -> Finding:
    resource = step.subject
    setting = resource.kind == "ZoneSetting"
    # Several zones have a setting each, and the program names the resource after both.
    zone = resource.name.rpartition("/")[0]
    name = f"{resource.name} {key}" if not setting else f"{zone}/{key}" if zone else key
    weight = _SETTING_WEIGHTS.get(key.split(".")[0], 30) if setting else WEIGHTS.get(resource.kind, 50)
    rule = rule_id("setting" if setting else _rule_of(resource), key)
    return Finding(
        direction=direction,
        rule=rule,
        subject=name if setting else resource.name,
        what=f"{name}: {what}" if setting else f"{resource.kind} {name}: {what}",
        why=why,
        weight=weight,
        urn=resource.urn,
    )


def _rule_of(resource: Resource) -> str:
    return resource.kind[:1].lower() + resource.kind[1:]


def _word(value: Any) -> str:
    return _WORDS.get(value, value) if isinstance(value, str) and value in _WORDS else show(value)
