"""The hosts: what stands in their units, environments and logs. Names and places leave a host, and no value."""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import HostError
from core.ports import Shell
from core.secret import Secret
from core.terminal import clean
from deploy.fleet import Gathered, at_once
from readiness.check import Check, Result, Table, failed, passed, unknown
from readiness.rows.secrets import checks, on_host, reading
from readiness.rows.secrets.repository import known_values
from readiness.target import Target

_SECONDS = 60.0
_NO_PYTHON = 69
_OWN_IMPORTS = ("from __future__ ", "from readiness.")


@dataclass(frozen=True)
class Answer:
    """What one host said: where, what; what it did not look at; how many files it read."""

    found: tuple[tuple[str, str], ...]
    unread: tuple[str, ...]
    read: int


def host_files(target: Target) -> Iterator[Result]:
    """Decides on units, environments and command lines."""
    yield from _judged(target, checks.HOST_FILES, "files")


def host_logs(target: Target) -> Iterator[Result]:
    """Decides on the logs."""
    yield from _judged(target, checks.LOGS, "logs")


def _judged(target: Target, check: Check, look: str) -> Iterator[Result]:
    if not target.shells:
        yield unknown(check, "the stack has no host that can be asked: give launch-ready:hosts")
        return
    values, unread = known_values(target)
    asked = marks(values)
    answers = at_once(target.shells, lambda name: ask(target.shells[name], look, asked))
    read = sum(answer.read for answer in answers.good.values())
    count = f"{len(answers.good)} hosts, {read} files, {len(asked)} own values"
    rows = tuple((name, *map(clean, found)) for name, answer in answers.good.items() for found in answer.found)
    if rows:
        table = Table("What others can read", ("host", "where", "what"), rows[:100])
        places = len({row[:2] for row in rows})
        yield failed(
            check,
            f"{places} place{'s'[: places != 1]} with {rows[0][2]}{' and more' * (len(rows) > 1)}, of {count}",
            table,
        )
    elif gaps := [*_gaps(answers), *([unread] if unread else [])]:
        yield unknown(check, f"nothing in {count}, and not all was looked at: {'; '.join(gaps)}")
    else:
        short = sorted(set(values) - set(asked))
        also = f"; not of a form that can be looked for: {', '.join(short)}" if short else ""
        yield passed(check, f"nothing in {count}{also}")


def _gaps(answers: Gathered[Answer]) -> Iterator[str]:
    for error in answers.bad.values():
        yield str(error)
    for name, answer in answers.good.items():
        yield from (f"{name}: {clean(why)}" for why in answer.unread)


def marks(values: Mapping[str, Secret]) -> dict[str, str]:
    """Name → the part of its value that a host looks for, where there is one."""
    found = {name: reading.mark_of(value.reveal()) for name, value in values.items()}
    return {name: mark for name, mark in found.items() if mark}


def ask(shell: Shell, look: str, asked: Mapping[str, str]) -> Answer:
    """Have one host look. It gets digests by a key of its own, and no value. Raises :class:`HostError`."""
    key = secrets.token_hex(32)
    made = {reading.digest(key, mark): (len(mark), name) for name, mark in asked.items()}
    script = f"command -v python3 >/dev/null || exit {_NO_PYTHON}; exec python3 -I -c {shlex.quote(program())}"
    given = json.dumps({"look": look, "key": key, "marks": made}).encode()
    ran = shell.run(script, timeout=_SECONDS, stdin=given)
    if ran.status == _NO_PYTHON:
        raise HostError(f"{shell.name}: it has no python3 to look with: install it")
    try:
        said: dict[str, Any] = json.loads(ran.out)
        found = tuple((str(place), str(what)) for place, what in said["found"])
        return Answer(found, tuple(map(str, said["unread"])), int(said["read"]))
    except (ValueError, KeyError, TypeError):
        last = (ran.err.strip().splitlines() or ["nothing"])[-1]
        raise HostError(f"{shell.name}: it could not look (status {ran.status}, {clean(last)[:200]})") from None


def program() -> str:
    """The text of what runs there: both modules as one."""
    sources = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in (reading, on_host)]
    lines = [line for source in sources for line in source.splitlines() if not line.startswith(_OWN_IMPORTS)]
    return "from __future__ import annotations\n" + "\n".join(lines)
