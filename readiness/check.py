"""What is asked and what came of it: checks, outcomes, evidence. Values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class Row(StrEnum):
    """The ten rows, in the order in which reports have them."""

    AUTH = "auth"
    AUTHORIZATION = "authorization"
    SECRETS = "secrets"
    EMAIL = "email"
    LIMITS = "rate-limits"
    INPUTS = "inputs"
    HEADERS = "headers"
    MONITORING = "monitoring"
    DEPLOYMENT = "deployment"
    PERFORMANCE = "performance"


TITLES: dict[Row, str] = {
    Row.AUTH: "Auth hardening",
    Row.AUTHORIZATION: "Authorization",
    Row.SECRETS: "Secrets",
    Row.EMAIL: "Email deliverability",
    Row.LIMITS: "Rate limiting",
    Row.INPUTS: "Input validation and uploads",
    Row.HEADERS: "CORS, headers and TLS",
    Row.MONITORING: "Monitoring",
    Row.DEPLOYMENT: "Deployment safety",
    Row.PERFORMANCE: "Performance",
}


class Severity(StrEnum):
    """How bad a failure is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Outcome(StrEnum):
    """What came of a check. Only :attr:`PASS` says that something was seen to be well."""

    PASS = "pass"  # noqa: S105 - a word, no password
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"
    """It was not asked, not answered, or not all of it: never a pass."""
    NOT_APPLICABLE = "not applicable"
    """The platform has nothing that it could be about, and that was seen."""


@dataclass(frozen=True)
class Check:
    """One question. ``id`` is stable: ``<row>.<words-with-hyphens>``, and people's waivers name it.

    ``title`` is what holds when it passes, ``breaks`` what happens if it fails, ``fix`` how to mend it (one or two
    sentences each); ``references`` are like ``ASVS 5.0.0 3.3.1`` or ``OWASP API1:2023``.
    """

    id: str
    row: Row
    severity: Severity
    title: str
    breaks: str
    fix: str
    references: tuple[str, ...]


def check_of(row: Row, words: str, severity: Severity, title: str, breaks: str, fix: str, *references: str) -> Check:
    """A check of ``row`` whose id ends in ``words``."""
    return Check(f"{row}.{words}", row, severity, title, breaks, fix, references)


@dataclass(frozen=True)
class Said:
    """Evidence in lines: a request and its answer, a record, a log line, a command with its version."""

    title: str
    text: str


@dataclass(frozen=True)
class Table:
    """Evidence as a table; every row has as many cells as there are ``columns``."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """Evidence to look at. ``media_type`` is ``image/svg+xml``, ``image/png`` or ``image/jpeg``; ``alt`` says it in
    words.
    """

    title: str
    media_type: str
    data: bytes = field(repr=False)
    alt: str


Evidence: TypeAlias = Said | Table | Picture


@dataclass(frozen=True)
class Result:
    """What came of one check. ``summary`` is one sentence with figures (how many were looked at), for people."""

    check: Check
    outcome: Outcome
    summary: str
    evidence: tuple[Evidence, ...] = ()


def passed(check: Check, summary: str, *evidence: Evidence) -> Result:
    """It holds, and ``summary`` says over how much that was seen."""
    return Result(check, Outcome.PASS, summary, evidence)


def failed(check: Check, summary: str, *evidence: Evidence) -> Result:
    """It does not hold."""
    return Result(check, Outcome.FAIL, summary, evidence)


def unknown(check: Check, why: str, *evidence: Evidence) -> Result:
    """It could not be told; ``why`` ends with what would make it so."""
    return Result(check, Outcome.CANNOT_TELL, why, evidence)


def beside_the_point(check: Check, why: str, *evidence: Evidence) -> Result:
    """The platform has nothing of the kind."""
    return Result(check, Outcome.NOT_APPLICABLE, why, evidence)


def held(check: Check, wrong: Sequence[str], summary: str, *evidence: Evidence) -> Result:
    """Passed with ``summary`` where nothing is ``wrong``; else failed with all that is, joined."""
    return failed(check, "; ".join(wrong), *evidence) if wrong else passed(check, summary, *evidence)
