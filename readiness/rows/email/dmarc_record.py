"""DMARC as RFC 9989 has it: the record, the tree walk that finds it, and alignment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from readiness.rows.email.dkim_key import tags_of
from readiness.rows.email.names import Names

VERSION = "v=DMARC1"
POLICIES = ("none", "quarantine", "reject")
_MOST_LABELS = 8
_KEPT_LABELS = 7
_ADDRESS = re.compile(r"(?i)mailto:[^@\s!]+@(?P<domain>[a-z0-9.-]+)(?:![0-9]+[kmgt]?)?")


@dataclass(frozen=True)
class Record:
    """What is published for ``domain``, by tag."""

    domain: str
    tags: dict[str, str]

    def policy(self, tag: str) -> str:
        """``p``, ``sp`` or ``np``; each of the latter is the one before it where it is not there (§4.7)."""
        for name in {"np": ("np", "sp", "p"), "sp": ("sp", "p"), "p": ("p",)}[tag]:
            if name in self.tags:
                return self.tags[name].lower()
        return ""

    def strict(self, tag: str) -> bool:
        """Whether ``adkim`` or ``aspf`` asks for the same domain."""
        return self.tags.get(tag, "r").lower() == "s"

    def report_domains(self) -> dict[str, str]:
        """The addresses of ``rua`` and ``ruf`` with the domain of each; "" for what is no mail address."""
        found = {}
        for address in (each.strip() for tag in ("rua", "ruf") for each in self.tags.get(tag, "").split(",")):
            if address:
                match = _ADDRESS.fullmatch(address)
                found[address] = match["domain"].lower() if match else ""
        return found


@dataclass(frozen=True)
class Walk:
    """What the walk up from ``domain`` met: records from the longest name to the shortest, and what did not answer."""

    domain: str
    records: tuple[Record, ...]
    silent: tuple[str, ...]

    @property
    def organizational(self) -> str:
        """The domain that all of an organization's names share (§4.10.2); the domain itself where nothing is found."""
        for record in self.records:
            psd = record.tags.get("psd", "u").lower()
            if psd == "n":
                return record.domain
            if psd == "y" and record.domain != self.domain:
                return ".".join(self.domain.split(".")[-record.domain.count(".") - 2 :])
        return self.records[-1].domain if self.records else self.domain

    @property
    def record(self) -> Record | None:
        """The one whose policy counts for the domain (§4.10.1): its own, else its organization's, else a suffix's."""
        wanted = (self.domain, self.organizational)
        return next((each for name in wanted for each in self.records if each.domain == name), self._suffix())

    def _suffix(self) -> Record | None:
        return next((each for each in self.records if each.tags.get("psd", "").lower() == "y"), None)


def published(names: Names, domain: str) -> list[str]:
    """The DMARC records at ``_dmarc.<domain>``. Raises :class:`core.errors.CheckError` where DNS did not say."""
    return names.texts(f"_dmarc.{domain}", VERSION)


def walk(names: Names, domain: str) -> Walk:
    """Go up from ``domain`` (§4.10): at most 8 questions. Two records at a name, or one that is no list, count as none.

    Names above the domain that do not answer are told in :attr:`Walk.silent`; for the domain itself,
    :class:`core.errors.CheckError` is raised.
    """
    domain = domain.rstrip(".").lower()
    labels, records, silent = domain.split("."), [], []
    while labels:
        name = ".".join(labels)
        if name != domain and names.find(f"_dmarc.{name}", "TXT").status not in ("NOERROR", "NXDOMAIN"):
            silent.append(name)
        elif (record := _single(names, name)) is not None:
            records.append(record)
            if record.tags.get("psd", "u").lower() in ("y", "n"):
                break
        labels = labels[-_KEPT_LABELS:] if len(labels) > _MOST_LABELS else labels[1:]
    return Walk(domain, tuple(records), tuple(silent))


def aligned(names: Names, author: str, vouched: str, *, strict: bool) -> bool:
    """Whether ``vouched``, what SPF or DKIM authenticated, speaks for ``author``, the domain of From (§4.4)."""
    author, vouched = author.rstrip(".").lower(), vouched.rstrip(".").lower()
    if author == vouched or strict:
        return author == vouched and bool(author)
    return walk(names, author).organizational == walk(names, vouched).organizational


def _single(names: Names, domain: str) -> Record | None:
    found = published(names, domain)
    if len(found) != 1:
        return None
    try:
        return Record(domain, tags_of(found[0]))
    except ValueError:
        return None
