"""A real message, that the platform sends to a new account: its signature, its way, and what its reader sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses
from functools import cached_property

from core.errors import CheckError
from core.settings.names import inside
from core.site import Mail
from readiness.check import Result, Said, Table, held, passed, unknown
from readiness.rows.email.bounces import bounced
from readiness.rows.email.checks import ALIGNED, FORM, SENT_FROM, SIGNED
from readiness.rows.email.dmarc_record import Record, aligned, walk
from readiness.rows.email.names import Names, judged
from readiness.rows.email.signatures import Signature, verify
from readiness.rows.email.spf_query import Evaluated, evaluate
from readiness.target import Target

_ONCE = ("From", "To", "Date", "Message-ID", "Subject")
_LONGEST_LINE = 998
_MOST_HEADER = 4000


class Seen:
    """A message, and what it is found to be once asked for; where DNS does not say, :class:`CheckError` is raised."""

    def __init__(self, names: Names, mail: Mail) -> None:
        self._names, self.mail = names, mail
        self.head: Message = message_from_bytes(mail.raw, policy=policy.compat32)

    @property
    def author(self) -> str:
        """The domain of From; "" where it does not name one author."""
        authors = [address for _name, address in getaddresses([str(each) for each in self.head.get_all("From", [])])]
        return authors[0].rpartition("@")[2].lower() if len(authors) == 1 else ""

    @cached_property
    def signatures(self) -> list[Signature]:
        """From the top."""
        return verify(self._names, self.mail.raw)

    @cached_property
    def spf(self) -> Evaluated | None:
        """None where it is not known how the message came."""
        mail = self.mail
        if not mail.peer:
            return None
        told = evaluate(self._names, mail.peer, mail.mail_from, mail.helo)
        if told.result == "temperror":
            raise CheckError(f"SPF cannot be evaluated ({told.why}): see to the name servers that it asks")
        return told


def message(target: Target) -> Iterator[Result]:
    """Sign up, and look at what comes; then have a message refused. Raises :class:`CheckError` if nothing does."""
    person = target.people.stranger("mail")
    target.people.sign_up(person)
    mail = target.people.mail_for(person, "after signing up")
    names, zone = Names(target.resolver), target.settings.zone.name
    seen = Seen(names, mail)
    selectors = [each.selector for each in target.settings.email.dkim if each.signs]
    yield judged(SIGNED, names, lambda: _signed(names, seen, zone, selectors))
    yield judged(SENT_FROM, names, lambda: _sent_from(names, seen))
    yield judged(ALIGNED, names, lambda: _aligned(names, seen, zone))
    yield _form(seen)
    yield bounced(target, mail.mail_from)


def _signed(names: Names, seen: Seen, zone: str, selectors: list[str]) -> Result:
    ours = [one for one in seen.signatures if inside(one.domain.lower(), zone)]
    good = [one for one in ours if one.good]
    wrong = [] if good else [f"{one.selector} of {one.domain}: {one.why}" for one in ours]
    if not ours:
        others = ", ".join(sorted({one.domain for one in seen.signatures}))
        wrong = [f"it is signed by {others} alone, not by {zone}" if others else "it has no DKIM signature"]
    missing = [name for name in ("from", "subject", "date") if good and name not in _lower(good[0].signed)]
    wrong += [f"the signature does not cover {', '.join(missing)}"] if missing else []
    wrong += [f"it is signed by {one.algorithm} (RFC 8301 §3.1)" for one in good if one.algorithm == "rsa-sha1"]
    wrong += [f"the key {one.selector} is not declared" for one in good if one.selector not in selectors]
    summary = f"{len(good)} of {len(seen.signatures)} signatures are good and of {zone}"
    return held(SIGNED, wrong, summary, _table(seen.signatures), _head(seen), names.said("Keys in DNS"))


def _sent_from(names: Names, seen: Seen) -> Result:
    if seen.spf is None:
        return unknown(
            SENT_FROM,
            "the inbox does not say from which address the message came: its server must add Received with it",
            _head(seen),
        )
    who = f"{seen.mail.peer} as {seen.mail.mail_from or '<>'}"
    wrong = [] if seen.spf.result == "pass" else [f"{who}: {seen.spf.result} {seen.spf.why}".rstrip()]
    summary = f"{who} passes by {seen.spf.mechanism or 'its record'}"
    return held(SENT_FROM, wrong, summary, _came(seen), names.said())


def _aligned(names: Names, seen: Seen, zone: str) -> Result:
    record = walk(names, seen.author).record if seen.author else None
    spf_domain = (seen.mail.mail_from.rpartition("@")[2] or seen.mail.helo) if seen.spf else ""
    vouched = [(f"DKIM {one.selector}", one.domain, one.good, "adkim") for one in seen.signatures]
    vouched += [("SPF", spf_domain, seen.spf is not None and seen.spf.result == "pass", "aspf")]
    rows = [_row(names, seen.author, record, each) for each in vouched]
    table = Table(
        "DMARC", ("by", "domain", "authenticated", "aligned strictly", "relaxed", "asked for", "passes"), tuple(rows)
    )
    wrong = list(_faults(seen, zone, record))
    passing = [row[0] for row in rows if row[-1] == "yes"]
    if not passing:
        wrong.append(f"neither DKIM nor SPF vouches for {seen.author or 'its author'}, which its reader sees")
    wrong += _verdict(seen)
    summary = f"{seen.author}: DMARC passes by {' and '.join(passing)}"
    return held(ALIGNED, wrong, summary, table, _head(seen), names.said())


def _faults(seen: Seen, zone: str, record: Record | None) -> Iterator[str]:
    if not seen.author:
        yield "From does not name one author"
    elif not inside(seen.author, zone):
        yield f"From is of {seen.author}, which is not in {zone}"
    elif record is None:
        yield f"there is no DMARC record for {seen.author}"


def _row(names: Names, author: str, record: Record | None, vouched: tuple[str, str, bool, str]) -> tuple[str, ...]:
    by, domain, good, tag = vouched
    strict = bool(record and record.strict(tag))
    tried = {mode: bool(domain) and aligned(names, author, domain, strict=mode) for mode in (True, False)}
    passes = good and record is not None and tried[strict]
    return (by, domain, *(_yes(each) for each in (good, tried[True], tried[False])), _mode(strict), _yes(passes))


def _verdict(seen: Seen) -> list[str]:
    """What the inbox's own server found (RFC 8601), where it says: only the topmost is its own."""
    told = " ".join(str(seen.head.get("Authentication-Results", "")).split())
    return [f"its receiver says: {told}"] if re.search(r"\bdmarc=fail\b", told) else []


def _form(seen: Seen) -> Result:
    counts = {name: len(seen.head.get_all(name, [])) for name in _ONCE}
    wrong = [f"{name} is there {count} times, not once" for name, count in counts.items() if count != 1]
    longest = max((len(line) for line in seen.mail.raw.split(b"\r\n")), default=0)
    if longest > _LONGEST_LINE:
        wrong.append(f"a line has {longest} bytes, and {_LONGEST_LINE} are the most")
    if b"\n" in seen.mail.raw.replace(b"\r\n", b""):
        wrong.append("lines end with LF alone")
    if str(seen.head.get("Auto-Submitted", "no")).lower() == "no":
        wrong.append("no Auto-Submitted says that no person sent it: holiday notices answer it")
    summary = f"{len(_ONCE)} of {len(_ONCE)} headers are there once, the longest line has {longest} bytes"
    return held(FORM, wrong, summary, _head(seen)) if wrong else passed(FORM, summary, _head(seen))


def _head(seen: Seen) -> Said:
    """The headers, not the text: that has a token in it."""
    head = re.split(rb"\r?\n\r?\n", seen.mail.raw, maxsplit=1)[0]
    return Said("The message's headers", head[:_MOST_HEADER].decode("utf-8", "replace"))


def _came(seen: Seen) -> Said:
    came = f"from {seen.mail.peer}\nHELO {seen.mail.helo}\nMAIL FROM:<{seen.mail.mail_from}>"
    return Said("How it was delivered", f"{came}\nRCPT TO:<{', '.join(seen.mail.to)}>")


def _table(signatures: list[Signature]) -> Table:
    rows = tuple(
        (one.domain, one.selector, one.algorithm, _yes(one.good), one.why, " ".join(one.signed)) for one in signatures
    )
    return Table("Signatures", ("domain", "selector", "algorithm", "good", "why not", "covers"), rows)


def _lower(names: tuple[str, ...]) -> set[str]:
    return {name.lower() for name in names}


def _mode(strict: bool) -> str:
    return "strict" if strict else "relaxed"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
