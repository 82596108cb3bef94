"""What is read from hosts, and what is decided by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import HealthError, HostError
from core.ports import Ran
from core.settings.release import Release, Watch
from core.terminal import clean
from deploy.artifact import Artifact
from deploy.commands import Check
from deploy.facts import HostFacts, Kept, failure, read_facts
from deploy.health import Started, read_start
from deploy.journal import BEGIN, DEPLOY, DONE, MIGRATE, Entry
from deploy.layout import Colour
from deploy.manifest import Manifest
from deploy.plan import Place, place, prunable, refusals, schema_refusals
from deploy.redact import redact
from deploy.switch import Mark, read_switch
from deploy.watch import Look, Watched, read_look, verdict

CHECK = Check("/healthz", 200, "2")
SAID = """\
live blue
current green
slot blue 1
socket blue
slot green 2
release {"version":"1","digest":"d1","health_path":"/h","schema":{"minimum":1,"maximum":3,"target":2}}
release {"version":"../../etc","digest":"d","health_path":"/h"}
release not json
journal not json either
space 1000 500 400
nginx ok
env DATABASE_URL
env SESSION_KEY
end
"""


class Sized(Artifact):
    packed_bytes = 100


def artifact(**options: Any) -> Artifact:
    text = {"name": "x", "version": "2", "command": ["serve"], "health_path": "/healthz", **options}
    return Sized(Path("/nowhere"), "d2", Manifest.model_validate_json(json.dumps(text)), 500, 10)


def host(live: str | None = "1", journal: tuple[Entry, ...] = (), kept: Mapping[str, Kept] | None = None) -> HostFacts:
    slots: dict[Colour, str] = {"blue": live} if live else {}
    colour: Colour | None = "blue" if live else None
    return HostFacts("a", colour, colour, slots, frozenset(), kept or {}, journal)


def line(step: str, version: str, schema: int | None = None) -> Entry:
    return Entry("2026", version, "me", DEPLOY, step, version, "d", "blue", "ok", 1.0, schema)


def test_facts_are_read_and_what_is_not_ours_is_passed_over() -> None:
    facts = read_facts("a", Ran(0, SAID, ""))
    assert (facts.serving, facts.version, facts.idle, facts.settled) == ("green", "2", "blue", False)
    assert facts.kept == {"1": Kept("1", "d1", "/h", 1, 3, 2)}
    assert facts.sockets == {"blue"}
    assert facts.preflight is not None
    assert (facts.preflight.free_bytes, facts.preflight.free_inodes) == (1000, 400)
    assert facts.preflight.environment == {"DATABASE_URL", "SESSION_KEY"}


def test_a_file_system_without_inodes_counts_none() -> None:
    facts = read_facts("a", Ran(0, SAID.replace("500 400", "0 0"), ""))
    assert facts.preflight is not None
    assert facts.preflight.free_inodes is None


@given(st.text())
def test_whatever_a_host_says_is_facts_or_a_host_error(text: str) -> None:
    with suppress(HostError):
        assert read_facts("a", Ran(0, text, "")).name == "a"


def test_a_host_that_is_not_prepared_says_what_to_do() -> None:
    with pytest.raises(HostError, match=r"^a is not prepared for releases: run scripts/prepare-host on it as root$"):
        read_facts("a", Ran(69, "unprepared\n", ""))


@pytest.mark.parametrize(
    ("ran", "said"),
    [
        (Ran(75, "failed a step runs\n", "noise"), "a step runs"),
        (Ran(1, "", "first\nlast\x1b[31m\n"), "last\\x1b[31m"),
        (Ran(2, "", ""), "a step ended with exit status 2"),
        (Ran(1, "", "tar: x: Cannot write: No space left on device"), "its disk is full"),
        (Ran(1, "", "sudo: a password is required\n"), "its releaser may not do that as root (sudo: a password"),
    ],
)
def test_why_a_step_failed_is_one_clean_line(ran: Ran, said: str) -> None:
    assert failure(ran).startswith(said)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("000 ", "nothing answers /healthz on its socket"),
        ("503 2", "/healthz answers 503, not 200"),
        ("200 1", "answers with X-Release '1', not '2'"),
        ("200 2", "/healthz answered right at last, but not often enough before the deadline"),
        ("200 \x1b[2J", r"X-Release '\\x1b[2J'"),
    ],
)
def test_an_unhealthy_release_is_told_with_its_last_words(answer: str, reason: str) -> None:
    with pytest.raises(HealthError) as refused:
        read_start("a", CHECK, [f"unhealthy {answer}", "log boom", "log token=abc123"])
    assert reason in str(refused.value)
    assert str(refused.value).endswith("its last words:\n  | boom\n  | token=[secret]")


def test_a_healthy_one_is_warm_or_not() -> None:
    assert read_start("a", CHECK, ["healthy warm"]) == Started(warm=True)
    assert read_start("a", CHECK, ["healthy cold"]) == Started(warm=False)
    with pytest.raises(HealthError, match="without a word"):
        read_start("a", CHECK, [])


def test_a_switch_counts_only_if_nginx_was_seen_to_answer() -> None:
    assert read_switch("a", CHECK, ["switched 7 90 1.2", "verified"]) == Mark(7, 90, "1.2")
    with pytest.raises(HostError, match=r"a: nginx there answers '502 ' for /healthz, not 200 2"):
        read_switch("a", CHECK, ["switched 7 90 1.2", "unverified 502 "])


@pytest.mark.parametrize(
    ("looks", "reason"),
    [
        ([(100, 5, True, "s")], None),
        ([(100, 6, True, "s")], "6 of its 100 answers were 5xx (6.0%, and the limit is 5.0%)"),
        ([(19, 19, True, "s")], None),
        ([(19, 19, True, "s"), (1, 0, True, "s")], "19 of its 20 answers"),
        ([(0, 0, False, "s")] * 2, None),
        ([(0, 0, False, "s")] * 3, "it has not been healthy on a for 3 looks in a row"),
        ([(0, 0, False, "s"), (0, 0, True, "s"), (0, 0, False, "s"), (0, 0, False, "s")], None),
        ([(0, 0, True, "t")], "it was restarted on a"),
    ],
)
def test_what_takes_a_release_back(looks: list[tuple[int, int, bool, str]], reason: str | None) -> None:
    watched = {"a": Watched(Mark(1, 0, "s"))}
    for requests, errors, healthy, socket in looks:
        watched["a"].add(Look(Mark(1, 0, socket), requests, errors, healthy))
    found = verdict(watched, Watch())
    assert found is None if reason is None else found is not None and reason in found


def test_errors_count_over_all_hosts() -> None:
    watched = {"a": Watched(Mark(1, 0, "s"), 15, 1), "b": Watched(Mark(1, 0, "s"), 15, 1)}
    assert verdict(watched, Watch()) is not None
    assert verdict({"a": watched["a"]}, Watch()) is None


def test_a_look_is_read() -> None:
    said = ["mark 7 99", "requests 12 3", "socket 5.6", "unhealthy 503 2"]
    assert read_look(said) == Look(Mark(7, 99, "5.6"), 12, 3, healthy=False)


def test_the_place_is_the_idle_colour_or_where_it_serves_already() -> None:
    assert place(host(live=None), "2") == Place("blue", None, None, None, warm=False)
    assert place(host(live="1"), "2") == Place("green", "blue", "1", None, warm=False)
    assert not place(host(live="2"), "2").moves


def test_all_that_speaks_against_a_host_is_said() -> None:
    facts = read_facts("a", Ran(0, SAID.replace("nginx ok", "nginx [emerg] oops").replace("500 400", "500 3"), ""))
    facts.kept.pop("2", None)  # type: ignore[attr-defined]
    found = refusals({"a": facts}, artifact(environment=["SESSION_KEY", "OTHER"]), Release())
    assert [reason.split(" ")[1] for reason in found] == ["has", "has", "nginx", "/etc/app/env"]
    assert "does not set OTHER: " in found[3]


def test_a_schema_that_the_live_release_cannot_live_with_is_refused() -> None:
    old = Kept("1", "d", "/", 1, 2)
    schema = {"minimum": 2, "maximum": 3, "target": 3}
    moving = artifact(schema=schema, migrations={"command": ["m"]})
    (reason,) = schema_refusals({"a": host(kept={"1": old})}, moving.kept())
    assert "a serves 1, which cannot live with schema 3 that 2 brings" in reason
    at_two = host(journal=(line(MIGRATE, "1", 2),), kept={"1": old})
    assert schema_refusals({"a": at_two}, artifact(schema=schema).kept()) == []
    at_four = host(journal=(line(MIGRATE, "1", 4),), kept={"1": Kept("1", "d", "/")})
    (reason,) = schema_refusals({"a": at_four}, artifact(schema=schema).kept())
    assert reason == "release 2 lives with schema 2 to 3, and the database would be at 4"


def test_what_may_go_is_neither_live_nor_before_nor_in_a_slot_nor_good_and_new() -> None:
    journal = tuple(line(step, version) for version in ("1", "2", "3", "4") for step in (BEGIN, DONE))
    kept = {version: Kept(version, "d", "/") for version in ("1", "2", "3", "4", "5", "bad")}
    facts = host(live="4", journal=journal, kept=kept)
    assert prunable(facts, Place("green", "blue", "4", None, warm=False), "5", 3) == ("1", "2", "bad")
    assert prunable(facts, Place("green", "blue", "4", None, warm=False), "5", 2) == ("1", "2", "3", "bad")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET postgresql://app:s3cr:et@db/x failed", "GET postgresql://[secret]@db/x failed"),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: Bearer [secret]"),
        ('{"api_key": "abcdef", "n": 1}', '{"api_key": "[secret]", "n": 1}'),
        ("SESSION_KEY=abcdef, PORT=80", "SESSION_KEY=[secret], PORT=80"),
        ("cookie eyJhbGciOi.eyJzdWIi.c2ln end", "cookie [secret] end"),
        ("a plain line: 12 of 13", "a plain line: 12 of 13"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(st.text(max_size=2000))
def test_a_log_line_is_short_and_cannot_drive_a_terminal(text: str) -> None:
    shown = redact(text)
    assert len(shown) <= 300
    assert clean(shown) == shown
