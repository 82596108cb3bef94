"""The DKIM keys that are declared, as DNS has them."""

from __future__ import annotations

from collections.abc import Iterator

from core.settings.dkim import Selector
from readiness.check import Result, Table, beside_the_point, held
from readiness.rows.email.checks import DKIM_KEYS
from readiness.rows.email.dkim_key import KeyRecord, faults, parse
from readiness.rows.email.names import Names, judged
from readiness.target import Target


def dkim_keys(target: Target) -> Iterator[Result]:
    """Each selector."""
    names = Names(target.resolver)
    yield judged(DKIM_KEYS, names, lambda: _keys(names, target.settings.email.dkim, target.settings.zone.name))


def _keys(names: Names, selectors: tuple[Selector, ...], zone: str) -> Result:
    if not selectors:
        return beside_the_point(DKIM_KEYS, f"no key of {zone} is declared, and nobody sends as it", names.said())
    wrong: list[str] = []
    rows: list[tuple[str, ...]] = []
    for selector in selectors:
        name = f"{selector.selector}._domainkey.{zone}"
        said, row = _one(names, selector, name)
        wrong += [f"{selector.selector}: {each}" for each in said]
        rows.append((name, *row))
    table = Table("DKIM keys", ("name", "declared", "published", "bits"), tuple(rows))
    return held(DKIM_KEYS, wrong, f"{len(selectors)} of {len(selectors)} keys as declared", table, names.said())


def _one(names: Names, selector: Selector, name: str) -> tuple[list[str], tuple[str, str, str]]:
    declared = "revoked" if selector.revoked else f"at {selector.cname}" if selector.cname else selector.algorithm
    texts = names.records(name, "TXT")
    if len(texts) != 1:
        # RFC 6376 §3.6.2.2: with more than one, what a receiver takes is undefined.
        what = "nothing is" if not texts else f"{len(texts)} records are"
        return [f"{what} published, and one is wanted"], (declared, what, "")
    try:
        record = parse(texts[0])
    except ValueError as error:
        return [f"its record cannot be read: {error}"], (declared, "unreadable", "")
    published = "revoked" if record.revoked else record.kind
    return list(_judged(names, selector, record, name)), (declared, published, str(record.bits or ""))


def _judged(names: Names, selector: Selector, record: KeyRecord, name: str) -> Iterator[str]:
    if selector.revoked:
        if not record.revoked:
            yield "it is declared revoked, and a key is published"
        return
    yield from faults(record)
    if selector.public_key and not record.revoked and record.key != selector.public_key:
        yield "another key is published than is declared: what is signed with the declared one does not verify"
    if selector.cname and selector.cname not in (each.lower() for each in names.find(name, "TXT").chain):
        yield f"it does not lead to {selector.cname}"
