"""What runs on a host: names and places alone come back, and every encoding is read."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from core.errors import HostError
from core.ports import Input, Ran
from core.secret import Secret
from readiness.rows.secrets import on_host
from readiness.rows.secrets.hosts import ask, marks, program
from readiness.rows.secrets.reading import digest, mark_of

OWN = "k3Rf9-pQx_7Lm2Vb8w/Zt04=="
KEY = "00" * 32


def _look(value: str = OWN) -> on_host.Look:
    mark = mark_of(value)
    return on_host.Look(KEY, {digest(KEY, mark): (len(mark), "session-key")})


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda value: f"key={value};",
    "in a url": lambda value: f"postgres://app:{quote(value, safe='')}@db/x",
    "base64": lambda value: base64.b64encode(f"user:{value}".encode()).decode(),
    "base64 at another offset": lambda value: base64.urlsafe_b64encode(f"us:{value}!".encode()).decode(),
    "hex": lambda value: f"0x {value.encode().hex()}",
    "reversed": lambda value: value[::-1],
    "json": lambda value: json.dumps({"a": value}).replace("/", "\\/"),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=list(SPELLINGS))
def test_an_own_value_is_found_in_every_encoding(spell: Callable[[str], str]) -> None:
    look = _look()
    look.values("a log", f"started\nsent {spell(OWN)} away\n")
    assert {place for place, _ in look.found} == {"a log"}
    assert OWN not in str(look.found)


def test_other_text_has_none() -> None:
    look = _look()
    look.values("a log", Path(__file__).read_text(encoding="utf-8").replace(OWN, ""))
    assert not look.found


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Environment=API_TOKEN=abcdef123456", "API_TOKEN"),
        ('Environment="DB_PASSWORD=correct horse" A=1', "DB_PASSWORD"),
        ("export SECRET='x9x9x9x9'", "SECRET"),
        ("DATABASE_URL=postgres://app:hunter22@db/x", "DATABASE_URL"),
    ],
)
def test_a_value_that_stands_in_a_file_is_told_by_its_name(line: str, name: str) -> None:
    look = _look()
    on_host.assigned(look, "unit", line)
    assert look.found == [["unit", f"a value of {name} that everybody can read"]]


@pytest.mark.parametrize(
    "line",
    [
        "LoadCredential=SESSION_KEY:/etc/app/credentials/SESSION_KEY",
        "# API_TOKEN=abcdef123456",
        "API_TOKEN=$TOKEN",
        "API_TOKEN=",
        "TOKEN_FILE=/etc/token",
        "PRIVATE_KEY=/etc/app/key.pem",
        "MONKEY=banana",
    ],
)
def test_a_reference_is_no_value(line: str) -> None:
    look = _look()
    on_host.assigned(look, "unit", line)
    assert not look.found


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh12345678",
        "GET /verify?token=abcdefgh12345678",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWl0",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "connect to redis://:hunter22@cache",
    ],
)
def test_what_is_secret_whoevers_it_is_is_told(text: str) -> None:
    look = _look()
    look.shapes("a log", text)
    assert look.found
    assert "abcdefgh" not in str(look.found)


def test_what_is_struck_already_is_well() -> None:
    look = _look()
    look.shapes("a log", "GET /verify?token=[redacted] Authorization: Bearer ***")
    assert not look.found


class _Local:
    """A shell that runs the script here, as a host would."""

    name = "here"

    def __init__(self, said: Ran | None = None) -> None:
        self._said = said
        self.sent = b""

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        """With a Python that is there."""
        assert isinstance(stdin, bytes)
        self.sent = stdin
        if self._said is not None:
            return self._said
        words = ["sh", "-c", script.replace("exec python3", f"exec {sys.executable}")]
        done = subprocess.run(words, input=stdin, capture_output=True, timeout=timeout)
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_the_program_is_whole_and_no_value_is_sent() -> None:
    compile(program(), "program", "exec")
    shell: Any = _Local()
    asked = marks({"session-key": Secret(OWN), "signs": Secret("§§§§§§§§")})
    answer = ask(shell, "logs", asked)
    assert answer.unread or answer.read >= 0
    assert set(asked) == {"session-key"}
    assert mark_of(OWN).encode() not in shell.sent


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Ran(69, "", ""), "no python3"),
        (Ran(1, "", "Traceback\nKeyError: 'look'\x1b[2J"), "KeyError"),
        (Ran(0, "[]", ""), "could not look"),
        (Ran(0, '{"found": 1, "unread": [], "read": 0}', ""), "could not look"),
    ],
)
def test_a_host_that_cannot_look_is_told(said: Ran, why: str) -> None:
    shell: Any = _Local(said)
    with pytest.raises(HostError, match=why) as caught:
        ask(shell, "files", {})
    assert "\x1b" not in str(caught.value)
