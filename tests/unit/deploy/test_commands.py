"""Scripts as values: what is assigned, that nothing in it can be read as shell, that sh can parse it."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy import commands
from deploy.commands import Check, Span, Start
from deploy.layout import Layout

CHECK = Check("/healthz", 200, "1.0.0")
HOW = Start(30, 3, 0.05, 2, reuse=True, must_record=False)
SCRIPTS = {
    "look": commands.look(Layout()),
    "hold": commands.hold(Layout(), "{}", 20, preflight=False),
    "hold and preflight": commands.hold(Layout(), "{}", 20, preflight=True),
    "begin": commands.begin(Layout(), "{}"),
    "fenced": commands.fenced(commands.begin(Layout(), "{}"), "ab:1", 7),
    "give": commands.give(Layout(), "1.0.0"),
    "lacks": commands.lacks(Layout(), "ab"),
    "upload": commands.upload(Layout(), "1.0.0", "ab", "#!/bin/sh\nexec x", "", "{}"),
    "migrate": commands.migrate(Layout(), "green", "1.0.0", 2, "{}", "{}"),
    "start": commands.start(Layout(), "green", CHECK, HOW, "{}", "{}"),
    "switch": commands.switch(Layout(), "green", CHECK, 10, "{}", must_record=True),
    "switch to nothing": commands.switch(Layout(), None, CHECK, 10, "{}", must_record=True),
    "commit": commands.commit(Layout(), "green", "{}", must_record=True),
    "watch": commands.watch(Layout(), "green", CHECK, "0.9.0", 10, Span(12, 345)),
    "withdraw": commands.withdraw(Layout(), "green", None, 2, "{}"),
    "finish": commands.finish(Layout(), "{}", ("0.1.0", "0.2.0")),
}


def assigned(script: str) -> list[str]:
    return shlex.split(script.partition("# shellcheck")[0])


@pytest.mark.parametrize("name", SCRIPTS)
def test_sh_parses_every_script(name: str) -> None:
    done = subprocess.run(["sh", "-n", "-c", SCRIPTS[name]], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_stops_at_the_first_error_and_names_the_same_places(name: str) -> None:
    words = [word for word in assigned(SCRIPTS[name]) if word not in ("fence=ab:1", "number=7")]
    assert words[:4] == ["set", "-eu", "srv=/srv/app", "run=/run/app"]


def test_a_start_says_how() -> None:
    assert assigned(SCRIPTS["start"])[7:] == [
        "colour=green",
        "health_path=/healthz",
        "status=200",
        "version=1.0.0",
        "body=",
        "timeout_ms=30000",
        "passes=3",
        "interval=0.05",
        "drain_ms=2000",
        "reuse=yes",
        "must_record=no",
        "warm_paths=",
        "dependencies=",
        "entry={}",
        "seen={}",
    ]


def test_nothing_is_a_dash() -> None:
    assert "colour=-" in assigned(SCRIPTS["switch to nothing"])
    assert "restore=-" in assigned(SCRIPTS["withdraw"])
    assert "prune=0.1.0 0.2.0" in assigned(SCRIPTS["finish"])


def test_a_launcher_quotes_each_word() -> None:
    script = commands.launcher(("bin/serve", "a b", "$(id)", "it's"), "1.0.0")
    assert script == "#!/bin/sh\nexport APP_VERSION=1.0.0\nexec bin/serve 'a b' '$(id)' 'it'\"'\"'s'"


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
def test_no_text_is_read_as_shell(text: str) -> None:
    """The value that sh has is the text, whatever is in it."""
    head = commands.hold(Layout(), text, 20, preflight=False).partition("# shellcheck")[0]
    done = subprocess.run(["sh", "-c", head + 'printf %s "$owner"'], capture_output=True)
    assert done.stdout.decode() == text
