"""The error event: that it comes, and what is in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.site import Arrival, Reply
from readiness.check import Outcome, Result
from readiness.people import Person
from readiness.rows.monitoring import PROBES
from tests.unit.readiness.fakes import FakeVisitor, make_target, results_of
from tests.unit.readiness.monitoring.live_world import Inbox
from tests.unit.readiness.platform import Platform

TRACKED = next(probe for probe in PROBES if probe.checks[0].id == "monitoring.error-tracked")


class Failing(FakeVisitor):
    """Somebody for whom the platform answers ``status``, and tells ``inbox`` of it with ``part`` of the request."""

    def __init__(self, status: int, inbox: Inbox | None = None, part: str = "", location: str = "") -> None:
        super().__init__(Platform())
        self._status, self._inbox, self._part = status, inbox, part
        self._headers = (("Location", location),) if location else ()

    def ask(self, method: str, url: str, **given: Any) -> Reply:
        marker = given["json"]["marker"]
        parts: dict[str, dict[str, Any]] = {
            "": {},
            "headers": {"request": {"headers": {"Cookie": "x", "Accept": "*/*"}}},
            "pairs": {"request": {"headers": [["Authorization", "x"]]}},
            "query": {"request": {"query_string": "a=1"}},
            "body": {"extra": given["json"]},
            "bearer": {"extra": given["headers"]},
            "entry": {"entries": [{"type": "request", "data": {"cookies": [["a", "b"]], "query": [["a", "1"]]}}]},
        }
        if self._inbox is not None:
            event = {"message": f"test {marker}", **parts[self._part]}
            envelope = "\n".join(['{"event_id": "1"}', '{"type": "event"}', json.dumps(event)])
            self._inbox.arrived.append(Arrival("1", "2026-11-30T00:00:00Z", "/api/1/envelope/", {}, envelope))
        return Reply(self._status, self._headers)


def results(visitor: FakeVisitor, monkeypatch: pytest.MonkeyPatch, **means: Any) -> dict[str, Result]:
    target = make_target(Platform(), **means)
    admin = Person("admin@community.test", "Admin", "p", visitor)
    monkeypatch.setattr(target.people, "admin", lambda: admin)
    return results_of(TRACKED, target)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("", ""),
        ("headers", "it has the header cookie"),
        ("pairs", "it has the header authorization"),
        ("query", "it has the request's query_string"),
        ("body", "it holds the card number of the request"),
        ("bearer", "it holds the JWT of the request"),
        ("entry", "it has the request's cookies; it has the request's query_string"),
    ],
)
def test_an_event_holds_nothing_of_the_request(part: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox()
    found = results(Failing(500, inbox, part), monkeypatch, errors=inbox)
    assert found["monitoring.error-tracked"].outcome is Outcome.PASS
    result = found["monitoring.error-scrubbed"]
    assert result.outcome is (Outcome.FAIL if words else Outcome.PASS)
    assert words in result.summary


def test_no_event_is_a_failure_and_nothing_is_said_of_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    found = results(Failing(500), monkeypatch, errors=Inbox())
    assert found["monitoring.error-tracked"].outcome is Outcome.FAIL
    assert found["monitoring.error-scrubbed"].outcome is Outcome.CANNOT_TELL


def test_where_no_error_happens_or_nobody_can_look_it_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for visitor, means in ((Failing(404), {"errors": Inbox()}), (Failing(500), {})):
        found = results(visitor, monkeypatch, **means)
        assert {result.outcome for result in found.values()} == {Outcome.CANNOT_TELL}


@pytest.mark.parametrize(
    "edge",
    [
        Failing(403),
        Failing(302, location="https://team.cloudflareaccess.com/cdn-cgi/access/login/app.community.test?kid=1"),
    ],
    ids=["the firewall", "Access"],
)
def test_where_the_edge_keeps_visitors_out_the_host_is_asked(edge: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox()
    behind = Failing(500, inbox)
    found = results(edge, monkeypatch, errors=inbox, behind_edge=lambda: behind)
    assert found["monitoring.error-tracked"].outcome is Outcome.PASS
    assert "past the edge" in repr(found["monitoring.error-tracked"].evidence)
