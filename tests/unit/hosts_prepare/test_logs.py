"""Which lines `logs` asks for, and in which order they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from deploy.hosts.logs import Said, Wanted, merged, read, wanted
from deploy.hosts.maintenance import PAGE, page


def test_what_was_typed_is_understood() -> None:
    assert wanted("", "10m", "200") == Wanted("live", 600, 200)
    assert wanted("green", "2h", "1") == Wanted("green", 7200, 1)


@pytest.mark.parametrize(
    ("colour", "since", "lines", "words"),
    [
        ("red", "1m", "1", "--colour is 'red'"),
        ("", "yesterday", "1", "--since is 'yesterday'"),
        ("", "1m; reboot", "1", "--since"),
        ("", "0m", "1", "--since"),
        ("", "1m", "0", "--lines is '0'"),
        ("", "1m", "10001", "--lines"),
        ("", "1m", "-5", "--lines"),
    ],
)
def test_what_cannot_be_meant_is_refused(colour: str, since: str, lines: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        wanted(colour, since, lines)


def test_lines_are_redacted_here_too_and_the_cursor_is_kept() -> None:
    found = read(["log 2026 run: password=hunter22 ok", "log \x1b[2J", "cursor s=1;i=2", "other"], "before")
    assert found == Said(("2026 run: password=[secret] ok", "\\x1b[2J"), "s=1;i=2")
    assert read([], "before") == Said((), "before")


def test_hosts_are_merged_by_time_and_what_goes_on_from_a_line_stays_behind_it() -> None:
    one = Said(("2026-01-01T00:00:01 a", "    more", "2026-01-01T00:00:03 c"), "")
    two = Said(("2026-01-01T00:00:02 b",), "")
    assert [line for _name, line in merged({"x": one, "y": two})] == [
        "2026-01-01T00:00:01 a",
        "    more",
        "2026-01-01T00:00:02 b",
        "2026-01-01T00:00:03 c",
    ]


def test_the_built_in_page_needs_nothing_from_elsewhere() -> None:
    shown = page(None).decode()
    assert shown == PAGE
    assert '<html lang="en">' in shown
    assert "<h1>" in shown
    for outside in ("http:", "https:", "<script", "<img", "src="):
        assert outside not in shown


def test_a_page_of_the_users_is_read_or_refused(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "own.html").write_text("<p>own")
    (folder / "empty.html").write_text(" \n")
    assert page(folder / "own.html") == b"<p>own"
    for bad in ("empty.html", "missing.html"):
        with pytest.raises(SettingsError, match=bad):
            page(folder / bad)
