"""Runs on a host, as the user of releases: where secrets stand that others can read. It says names and places alone.

It is sent as text and needs Python's standard library, 3.9 or later. On standard input: JSON with ``look`` (``files``
or ``logs``), a ``key`` made for this look, and ``marks``: keyed digest (HMAC-SHA-256) of a part of each value that the
stack knows → its length and the value's name. On standard output: JSON with ``found`` (place, what), and what was not
looked at.
"""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from readiness.rows.secrets.reading import LOGIN, RUNS, SHAPES, digest, readings, runs

_SECRET_NAME = re.compile(r"(?i)(?:pass(?:word|wd|phrase)?|secret|token|api_?key|private_?key|credential|_key)$")
_ASSIGNED = re.compile(r"(?:^|[\s\"'])(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(\"[^\"]*\"|'[^']*'|[^\s\"']+)")
_DIRECTIVE = re.compile(r"^\s*(?:Default)?Environment=")
_BY_FILE = ("LoadCredential", "LoadCredentialEncrypted", "ImportCredential")
_NO_VALUE = re.compile(r"^[\"']?(?:$|\$|%[a-zA-Z]|/|<|\[|true|false|[0-9]{1,5}[\"']?$|\*+)")
_FOLDERS: tuple[str, ...] = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/etc/default",
)
_FOLDERS += (
    "/etc/environment.d",
    "/etc/profile.d",
    "/etc/app",
    "/etc/cron.d",
    "/etc/nginx",
    "/srv/app",
    "/home",
    "/opt",
)
_ALONE = ("/etc/environment", "/etc/crontab", "/etc/profile", "/etc/bash.bashrc")
_CLOSED = {"/etc/app/env": 0o077, "/etc/app/credentials": 0o077, "/etc/app/tls/origin.key": 0o037}
_PASSED_OVER = {"/srv/app/releases", "/srv/app/slots", "/srv/app/live", "/etc/systemd/system/multi-user.target.wants"}
_MOST_FILES = 5000
_MOST_BYTES = 256 * 1024
_MOST_LOG = 4 * 1024 * 1024
_MOST_FOUND = 200
_RANDOM = re.compile(r"^(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_-]{12,200}$")
_TOOL = "/usr/local/lib/app/env-redact"


class Look:
    """One look at a host: what was found, how much was read, what could not be."""

    def __init__(self, key: str, marks: dict[str, tuple[int, str]]) -> None:
        self._key, self._marks = key, marks
        self._lengths = {length for length, _ in marks.values()}
        self._seen: dict[str, str] = {}
        self.found: list[list[str]] = []
        self.unread: list[str] = []
        self.read = 0
        self.open_to_all = False

    def note(self, place: str, what: str) -> None:
        """Something is there."""
        if len(self.found) < _MOST_FOUND and [place, what] not in self.found:
            self.found.append([place, what])

    def values(self, place: str, text: str) -> None:
        """Look for the stack's own values in ``text``."""
        for how, reading in readings(text) if self._marks else ():
            for run in runs(reading):
                if len(run) in self._lengths and (name := self._name(run)):
                    self.note(place, f"{name} ({how})")

    def _name(self, run: str) -> str:
        if run not in self._seen:
            self._seen[run] = self._marks.get(digest(self._key, run), (0, ""))[1]
        return self._seen[run]

    def shapes(self, place: str, text: str) -> None:
        """Look for what is secret whoever's it is."""
        for what, shape in SHAPES.items():
            count = sum(
                "[redacted]" not in found.group(0) and "***" not in found.group(0) for found in shape.finditer(text)
            )
            if count:
                self.note(place, f"{what}, {count} times")

    def text(self, path: str) -> str | None:
        """The text of a regular file that can be read, or None; where it cannot be, that is nobody's trouble here."""
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(handle, "rb") as file:
            kept = os.fstat(handle)
            if not stat.S_ISREG(kept.st_mode) or kept.st_size > _MOST_BYTES:
                return None
            self.read += 1
            self.open_to_all = bool(kept.st_mode & 0o004)
            return file.read(_MOST_BYTES).decode("utf-8", "replace")


def files(look: Look) -> None:
    """Units, environments, settings and homes: what stands in files that this user, and so many others, can read."""
    for path, forbidden in _CLOSED.items():
        try:
            mode = Path(path).stat().st_mode
        except OSError:
            continue
        if mode & forbidden:
            look.note(path, f"others can read it (mode {stat.S_IMODE(mode):o})")
    for path in listed(look):
        text = look.text(path)
        if text is None:
            continue
        look.values(path, text)
        if look.open_to_all:
            assigned(look, path, text)
            if "PRIVATE KEY-----" in text:
                look.note(path, "a private key that everybody can read")
    units(look)
    processes(look)


def listed(look: Look) -> Iterator[str]:
    """The files to read, at most so many."""
    count = 0
    for root in _FOLDERS:
        for folder, inner, names in os.walk(root):
            inner[:] = [name for name in inner if f"{folder}/{name}" not in _PASSED_OVER]
            for name in names:
                count += 1
                if count > _MOST_FILES:
                    look.unread.append(f"more than {_MOST_FILES} files")
                    return
                yield f"{folder}/{name}"
    yield from _ALONE


def assigned(look: Look, place: str, text: str) -> None:
    """Names that are given a value there, and that secrets have."""
    for line in text.splitlines():
        if line.lstrip().startswith(("#", ";")):
            continue
        for name, value in _ASSIGNED.findall(_DIRECTIVE.sub("", line)):
            if ((_SECRET_NAME.search(name) and name not in _BY_FILE) or LOGIN.search(value)) and not _NO_VALUE.match(
                value
            ):
                look.note(place, f"a value of {name} that everybody can read")


def units(look: Look) -> None:
    """What systemd tells anybody of its units' environments."""
    told = ran(["systemctl", "show", "--type=service", "--all", "--property=Id,Environment"])
    if told is None:
        look.unread.append("systemctl does not answer")
        return
    for block in told.split("\n\n"):
        said = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        place, environment = f"unit {said.get('Id', '?')}", said.get("Environment", "")
        look.values(place, environment)
        assigned(look, place, environment)


def processes(look: Look) -> None:
    """Command lines, which everybody reads."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            with (folder / "cmdline").open("rb") as file:
                words = file.read(_MOST_BYTES).decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if words and words[0]:
            place = f"the command line of {Path(words[0]).name[:40]}"
            line = "\n".join(words)
            look.values(place, line)
            if LOGIN.search(line):
                look.note(place, "a password in a URL")


def logs(look: Look) -> None:
    """The journal and the files of /var/log that this user can read."""
    told = ran(["journalctl", "--no-pager", "--quiet", "--output=cat", "--since=-7d", "--lines=20000"])
    if told is None:
        look.unread.append("the journal cannot be read")
    elif told.strip():
        logged(look, "the journal", told)
    for folder, _inner, names in os.walk("/var/log"):
        for name in names:
            if name.endswith((".gz", ".xz", ".journal", ".journal~")):
                continue
            path = f"{folder}/{name}"
            if (text := tail(path)) is None:
                continue
            look.read += 1
            logged(look, path, text)


def logged(look: Look, place: str, text: str) -> None:
    """All that is looked for in a log."""
    look.shapes(place, text)
    look.values(place, text)
    struck = environment_of(text)
    if struck is None:
        look.unread.append(f"{_TOOL} does not answer: run `invoke hosts.prepare`")
    elif struck:
        look.note(place, f"a value of /etc/app/env or of a release's credentials, {struck} of them")


def environment_of(text: str) -> int | None:
    """How many runs of ``text`` the host's own tool strikes: it knows the values, and tells nobody."""
    words = sorted(run for run in RUNS[0].findall(text) if _RANDOM.match(run))
    words = sorted(set(words))[:20000]
    told = ran(["sudo", "-n", _TOOL], "\n".join(words) + "\n")
    return None if told is None else sum(line == "[secret]" for line in told.splitlines())


def tail(path: str) -> str | None:
    """The end of a file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _MOST_LOG))
        return file.read(_MOST_LOG).decode("utf-8", "replace")


def ran(words: list[str], given: str = "") -> str | None:
    """What a command says, or None."""
    try:
        done = subprocess.run(words, input=given.encode(), capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return None if done.returncode else done.stdout[-_MOST_LOG:].decode("utf-8", "replace")


def main() -> None:
    """Look, and say."""
    wanted = json.load(sys.stdin)
    look = Look(wanted["key"], {made: tuple(known) for made, known in wanted["marks"].items()})
    {"files": files, "logs": logs}[wanted["look"]](look)
    json.dump({"found": look.found, "unread": look.unread, "read": look.read}, sys.stdout)


if __name__ == "__main__":
    main()
