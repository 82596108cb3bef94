"""CAA records (RFC 8659): which authorities may sign certificates for a name, and who is told of refusals."""

from __future__ import annotations

from collections.abc import Iterator

from core.environment import Environment
from core.resources import Resource
from review.finding import Direction, Finding
from review.show import name_at, show
from review.steps import Step


def authority_findings(step: Step, before: Environment, after: Environment) -> Iterator[Finding]:
    """A name without any lets every authority sign; each one lets one more. ``issuewild`` goes before ``issue``."""
    old, new = step.before, step.after
    if old is not None and new is not None and _tag(old) == _tag(new):
        if (was := _value(old)) != (value := _value(new)):
            why = "another authority may sign, and the one before may not any more"
            what = f"CAA {_tag(old)} {was} → {_tag(new)} {value}"
            yield _finding("weaker" if value != ";" else "stronger", step, what, why, 40)
        return
    if old is not None:
        yield _went(step, old, _others(after, old))
    if new is not None:
        yield _came(step, new, _others(before, new))


def _others(environment: Environment, record: Resource) -> list[Resource]:
    """What decides beside this record: those of its tag, and where ``issuewild`` has none those of ``issue``."""
    found = [one for one in environment.records(name_at(record), "CAA") if one.urn != record.urn]
    same = [one for one in found if _tag(one) == _tag(record)]
    return same or ([one for one in found if _tag(one) == "issue"] if _tag(record) == "issuewild" else [])


def _went(step: Step, record: Resource, left: list[Resource]) -> Finding:
    tag, value = _tag(record), _value(record)
    if tag == "iodef":
        return _finding("weaker", step, f"CAA iodef {value} removed", "nobody is told of refusals", 55)
    if any(_tag(one) == tag for one in left) and value != ";":
        why = f"{value} may not sign any more: a certificate that is renewed there is not"
        return _finding("outage", step, f"CAA {tag} {value} removed", why, 45)
    if left:
        why = "wildcards are signed by whoever may sign the name"
        return _finding("weaker", step, f"the last CAA {tag}, {value}, removed", why, 40)
    why = "any authority may sign certificates for the name"
    return _finding("weaker", step, f"the last CAA {tag}, {value}, removed", why, 32)


def _came(step: Step, record: Resource, had: list[Resource]) -> Finding:
    tag, value = _tag(record), _value(record)
    widens = bool(had) and tag != "iodef" and value not in {";", *map(_value, had)}
    why = f"{value} may sign certificates, too" if widens else ""
    return _finding("weaker" if widens else "stronger", step, f"CAA {tag} {value} added", why, 45)


def _tag(record: Resource) -> str:
    return _part(record, "tag")


def _value(record: Resource) -> str:
    return _part(record, "value")


def _part(record: Resource, part: str) -> str:
    data = record.properties.get("data")
    return show(data.get(part)) if isinstance(data, dict) else show(record.properties.get("content"))


def _finding(direction: Direction, step: Step, what: str, why: str, weight: int) -> Finding:
    return Finding(
        direction=direction,
        rule="dns.caa",
        subject=step.subject.name,
        what=f"{name_at(step.subject)}: {what}",
        why=why,
        weight=weight,
        urn=step.urn,
    )
