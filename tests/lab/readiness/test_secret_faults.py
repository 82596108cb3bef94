"""Faults of the hosts: secrets in units, environments, command lines, logs and the live release's files."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

import pytest

from lab.hosts.inside import shell
from lab.place import here
from readiness.check import Outcome
from readiness.target import Target
from tests.lab.readiness.conftest import Decide

Fault: TypeAlias = Callable[[str], AbstractContextManager[None]]
HOST = "app-1"
# In two pieces: nobody's.
TOKEN = "ghp_" + "x7Kq2LmZp9RtVw3YbNc8Ds5FgHj1Qa4UeXo6"


def _root(script: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    done = shell(here(), HOST, ["sh", "-euc", script], stdin)
    assert done.returncode == 0, done.stderr
    return done


@contextmanager
def _done(script: str, undo: str, stdin: str = "") -> Iterator[None]:
    try:
        _root(script, stdin)
        yield
    finally:
        _root(undo)


def _unit(_own: str) -> AbstractContextManager[None]:
    file = "/etc/systemd/system/report.service"
    text = "[Service]\nType=oneshot\nEnvironment=REPORT_PASSWORD=correct-horse-7\nExecStart=/bin/true\n"
    return _done(f"cat >{file}; systemctl daemon-reload", f"rm {file}; systemctl daemon-reload", text)


def _own_value_in_a_file(own: str) -> AbstractContextManager[None]:
    return _done("cat >/opt/notes.txt", "rm /opt/notes.txt", f"the key is {base64.b64encode(own.encode()).decode()}\n")


def _environment_for_all(_own: str) -> AbstractContextManager[None]:
    return _done("chmod 755 /etc/app; chmod 644 /etc/app/env", "chmod 600 /etc/app/env")


def _argument(own: str) -> AbstractContextManager[None]:
    # Its description, said: else it is the command line, and systemd writes that into the journal.
    run = "systemd-run --quiet --unit=argument --description=argument"
    script = f'read -r key; {run} sh -c "sleep 60; true" "$key"'
    return _done(script, "systemctl stop argument", f"{own}\n")


def _in_the_journal(text: str) -> AbstractContextManager[None]:
    """Into a file of the journal's own, which goes afterwards: what was there before is what other checks read."""
    files = "/run/log/journal/*/*@* /var/log/journal/*/*@*"
    begin = f"journalctl --quiet --sync --rotate; ls -1 {files} 2>/dev/null >/root/kept || true"
    write = f"{begin}; systemd-cat --identifier=app; journalctl --sync"
    away = f'for each in {files}; do grep -qxF "$each" /root/kept || rm -f "$each"; done'
    return _done(write, f"journalctl --quiet --rotate; {away}; rm /root/kept", text)


def _own_value_in_a_log(own: str) -> AbstractContextManager[None]:
    return _in_the_journal(f"sent {base64.b64encode(b'key:' + own.encode()).decode()} to the queue\n")


def _environment_in_a_log(_own: str) -> AbstractContextManager[None]:
    password = _root("sed -n 's/^DATABASE_URL=.*:\\([^@]*\\)@.*/\\1/p' /etc/app/env").stdout.strip()
    assert len(password) > 20
    return _in_the_journal(f"cannot log in with {password}\n")


def _link_in_a_log(_own: str) -> AbstractContextManager[None]:
    return _in_the_journal("GET /reset?token=8sZ1kq0vW3nB7xYt2LmR HTTP/1.1\n")


def _in_the_release(_own: str) -> AbstractContextManager[None]:
    folder = '$(readlink -f "/srv/app/slots/$(basename "$(readlink /run/app/current.sock)" .sock)")'
    return _done(f"cat >{folder}/settings.py", f"rm {folder}/settings.py", f"TOKEN = '{TOKEN}'\n")


FAULTS: dict[str, tuple[str, Fault]] = {
    "password in a unit": ("secrets.hosts-closed", _unit),
    "own value, Base64, in a file": ("secrets.hosts-closed", _own_value_in_a_file),
    "environment that all can read": ("secrets.hosts-closed", _environment_for_all),
    "own value in an argument": ("secrets.hosts-closed", _argument),
    "own value, Base64, in a log": ("secrets.logs-clean", _own_value_in_a_log),
    "database's password in a log": ("secrets.logs-clean", _environment_in_a_log),
    "reset link in a log": ("secrets.logs-clean", _link_in_a_log),
    "token in the live release": ("secrets.artefact-clean", _in_the_release),
}


@pytest.mark.parametrize(("check", "fault"), FAULTS.values(), ids=list(FAULTS))
def test_a_secret_that_lies_on_a_host_is_found(target: Target, decide: Decide, check: str, fault: Fault) -> None:
    own = target.secret("session-key").reveal()
    with fault(own):
        result = decide(check)
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"
    assert own not in str(result)
    assert HOST in str(result)


@pytest.mark.parametrize("check", sorted({check for check, _ in FAULTS.values()}))
def test_nothing_is_found_where_nothing_lies(decide: Decide, check: str) -> None:
    result = decide(check)
    assert result.outcome is Outcome.PASS, f"{result.outcome}: {result.summary}"
