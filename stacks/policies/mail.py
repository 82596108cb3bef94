"""Mail: who may send as the zone, and what becomes of a forgery."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.environment import Environment
from core.resources import Resource, is_open
from core.settings.email import MOST_LOOKUPS
from core.settings.rules import SHORTEST_PREFIX
from stacks.policies.rule import Facts, Rule, Said, judged, ok, undecided, violated

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ALL = re.compile(r"([-+~?]?)all", re.IGNORECASE)
# RFC 7208 §5.3 to §5.6: a mechanism that lets send, with the lengths of its prefixes.
_PREFIXED = re.compile(
    r"[+]?(?P<name>a|mx|ip4|ip6)(:[^/]*)?(/(?P<length>\d{1,3}))?(//(?P<length6>\d{1,3}))?", re.IGNORECASE
)
# RFC 7208 §4.6.4: what takes a lookup.
_LOOKUP = re.compile(r"[-+~?]?(include:|a$|a[:/]|mx$|mx[:/]|ptr|exists:)|redirect=", re.IGNORECASE)


def _plain(record: Resource) -> str:
    content = str(record.properties.get("content") or "")
    return "".join(_STRING.findall(content)) if content.startswith('"') else content


def _texts(environment: Environment, start: str) -> Iterator[tuple[Resource, str]]:
    """TXT records that begin so, with their text; those whose text is not known, too."""
    for one in environment.of("DnsRecord"):
        if one.properties.get("type") == "TXT":
            text = _plain(one)
            if is_open(one.properties.get("content")) or text.lower().startswith(start):
                yield one, text


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _policy(facts: Facts) -> Iterator[Said]:
    name = f"_dmarc.{facts.zone}"
    found = facts.environment.records(name, "TXT")
    for one in found:
        policy = _tags(_plain(one)).get("p", "none").lower()
        content = one.properties.get("content")
        yield judged(one.name, content, policy in ("quarantine", "reject"), f"its policy is {policy}", one)
    if not found:
        yield violated(name, "there is no DMARC record")
    several = [one for one in found if _plain(one).lower().startswith("v=dmarc1")]
    if len(several) > 1:
        yield violated(name, f"{len(several)} DMARC records: receivers heed none of them", several[1])


def _no_test(facts: Facts) -> Iterator[Said]:
    for one, text in _texts(facts.environment, "v=dmarc1"):
        tags = _tags(text)
        testing = tags.get("t", "n").lower() == "y" or tags.get("pct", "100") != "100"
        yield judged(one.name, one.properties.get("content"), not testing, "it asks receivers only to try it out", one)


def _closed_spf(facts: Facts) -> Iterator[Said]:
    for one, text in _texts(facts.environment, "v=spf1"):
        content = one.properties.get("content")
        ends = [match[1] or "+" for term in text.split() if (match := _ALL.fullmatch(term))]
        redirects = any(term.lower().startswith("redirect=") for term in text.split())
        if not ends and redirects:
            yield undecided(one.name, "another record, which redirect= names, says what becomes of everybody else", one)
            continue
        said = f"it ends with {ends[0]}all" if ends else "it says nothing of everybody else"
        wide = next(filter(_is_wide, text.split()), "")
        said = f"{wide} lets nearly everybody send" if wide else said
        yield judged(one.name, content, bool(ends) and ends[0] in "-~" and not wide, said, one)


def _is_wide(term: str) -> bool:
    """Whether a mechanism takes in a large part of the internet: ``ip4:0.0.0.0/1``, ``mx/0``, ``a//4``."""
    found = _PREFIXED.fullmatch(term)
    if found is None:
        return False
    version = 6 if found["name"].lower() == "ip6" else 4
    lengths = ((version, found["length"]), (6, found["length6"]))
    return any(length and int(length) < SHORTEST_PREFIX[kind] for kind, length in lengths)


def _lookups(facts: Facts) -> Iterator[Said]:
    for one, text in _texts(facts.environment, "v=spf1"):
        count = sum(1 for term in text.split()[1:] if _LOOKUP.match(term))
        said = f"it takes {count} lookups, without those in what it includes"
        yield judged(one.name, one.properties.get("content"), count <= MOST_LOOKUPS, said, one)


def _one_spf(facts: Facts) -> Iterator[Said]:
    """RFC 7208 §4.5: two records are a permanent error, as none would be."""
    by_name: dict[str, list[Resource]] = {}
    for one, text in _texts(facts.environment, "v=spf1"):
        if text:
            by_name.setdefault(str(one.properties.get("name")), []).append(one)
    for name, records in by_name.items():
        yield ok(name) if len(records) == 1 else violated(name, f"it has {len(records)} SPF records", records[1])


RULES = (
    Rule(
        "mail.dmarc",
        "Without a DMARC policy, receivers take in forgeries of the zone (RFC 9989)",
        "set email.dmarc.policy to quarantine or reject",
        _policy,
    ),
    Rule(
        "mail.dmarc-test",
        "In test mode (t=y) or for a part of the mail (pct), DMARC enforces nothing that can be relied on",
        "take t=y and pct out of the record",
        _no_test,
    ),
    Rule(
        "mail.spf-all",
        "SPF that ends with +all, ?all or nothing lets everybody send as the zone (RFC 7208 §5.1)",
        "set email.others to fail or softfail",
        _closed_spf,
    ),
    Rule(
        "mail.spf-lookups",
        "Receivers give up on SPF after 10 lookups, and then it counts as an error (RFC 7208 §4.6.4)",
        "name networks in email.senders instead of includes",
        _lookups,
    ),
    Rule("mail.spf-one", "Two SPF records at a name are an error to receivers (RFC 7208 §4.5)", "keep one", _one_spf),
)
