"""The handover: what the stack's file, the hosts and the last run say, as Markdown and as a page."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from cli.declared import stack_without_hosts
from core.settings.stack import Stack
from deploy.facts import HostFacts
from readiness.check import Row, Table
from readiness.handover import declared, seen
from readiness.handover.html import as_html
from readiness.handover.markdown import as_markdown
from readiness.handover.model import Handover, Part
from readiness.history import KnownRow
from readiness.report.model import State

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "</table><script>alert(1)</script> | `rm -rf` [x](javascript:1) \x1b[2J"


@pytest.fixture(scope="module")
def stack() -> Stack:
    return stack_without_hosts(ROOT, "example")


def cells(part: Part) -> set[str]:
    return {cell for row in part.table.rows for cell in row} if part.table else set()


def test_every_domain_and_secret_and_alert_of_the_file_is_in_it(stack: Stack) -> None:
    names = cells(declared.domains(stack))
    assert {zone.name for zone in stack.other_zones.zones} <= names
    assert len(declared.domains(stack).table.rows) >= len(stack.dns.web) + len(stack.dns.records)  # type: ignore[union-attr]
    assert {item.name for item in stack.secrets.items} <= cells(declared.secrets(stack, "example", date(2026, 12, 1)))
    assert {alert.owner for alert in stack.monitoring.alerts} <= cells(declared.alerts(stack))
    assert set(stack.access.emails) <= cells(declared.access(stack))


def test_a_secret_over_its_age_is_told(stack: Stack) -> None:
    late = cells(declared.secrets(stack, "example", date(2036, 1, 1)))
    assert any("over age" in cell for cell in late) == any(item.made for item in stack.secrets.items)


def test_what_nobody_asked_is_not_made_up(stack: Stack) -> None:
    part = seen.going_back(stack, "example", seen.Seen({}, (), "The hosts were not asked."), datetime.now(UTC))
    assert part.said == (
        "The hosts were not asked.",
        f"The budget of a rollback is {stack.release.budget_seconds:g} s.",
    )
    assert part.table is None
    assert "Nobody has run" in seen.checklist([], "example").said[0]


def test_every_command_names_the_stack(stack: Stack) -> None:
    now = datetime.now(UTC)
    hosts = seen.Seen({"app-1": cast("HostFacts", SimpleNamespace(version="1", serving="blue", good=("1",)))}, ())
    parts = (
        seen.checklist([], "example"),
        seen.going_back(stack, "example", hosts, now),
        declared.secrets(stack, "example", now.date()),
    )
    told = [command for part in parts for command, _ in part.commands if command.startswith("invoke")]
    told += [word for part in parts for said in part.said for word in said.split("`") if word.startswith("invoke roll")]
    assert len(told) > 8
    assert [command for command in told if "--stack example" not in command] == []


def test_the_rows_say_what_stands_in_the_way() -> None:
    row = KnownRow(
        Row.AUTH,
        "2026-12-01T10:00:00Z",
        {"auth.a": State.PASS, "auth.b": State.CANNOT_TELL, "auth.c": State.NOT_APPLICABLE},
    )
    part = seen.checklist([row], "example")
    assert part.table is not None
    assert part.table.rows == (("Auth hardening", "cannot tell", "1 of 2", "auth.b", "2026-12-01T10:00:00Z"),)


def made(text: str) -> Handover:
    table = Table(text, ("who",), ((text,),))
    return Handover("lab", text, "2026-12-01T10:00:00Z", (Part(text, (f"say `it`: {text}",), table, (("cmd", text),)),))


def test_hostile_text_is_shown_and_never_markup() -> None:
    page, document = as_html(made(HOSTILE)), as_markdown(made(HOSTILE))
    assert "<script>" not in page
    assert "\x1b" not in page + document
    assert re.search(r"(?<!\\)<script>", document) is None
    rows = [line for line in document.splitlines() if line.startswith("| ")]
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in rows] == [2, 2]
    assert "`it`" in document
