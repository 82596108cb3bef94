"""DNS records: who still finds the platform, who sees an origin's address, what mail and authorities are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from core.environment import Environment
from core.resources import Resource, is_open
from review.finding import Direction, Finding
from review.mail import text_findings
from review.show import named, show
from review.steps import Step

_WEB: Final = ("A", "AAAA", "CNAME")
_ANSWERED: Final = {"A": _WEB, "AAAA": _WEB, "CNAME": _WEB, "MX": ("MX",), "NS": ("NS",)}


def record_findings(step: Step, before: Environment, after: Environment) -> Iterator[Finding]:
    """What becomes of a ``DnsRecord``."""
    subject = step.subject
    type_ = str(subject.properties.get("type", ""))
    yield from _exposed(step, before)
    if type_ == "TXT":
        yield from text_findings(step)
    if type_ == "CAA":
        yield from _authorities(step, before, after)
    yield from _unanswered(step, after)
    yield from _led_elsewhere(step)


def _exposed(step: Step, before: Environment) -> Iterator[Finding]:
    """Proxied or not: whether the edge stands before it, and whether its address is seen."""
    new = step.after
    if new is None or new.properties.get("type") not in _WEB:
        return
    was, is_now = step.before.properties.get("proxied") if step.before else None, new.properties.get("proxied", False)
    name, address = _name(new), new.properties.get("content")
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


def _authorities(step: Step, before: Environment, after: Environment) -> Iterator[Finding]:
    """CAA (RFC 8659): a name with none lets every authority sign; each ``issue`` lets one more."""
    record = step.subject
    name, tag, value = _name(record), _caa(record, "tag"), _caa(record, "value")
    left = [one for one in after.records(name, "CAA") if _caa(one, "tag") == tag and one.urn != record.urn]
    had = [one for one in before.records(name, "CAA") if _caa(one, "tag") == tag and one.urn != record.urn]
    if step.after is None:
        if tag == "iodef":
            yield _finding(
                "weaker", "dns.caa", step, f"{name}: CAA iodef {value} removed", "nobody is told of refusals", 55
            )
        elif left and value != ";":
            why = f"{value} may not sign any more: a certificate that is renewed there is not"
            yield _finding("outage", "dns.caa", step, f"{name}: CAA {tag} {value} removed", why, 45)
        else:
            why = "any authority may sign certificates for the name"
            yield _finding("weaker", "dns.caa", step, f"{name}: the last CAA {tag}, {value}, removed", why, 32)
    elif step.before is None:
        widens = bool(had) and tag != "iodef" and value != ";"
        what = f"{name}: CAA {tag} {value} added"
        why = f"{value} may sign certificates, too" if widens else ""
        yield _finding("weaker" if widens else "stronger", "dns.caa", step, what, why, 45)
    elif (old := _caa(step.before, "value")) != value or _caa(step.before, "tag") != tag:
        what = f"{name}: CAA {_caa(step.before, 'tag')} {old} → {tag} {value}"
        why = "another authority may sign, and the one before may not any more"
        yield _finding("weaker" if value != ";" else "stronger", "dns.caa", step, what, why, 40)


def _unanswered(step: Step, after: Environment) -> Iterator[Finding]:
    """Names that nobody answers for any more, or not while a record is replaced."""
    old = step.before
    if old is None or old.properties.get("type") not in _ANSWERED:
        return
    name, type_ = _name(old), str(old.properties["type"])
    stays = step.after is not None and step.op != "replace" and _name(step.after) == name
    if stays:
        return
    others = [one for one in after.records(name, *_ANSWERED[type_]) if one.urn != old.urn]
    if step.op == "replace" and step.after is not None and _name(step.after) == name:
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


def _led_elsewhere(step: Step) -> Iterator[Finding]:
    if step.before is None or step.after is None or step.after.properties.get("type") not in _ANSWERED:
        return
    old, new = step.before.properties.get("content"), step.after.properties.get("content")
    if old != new:
        name, type_ = _name(step.after), step.after.properties["type"]
        what = f"{name}: {type_} {show(old)} → {show(new)}"
        yield _finding("neutral", "dns.content", step, what, "traffic goes there as soon as it is applied", 20)


def _name(record: Resource) -> str:
    return str(record.properties.get("name", record.name)).rstrip(".").lower()


def _caa(record: Resource, part: str) -> str:
    data = record.properties.get("data")
    return show(data.get(part)) if isinstance(data, dict) else show(record.properties.get("content"))


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
