"""A platform that gives everybody the same answer: where it does not answer, or refuses all, nothing is well."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core.site import Mail, Reply
from readiness.check import Outcome, Row
from readiness.rows import all_probes
from readiness.run import Limits, run
from tests.unit.readiness.fakes import make_target
from tests.unit.readiness.platform import Platform
from tests.unit.readiness.scripted import Scripted

HTML = ("Content-Type", "text/html; charset=utf-8")
ANSWERS = {
    "nothing": Reply(0, reason="no answer within 10 s"),
    "403": Reply(403, (HTML,), b"no"),
    "404": Reply(404, (HTML,), b"no"),
    "429": Reply(429, (HTML, ("Retry-After", "1")), b"no"),
    "500": Reply(500, (HTML,), b"no"),
    "503": Reply(503, (HTML,), b"no"),
    "redirect": Reply(302, (HTML, ("Location", "/")), b""),
}
# What is read in the stack's file, and no answer of the platform's.
BY_THE_FILE = {"monitoring.checks-declared", "monitoring.certificate-alerts", "email.reverse-dns"}
ALSO = {
    # Whoever is asked round the edge and refuses, or does not answer, is closed.
    "nothing": {"headers.origin-closed"},
    "403": {"headers.origin-closed", "authorization.graphql"},
    "404": {"authorization.graphql"},
    # It answers, and every answer is one: a form's success is a redirect.
    "redirect": {
        *("authorization.graphql", "headers.cors-origins", "headers.cors-preflight", "headers.open-redirect"),
        *("auth.password-long-accepted", "auth.password-any-composition"),
    },
}
# The scanner and the repository are no answers of the platform's.
PROBES = [probe for probe in all_probes() if probe.row is not Row.SECRETS]


class NoMail:
    """Fulfils :class:`core.site.Mailbox`: nothing arrives."""

    def address(self, tag: str) -> str:
        """One of the zone."""
        return f"{tag}@community.test"

    def wait(self, _address: str, *, seen: Sequence[str] = (), seconds: float = 10.0) -> list[Mail]:
        """Nothing."""
        del seen, seconds
        return []


@pytest.mark.parametrize("kind", list(ANSWERS))
def test_what_is_not_seen_is_not_well(kind: str, tmp_path: Path) -> None:
    def visitor(*_args: object, **_options: object) -> Scripted:
        return Scripted(lambda _method, _url, _headers: ANSWERS[kind])

    target = make_target(Platform(), tmp_path, visitor=visitor, behind_edge=visitor, direct=visitor, mailbox=NoMail())
    found = run(PROBES, target, Limits(seconds=60, grace=1), lambda _result, _seconds: None)
    good = {each.check.id for each in found.results if each.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE)}
    assert good == BY_THE_FILE | ALSO.get(kind, set())
