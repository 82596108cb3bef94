"""DNS records: who still finds the platform, who sees an origin's address, what mail and authorities are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from core.environment import Environment, within
from core.resources import Resource, is_open
from review.authorities import authority_findings
from review.finding import Direction, Finding
from review.mail import text_findings
from review.show import name_at, named, show
from review.steps import Step

_WEB: Final = ("A", "AAAA", "CNAME")
# What it means that a record leads out of the stack's zones.
_NOT_OURS: Final = {
    "CNAME": "whoever holds that name answers for this one, with its cookies",
    "MX": "mail, links to reset a password among it, goes there",
    "NS": "whoever runs that server answers for every name below this one",
}
_ANSWERED: Final = {"A": _WEB, "AAAA": _WEB, "CNAME": _WEB, "MX": ("MX",), "NS": ("NS",)}


def record_findings(step: Step, before: Environment, after: Environment) -> Iterator[Finding]:
    """What becomes of a ``DnsRecord``."""
    subject = step.subject
    type_ = str(subject.properties.get("type", ""))
    yield from _exposed(step, before)
    for half in _halves(step):
        if type_ == "TXT":
            yield from text_findings(half)
        if type_ == "CAA":
            yield from authority_findings(half, before, after)
    yield from _unanswered(step, after)
    # Of a stack that is all new nothing is led away from anybody.
    zones = after.zones if before.resources else frozenset()
    yield from _led_elsewhere(step, zones)
    if zones:
        yield from _foreign(step, zones)


def _halves(step: Step) -> Iterator[Step]:
    """The step, or where the record gets another name, what that is to whoever asks: one goes, and one comes."""
    if step.before is None or step.after is None or name_at(step.before) == name_at(step.after):
        yield step
    else:
        yield replace(step, after=None)
        yield replace(step, before=None)


def _exposed(step: Step, before: Environment) -> Iterator[Finding]:
    """Proxied or not: whether the edge stands before it, and whether its address is seen."""
    new = step.after
    if new is None or _type(new) not in _WEB:
        return
    was, is_now = step.before.properties.get("proxied") if step.before else None, new.properties.get("proxied", False)
    name, address = name_at(new), new.properties.get("content")
    if was is True and is_now is not True:
        direction: Direction = "unclear" if is_open(is_now) else "weaker"
        why = "no WAF, rate limit, cache or certificate of the edge stands before it, and anyone sees its address"
        yield _finding(direction, "dns.proxied", step, f"{name}: proxied → DNS only", why, 18)
    elif step.before is not None and was is not True and is_now is True:
        yield _finding("stronger", "dns.proxied", step, f"{name}: DNS only → proxied", "", 40)
    elif is_now is not True and not is_open(address) and before.hidden.get(str(address), set()) - {new.urn}:
        why = "who knows the address of an origin goes round the edge"
        what = f"{name}: an origin's address, {show(address)}, in a record that is not proxied"
        yield _finding("weaker", "dns.origin-shown", step, what, why, 19)


def _unanswered(step: Step, after: Environment) -> Iterator[Finding]:
    """Names that nobody answers for any more, or not while a record is replaced."""
    old = step.before
    if old is None or _type(old) not in _ANSWERED:
        return
    name, type_ = name_at(old), _type(old)
    stays = step.after is not None and step.op != "replace" and name_at(step.after) == name
    if stays:
        return
    others = [one for one in after.records(name, *_ANSWERED[type_]) if one.urn != old.urn]
    if step.op == "replace" and step.after is not None and name_at(step.after) == name:
        yield from _gap(step, name, type_, others)
        return
    what = f"{name}: {type_} {show(old.properties.get('content'))} removed"
    if others:
        yield _finding(
            "neutral", "dns.removed", step, what, f"{named(len(others), 'record')} of the name still answer", 60
        )
        return
    why = "mail has nowhere to go" if type_ == "MX" else "the name has no answer any more: requests to it fail"
    doubt = "" if after.complete else ", unless a record that this preview does not show answers"
    yield _finding("outage", "dns.removed", step, what, why + doubt, 10)


def _gap(step: Step, name: str, type_: str, others: list[Resource]) -> Iterator[Finding]:
    what = f"{name}: {type_} replaced" + (f" (by {', '.join(step.forces)})" if step.forces else "")
    if step.deleted_first is False:
        yield _finding("neutral", "dns.replaced", step, what, "the new record comes before the old one goes", 55)
    elif others:
        why = f"between delete and create, {named(len(others), 'other record')} of the name answer"
        yield _finding("neutral", "dns.replaced", step, what, why, 55)
    else:
        order = "" if step.deleted_first else " if the old one goes first, which the preview does not say"
        why = (
            f"between delete and create the name has no answer{order}; resolvers keep that for the zone's negative TTL"
        )
        yield _finding("outage", "dns.replaced", step, what, why, 12)


def _led_elsewhere(step: Step, zones: frozenset[str]) -> Iterator[Finding]:
    if step.after is None or _type(step.after) not in _ANSWERED:
        return
    old, new = step.before.properties.get("content") if step.before else None, step.after.properties.get("content")
    if old == new:
        return
    name, type_ = name_at(step.after), _type(step.after)
    what = f"{name}: {type_} {show(old) + ' → ' if step.before else ''}{show(new)}"
    doubt = _NOT_OURS.get(type_, "") if zones and not within(str(new), zones) else ""
    if doubt and not is_open(new) and new != ".":
        yield _finding("unclear", "dns.led-out", step, what, f"{doubt}: is {show(new)} one of yours?", 21)
    elif step.before is not None:
        yield _finding("neutral", "dns.content", step, what, "traffic goes there as soon as it is applied", 20)


def _foreign(step: Step, zones: frozenset[str]) -> Iterator[Finding]:
    """A new name in letters that may look like others (RFC 5890: after ``xn--``); a zone's own part is its owner's."""
    if step.after is None or (step.before is not None and name_at(step.before) == name_at(step.after)):
        return
    name = name_at(step.after)
    zone = max((one for one in zones if within(name, (one,))), key=len, default="")
    labels = name.removesuffix(zone).split(".")
    if any(not label.isascii() or label.startswith("xn--") for label in labels):
        why = "a name in other letters than a to z may look like another: read it letter by letter"
        yield _finding("unclear", "dns.other-letters", step, f"{name}: {ascii(_shown(name))[1:-1]}", why, 22)


def _shown(name: str) -> str:
    """A name as a browser may show it."""
    try:
        return name.encode("ascii").decode("idna")
    except UnicodeError:
        return name


def _type(record: Resource) -> str:
    return str(record.properties.get("type", ""))


def _finding(direction: Direction, rule: str, step: Step, what: str, why: str, weight: int) -> Finding:
    return Finding(
        direction=direction,
        rule=rule,
        subject=step.subject.name,
        what=what,
        why=why,
        weight=weight,
        urn=step.urn,
    )
