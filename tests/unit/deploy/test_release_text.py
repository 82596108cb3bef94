"""What a person reads while and after a release."""

from __future__ import annotations

import json
from contextlib import nullcontext

import pytest

from cli import release_text as text
from cli.release import require_edge
from core.errors import HostError, RollbackError
from deploy.edge import IN_MAINTENANCE, NOT_ASKED, EdgeOutcome
from deploy.facts import HostFacts, Kept
from deploy.fleet import Gathered
from deploy.forward import Deployed
from deploy.journal import BEGIN, DEPLOY, DONE, ROLLBACK, SWITCH, Entry
from deploy.layout import Colour
from rollback.api import RolledBack

SEEN = EdgeOutcome(True, True)


def entry(at: str, run: str, action: str, step: str, version: str, result: str = "ok") -> Entry:
    return Entry(at, run, "me@desk", action, step, version, "d", "blue", result, 1.5)


JOURNAL = (
    entry("2026-01-01", "r1", DEPLOY, BEGIN, "1"),
    entry("2026-01-02", "r1", DEPLOY, SWITCH, "1"),
    entry("2026-01-03", "r1", DEPLOY, DONE, "1"),
    entry("2026-01-04", "r2", DEPLOY, BEGIN, "2"),
    entry("2026-01-05", "r2", DEPLOY, "refused", "2", "not healthy\x1b[2J"),
    entry("2026-01-06", "r3", ROLLBACK, BEGIN, "1"),
)


def host(name: str, version: str = "1", colour: Colour = "blue") -> HostFacts:
    kept = {version: Kept(version, "abc", "/healthz")}
    return HostFacts(name, "blue", colour, {"blue": version, "green": "0"}, frozenset(), kept, JOURNAL)


@pytest.mark.parametrize(
    ("states", "line"),
    [
        (
            {"a": "seen", "b": "seen", "edge": "verified"},
            "✓ switch         1.25 s  a, b seen; edge verified",
        ),
        (dict.fromkeys("abcd", "sent"), "✓ switch         1.25 s  4 hosts sent"),
        ({"a": "sent", "b": "failed"}, "✗ switch         1.25 s  a sent; b failed"),
        ({"a": "verified", "edge": "502\x1b[2J"}, "✗ switch         1.25 s  a verified; edge 502\\x1b[2J"),
        (
            {"a": "verified", "edge": IN_MAINTENANCE.words},
            f"✓ switch         1.25 s  a verified; edge {IN_MAINTENANCE.words}",
        ),
        (dict.fromkeys("abcd", "not done"), "✗ switch         1.25 s  4 hosts not done"),
        ({}, "✓ switch         1.25 s  "),
        ({"a": "verified", "edge": NOT_ASKED.words}, f"✓ switch         1.25 s  a verified; edge {NOT_ASKED.words}"),
    ],
)
def test_a_phase_is_a_line_without_colours_in_a_pipe(
    capsys: pytest.CaptureFixture[str], states: dict[str, str], line: str
) -> None:
    text.progress(quiet=False).phase("switch", 1.25, states)
    assert capsys.readouterr().out == f"{line}\n"


def test_a_deploy_ends_with_the_way_back_where_there_is_one() -> None:
    done = Deployed("2", {"a": "1"}, {"a": "green"}, False, SEEN, 3.25, {}, (40, 1))
    assert text.deployed(done, "lab") == (
        "2 is live on 1 host in 3.25 s, seen on each; edge: verified; watched: 40 requests, 1 5xx\n"
        "to take it back: invoke rollback --stack lab"
    )
    assert "take it back" not in text.deployed(Deployed("2", {"a": None}, {"a": "blue"}, False, SEEN, 1.0), "lab")


def test_a_rollback_ends_beside_its_budget_and_says_what_it_could_not() -> None:
    done = RolledBack("1", {"a": "2", "b": "2"}, ("b",), ("a",), SEEN, 700.0, 600.0)
    lines = text.rolled_back(done, "").splitlines()
    assert lines[0].startswith("back on 1 (started on b) in 700.00 s of the 600 s budget, seen on each of 2 hosts")
    assert lines[1].startswith("that is over the budget")
    assert lines[2] == "not written down on a: free disk space there, then run it again"
    assert text.document(done)["edge"] == {"verified": True, "reason": ""}


@pytest.mark.parametrize(
    ("edge", "fails"),
    [(SEEN, False), (IN_MAINTENANCE, False), (EdgeOutcome(False, False, "the edge could not be asked: refused"), True)],
)
def test_a_way_back_that_the_edge_denies_fails_and_one_behind_the_maintenance_page_does_not(
    edge: EdgeOutcome, fails: bool
) -> None:
    done = RolledBack("1", {"a": "2"}, (), (), edge, 1.0, 600.0)
    with pytest.raises(RollbackError, match="through the edge") if fails else nullcontext():
        require_edge(done)


def test_releases_tell_of_a_boot_that_would_differ_of_a_split_and_of_what_was_cut_short() -> None:
    shown = text.releases({"a": host("a"), "b": host("b", "2", colour="green")})
    assert "a boot would serve 0" in shown
    assert "the hosts serve different versions: a serves 1, b serves 2" in shown
    assert shown.splitlines()[-3:] == [
        "2026-01-03  deploy   1                me@desk  done after 1.5 s",
        "2026-01-05  deploy   2                me@desk  refused after 1.5 s: not healthy\\x1b[2J",
        "2026-01-06  rollback 1                me@desk  cut short",
    ]


def test_the_document_of_releases_is_json() -> None:
    asked: Gathered[HostFacts] = Gathered()
    asked.good["a"], asked.bad["b"] = host("a"), HostError("b refuses connections: is it on?")
    found = json.loads(json.dumps(text.releases_json(asked)))
    assert found["hosts"][1] == {"name": "b", "error": "b refuses connections: is it on?"}
    assert found["hosts"][0]["version"] == "1"
    assert found["hosts"][0]["good"] == ["1"]
