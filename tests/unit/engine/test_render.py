"""What a person sees."""

from __future__ import annotations

import io

import pytest

from lab.engine import render
from lab.engine.model import Event, Op, Result
from lab.engine.terminal import progress_to

TYPE = "cloudflare:index/dnsRecord:DnsRecord"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            Event("resource", op="create", status="done", seconds=0.044, type=TYPE, name="app"),
            " + create           cloudflare:DnsRecord  app  0.04 s",
        ),
        (
            Event("resource", op="update", status="failed", seconds=1.5, type=TYPE, name="app"),
            " ~ update           cloudflare:DnsRecord  app  1.50 s  failed",
        ),
        (Event("resource", op="create", status="started", type=TYPE, name="app"), None),
        (Event("resource", op="same", status="done", type=TYPE, name="app"), None),
        (Event("log", severity="warning", message="mind\x1b[2J this"), "warning: mind\\x1b[2J this"),
        (Event("log", message="two\nlines"), "two\nlines"),
    ],
)
def test_an_event_is_a_line_or_nothing(event: Event, line: str | None) -> None:
    assert render.line(event) == line


def test_a_name_cannot_drive_the_terminal() -> None:
    event = Event("resource", op="create", status="done", type="a:b:c", name="\x1b]0;x\x07\u202e")
    assert "\x1b" not in str(render.line(event))
    assert "\u202e" not in str(render.line(event))


@pytest.mark.parametrize(
    ("changes", "planned", "lines"),
    [
        ({"create": 20}, False, ["Resources:", "    + 20 created", "Duration: 4.2 s"]),
        (
            {"create": 1, "delete": 2, "replace": 3, "same": 4, "update": 5},
            True,
            [
                "Resources:",
                "    + 1 to create",
                "    - 2 to delete",
                "    +- 3 to replace",
                "    ~ 5 to update",
                "    4 unchanged",
                "Duration: 4.2 s",
            ],
        ),
        ({"same": 7}, False, ["nothing changed: 7 resources are as they should be", "Duration: 4.2 s"]),
        ({}, True, ["nothing to change: 0 resources are as they should be", "Duration: 4.2 s"]),
    ],
)
def test_the_summary_counts_as_pulumi_does(changes: dict[str, int], planned: bool, lines: list[str]) -> None:
    assert render.result(Result(changes=changes, outputs={}, duration=4.2), planned=planned) == lines


def test_a_plan_shows_each_changed_property_with_both_values() -> None:
    step = {
        "op": "replace",
        "urn": "urn:pulumi:s::p::cloudflare:index/dnsRecord:DnsRecord::app",
        "oldState": {"type": TYPE, "inputs": {"ttl": 1, "rules": [{"x": "a"}], "gone": True}},
        "newState": {"type": TYPE, "inputs": {"ttl": 60, "rules": [{"x": "b"}, {"x": "c"}]}},
        "detailedDiff": {
            "ttl": {"kind": "update-replace"},
            "rules[0].x": {"kind": "update"},
            "rules[1]": {"kind": "add"},
            "gone": {"kind": "delete"},
        },
    }
    assert list(render.plan({"steps": [step]})) == [
        "+- replace  cloudflare:DnsRecord  app",
        "        ~ ttl: 1 → 60  (forces replacement)",
        '        ~ rules[0].x: "a" → "b"',
        '        + rules[1]: {"x": "c"}',
        "        - gone: true",
    ]


def test_outputs_stand_in_order_and_long_values_are_cut() -> None:
    lines = render.outputs({"z": "x" * 300, "a": [1]})
    assert lines[:2] == ["Outputs:", "    a: [1]"]
    assert len(lines[2]) < 120
    assert render.outputs({}) == []


def test_a_pipe_gets_plain_lines_and_a_terminal_colour() -> None:
    event = Event("resource", op=Op.CREATE, status="done", type="a:b:c", name="[bold]x")
    pipe = io.StringIO()
    progress_to(pipe)(event)
    assert pipe.getvalue() == " + create           a:c  [bold]x  0.00 s\n"

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    progress_to(terminal)(event)
    assert "[bold]x" in terminal.getvalue()
