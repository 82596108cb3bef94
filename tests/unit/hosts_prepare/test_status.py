"""What `status` makes of what hosts say: the screen, the problems in their order, the next command."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cli import hosts_text
from core.errors import HostError
from core.ports import Ran
from deploy.fleet import Gathered
from deploy.hosts.status import HostStatus, Problem, problems, read_status
from deploy.journal import BEGIN, DONE, Entry

RECORD = json.dumps({"version": "2.0.0", "digest": "d", "health_path": "/healthz"})


def entry(step: str, run: str = "r1") -> str:
    return Entry("2026-01-01T00:00:00.000Z", run, "ann@laptop", "deploy", step, "2.0.0", "d", "green", "ok", 1.5).line()


def said(*more: str, **words: str) -> str:
    known = {
        "live": "green",
        "current": "green",
        "slot green": "2.0.0",
        "slot blue": "1.0.0",
        "release": RECORD,
        "health": "200 2.0.0",
        "nginx": "200 2.0.0",
        "in-flight blue": "0",
        "in-flight green": "7",
        "disk": "41% 12345678901",
        "recent": "200 1",
        "journal": entry(DONE),
    }
    return "".join(f"{word} {value}\n" for word, value in {**known, **words}.items()) + "".join(f"{m}\n" for m in more)


def host(*more: str, **words: str) -> HostStatus:
    return read_status("app-1", Ran(0, said(*more, **words), ""))


def gathered(**hosts: HostStatus | HostError) -> Gathered[HostStatus]:
    found: Gathered[HostStatus] = Gathered()
    for name, each in hosts.items():
        if isinstance(each, HostError):
            found.bad[name] = each
        else:
            found.good[name] = each
    return found


def test_a_whole_platform_has_no_problem_and_one_screen() -> None:
    found = gathered(a=host(), b=host())
    assert problems(found, "prod") == []
    screen = hosts_text.status(found, [])
    assert "a            2.0.0 green  healthy (answers 200, through nginx 200)" in screen
    assert "in flight: blue 0, green 7; last 5 min: 200 requests, 1 5xx; disk 41 % full, 11.5 GiB free" in screen
    assert "last: deploy 2.0.0, done (ok) by ann@laptop" in screen
    assert screen.endswith("whole: every host serves the same version, and answers well")
    document = hosts_text.status_json(found, [])
    assert document["whole"] is True
    assert document["hosts"][0]["in_flight"] == {"blue": 0, "green": 7}
    json.dumps(document)


@pytest.mark.parametrize(
    ("words", "what", "command"),
    [
        ({"health": "503 2.0.0"}, "2.0.0 answers 503 (2.0.0), through nginx 200", "invoke rollback --stack prod"),
        ({"health": "200 1.9.0"}, "2.0.0 answers 200 (1.9.0)", "invoke rollback --stack prod"),
        ({"nginx": "000 "}, "through nginx nothing", "invoke rollback --stack prod"),
        ({"recent": "200 11"}, "11 of 200 requests got 5xx", "invoke rollback --stack prod"),
        ({"disk": "90% 1"}, "the disk is 90 % full", "invoke hosts.audit --stack prod"),
        ({"maintenance": "on"}, "maintenance is on: a", "invoke maintenance.off --stack prod"),
        ({"live": "blue"}, "a boot would serve 1.0.0", "invoke deploy.resume --stack prod"),
        ({"journal": entry(BEGIN)}, "the deploy of 2.0.0 by ann@laptop", "invoke deploy.resume --stack prod"),
        ({"current": "-", "live": "-"}, "a serves nothing", "invoke deploy --stack prod --artifact FILE"),
    ],
)
def test_each_thing_that_is_wrong_is_named_with_its_command(words: dict[str, str], what: str, command: str) -> None:
    found = problems(gathered(a=host(**words)), "prod")
    assert what in found[0].what
    assert found[0].command.startswith(command)


def test_few_requests_say_nothing() -> None:
    assert problems(gathered(a=host(recent="19 19")), "prod") == []


def test_what_somebody_is_at_now_is_not_called_cut_short() -> None:
    lease = json.dumps({"who": "bob@ci", "action": "deploy", "since": "now"})
    busy = host(f"lease {lease}", "leased 120 5", "up 100", journal=entry(BEGIN), live="blue")
    assert problems(gathered(a=busy), "prod") == []
    assert "locked by bob@ci since now (deploy)" in hosts_text.status(gathered(a=busy), [])


def test_a_host_that_is_gone_comes_first_and_a_split_is_named() -> None:
    other = replace(host(), facts=replace(host().facts, slots={"green": "1.0.0"}))
    found = problems(gathered(a=host(), b=other, c=HostError("c refuses connections: is it on?")), "prod")
    assert found[0].what == "c refuses connections: is it on?"
    choose = "invoke rollback --stack prod --without c --to VERSION, the one that is good"
    assert found[0].command == choose
    assert found[1] == Problem("the hosts serve different versions: a serves 2.0.0, b serves 1.0.0", choose)


def test_a_split_is_told_with_what_would_become_of_it() -> None:
    first, second = entry(DONE, "r1"), (entry(BEGIN, "r2"), entry(DONE, "r2"))
    late = replace(host(journal=first), facts=replace(host(journal=first).facts, slots={"green": "1.0.0"}))
    ahead = host(*(f"journal {line}" for line in second), journal=first)
    found = problems(gathered(a=ahead, b=late), "prod")
    assert found[0].command == (
        "invoke deploy.catch-up --stack prod, which brings b to 2.0.0;"
        " or invoke rollback --stack prod --to VERSION, the one that is good"
    )


def test_a_host_that_is_gone_beside_others_that_are_well_is_no_reason_to_take_anything_back() -> None:
    found = problems(gathered(a=host(), c=HostError("c refuses connections: is it on?")), "prod")
    assert [each.command for each in found] == [
        "bring it back, or take it out of DNS; then invoke deploy.catch-up --stack prod"
    ]


def test_what_the_other_hosts_know_to_be_over_is_not_told_of_as_cut_short() -> None:
    before, begun = entry(DONE, "r0"), entry(BEGIN, "r1")
    refused = Entry("t", "r1", "ann@laptop", "deploy", "refused", "2.0.0", "d", "blue", "interrupted", 2.0).line()
    late = host(*(f"journal {line}" for line in (before, begun)), journal="x")
    other = host(*(f"journal {line}" for line in (before, begun, refused)), journal="x")
    assert problems(gathered(a=late, b=other), "prod") == []


def test_a_holder_of_the_lock_that_died_hides_nothing_that_was_cut_short() -> None:
    lease = json.dumps({"who": "bob@ci", "action": "deploy", "since": "now"})
    died = host(f"lease {lease}", "leased 1000 7", "up 1030", journal=entry(BEGIN))
    found = problems(gathered(a=died), "prod")
    assert found[0].command.startswith("invoke deploy.resume")
    assert "bob@ci since now (deploy), who went silent" in hosts_text.status(gathered(a=died), found)
    assert problems(gathered(a=host(f"lease {lease}", "leased 1000 7", "up 990", journal=entry(BEGIN))), "prod") == []


def test_with_no_host_in_reach_the_way_is_on_the_hosts() -> None:
    assert problems(gathered(a=HostError("a: gone")), "prod")[0].command.startswith("rollback-here")


@pytest.mark.parametrize("text", ["disk x\n", "live green\n", "recent 1\n"])
def test_a_host_that_says_something_else_is_named(text: str) -> None:
    with pytest.raises(HostError, match=r"app-1 does not say how it is: run `invoke hosts\.prepare`"):
        read_status("app-1", Ran(0, text, ""))


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    evil = Entry("t", "r", "x\x1b[2J", "deploy", DONE, "2.0.0", "d", "green", "ok", 1.0).line()
    assert "\x1b" not in hosts_text.status(gathered(a=host(journal=evil, health="200 \x1b[31m")), [])
    wrong = problems(gathered(a=host(health="200 \x1b[31m")), "prod")
    assert "\x1b" not in wrong[0].what
