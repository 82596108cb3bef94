"""Properties with members: who is told, who may read or enter, where traffic goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from core.resources import has_open
from review.finding import Direction
from review.show import show

Told = tuple[Direction, str, str, str]
"""Which way it goes, the property, what changed and why that matters."""
# A tag of AWS's takes no comma, so the program writes a hyphen for it.
_BETWEEN: Final = re.compile(r"[,-] ")
_LED: Final = "traffic goes there as soon as it is applied"


def member_findings(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Told]:
    """What is to be told of these properties of a resource that changes."""
    for key, tell in _PROPERTIES.get(kind, {}).items():
        if old.get(key) != new.get(key):
            yield from tell(key, old.get(key), new.get(key))


def properties_of(kind: str) -> frozenset[str]:
    """The properties that :func:`member_findings` tells of."""
    return frozenset(_PROPERTIES.get(kind, ()))


def opens(kind: str, properties: Mapping[str, Any]) -> str:
    """Why a resource that is new lets in whoever comes, "" for another."""
    if kind != "ZeroTrustAccessPolicy":
        return ""
    decision, includes = properties.get("decision"), properties.get("includes")
    listed = includes if isinstance(includes, list) else []
    everyone = any(isinstance(one, dict) and "everyone" in one for one in listed)
    if decision == "bypass":
        return "whoever falls under it is not asked who they are"
    return "everyone falls under it" if everyone and decision != "deny" else ""


def _recipients(key: str, old: Any, new: Any) -> Iterator[Told]:
    """An alert's mechanisms: lists of ids by the way in which they are reached."""
    before, after = (side if isinstance(side, dict) else {} for side in (old, new))
    for way in dict.fromkeys((*before, *after)):
        names = [[_name(one) for one in _listed(side.get(way))] for side in (before, after)]
        if names[0] != names[1]:
            yield from _members(f"{key}.{way}", *names, lost=("weaker", "who is taken out is not told any more"))


def _readers(key: str, old: Any, new: Any) -> Iterator[Told]:
    """The tags of a secret in AWS, where its readers stand."""
    before, after = (side if isinstance(side, dict) else {} for side in (old, new))
    for tag in dict.fromkeys((*before, *after)):
        if before.get(tag) == after.get(tag):
            continue
        if tag == "readers":
            names = [_BETWEEN.split(str(side.get(tag) or "")) for side in (before, after)]
            yield from _members(f"{key}.{tag}", *names, gained=("weaker", "somebody more may read the secret"))
        else:
            yield "neutral", f"{key}.{tag}", f"{show(before.get(tag))} → {show(after.get(tag))}", ""


def _narrowing(key: str, old: Any, new: Any) -> Iterator[Told]:
    """An alert's filters: what it is about."""
    before, after = (side if isinstance(side, dict) else {} for side in (old, new))
    for name in dict.fromkeys((*before, *after)):
        sides = [side.get(name) for side in (before, after)]
        if sides[0] == sides[1]:
            continue
        if isinstance(sides[0], list) and isinstance(sides[1], list):
            names = [[_name(one) for one in side or ()] for side in sides]
            yield from _members(f"{key}.{name}", *names, lost=("weaker", "nobody is told of what is taken out"))
        else:
            yield (
                "unclear",
                f"{key}.{name}",
                f"{show(sides[0])} → {show(sides[1])}",
                "what it tells of is another thing",
            )


def _traffic(key: str, old: Any, new: Any) -> Iterator[Told]:
    yield "neutral", key, f"{show(old)} → {show(new)}", _LED


def _members(
    place: str,
    old: Sequence[str],
    new: Sequence[str],
    *,
    lost: tuple[Direction, str] = ("stronger", ""),
    gained: tuple[Direction, str] = ("stronger", ""),
) -> Iterator[Told]:
    """Members that went and came, by name; of those that nobody knows yet, the number alone can differ."""
    went = [one for one in dict.fromkeys(old) if one not in new]
    came = [one for one in dict.fromkeys(new) if one not in old]
    if not went and not came and len(old) > len(new):
        went = [f"{len(old) - len(new)} of {len(old)}"]
    if went:
        yield lost[0], place, f"without {', '.join(went)}", lost[1]
    if came:
        yield gained[0], place, f"with {', '.join(came)}", gained[1]


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [] if found is None else [found]


def _name(one: Any) -> str:
    inner = one.get("id", one) if isinstance(one, dict) else one
    return "[known after it is applied]" if has_open(inner) else show(inner)


_POOLS: Final = ("defaultPools", "fallbackPool", "regionPools", "countryPools", "popPools", "rules")
_PROPERTIES: Final[Mapping[str, Mapping[str, Callable[[str, Any, Any], Iterator[Told]]]]] = {
    "NotificationPolicy": {"mechanisms": _recipients, "filters": _narrowing},
    "AwsSecret": {"tags": _readers},
    "LoadBalancer": dict.fromkeys(_POOLS, _traffic),
    "LoadBalancerPool": {"origins": _traffic},
}
