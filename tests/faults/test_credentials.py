"""A release's secrets on real hosts: systemd hands them over, and they are in no other place."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from dataclasses import replace
from typing import Any

import pytest

from adapters.secret_stores import EnvironmentSecrets
from core.errors import HealthError
from core.settings.credentials import Credential, Credentials
from deploy.api import deploy
from deploy.artifact import Artifact
from deploy.credentials import Sources
from lab.hosts import api
from rollback.api import rollback
from tests.faults.conftest import NAMES
from tests.tiny_release import APP

ASKS = 'secrets = ["SESSION_KEY"]\n'
# It answers with a digest of what it was given, or says the value itself and stays unhealthy.
READS = """\
import hashlib, os, sys
from pathlib import Path
VALUE = (Path(os.environ["CREDENTIALS_DIRECTORY"]) / "SESSION_KEY").read_bytes()
DIGEST = hashlib.sha256(VALUE).hexdigest()
"""
ANSWERS = 'self.send_header("X-Digest", DIGEST)\n        self.send_header("X-Colour"'
SEARCH = """\
umask 077
mkdir /dev/shm/wanted
printf '%s' "$1" | base64 -d >/dev/shm/wanted/value
grep -rlF -f /dev/shm/wanted/value /etc /home /root /run /srv /tmp /var 2>/dev/null
journalctl --no-pager -o export | grep -cF -f /dev/shm/wanted/value
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -caF -f /dev/shm/wanted/value
systemctl show 'app@*' | grep -cF -f /dev/shm/wanted/value
rm -r /dev/shm/wanted
"""


def release(machines: Any, version: str, *, tells: bool = False) -> Artifact:
    answers = repr({"/healthz": (500 if tells else 200, "")})
    app = READS + APP.replace("{answers}", answers).replace('self.send_header("X-Colour"', ANSWERS)
    if tells:
        app = app.replace("DIGEST = ", "print('the key is', VALUE.decode(), file=sys.stderr, flush=True)\nDIGEST = ", 1)
    artifact: Artifact = machines.build(version, extra=ASKS, files={"serve.py": app})
    return artifact


def with_secret(machines: Any, value: str) -> Any:
    declared = Credentials(items=(Credential(name="SESSION_KEY", env="CI_KEY"),))
    return replace(machines.world(), sources=Sources(declared, {"env": EnvironmentSecrets({"CI_KEY": value})}))


def digests(machines: Any, colour: str) -> set[str]:
    """Of what the release in ``colour`` was given, over all hosts."""
    ask = f"curl -s --unix-socket /run/app/{colour}.sock -o /dev/null -w '%header{{x-digest}}' http://app/"
    return {api.shell(machines.place, name, ["sh", "-c", ask]).stdout for name in NAMES}


def sha(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def test_a_release_reads_its_secret_and_nobody_else_does(machines: Any) -> None:
    first, second = f"first-{secrets.token_hex(20)}", f"two\nlines-{secrets.token_hex(20)}\n"
    deploy(with_secret(machines, first), release(machines, "1.0.0"))
    assert digests(machines, "blue") == {sha(first)}
    machines.part()
    deploy(with_secret(machines, second), release(machines, "2.0.0"))
    assert digests(machines, "green") == {sha(second)}
    for name in NAMES:
        # A pattern of grep's is a line.
        for value in (first, second.splitlines()[1]):
            wanted = base64.b64encode(value.encode()).decode()
            found = api.shell(machines.place, name, ["sh", "-c", SEARCH, "sh", wanted]).stdout.split()
            files, counts = found[:-3], found[-3:]
            assert counts == ["0", "0", "0"]
            own = re.compile(r"/etc/app/credentials/|/run/credentials/app@(blue|green)\.service/SESSION_KEY$")
            assert files
            assert [file for file in files if not own.match(file)] == []
    machines.part()
    # No store: the host keeps what the release was given.
    assert rollback(machines.world()).version == "1.0.0"
    assert digests(machines, "blue") == {sha(first)}


def test_after_a_boot_and_a_cold_way_back_a_release_has_its_own_secret(machines: Any) -> None:
    values = {version: f"{version}-{secrets.token_hex(20)}" for version in ("1.0.0", "2.0.0", "3.0.0")}
    for version, value in values.items():
        deploy(with_secret(machines, value), release(machines, version))
        machines.part()
    for name in NAMES:
        api.power_cut(machines.place, name)
        api.start(machines.place, name)
    ends = time.monotonic() + 15
    while machines.serves() != ["200 3.0.0"] * 2 and time.monotonic() < ends:
        time.sleep(0.1)
    assert digests(machines, "blue") == {sha(values["3.0.0"])}
    back = rollback(machines.world(), "1.0.0")
    assert back.cold == NAMES
    assert digests(machines, "green") == {sha(values["1.0.0"])}


def test_a_release_that_says_its_secret_is_shown_without_it(machines: Any) -> None:
    value = f"said-{secrets.token_hex(20)}"
    with pytest.raises(HealthError) as refused:
        deploy(with_secret(machines, value), release(machines, "1.0.0", tells=True))
    assert "the key is [secret]" in str(refused.value)
    assert value not in str(refused.value)
    journals = [api.shell(machines.place, name, ["cat", "/srv/app/journal.jsonl"]).stdout for name in NAMES]
    assert all(value not in journal and json.loads(journal.splitlines()[-1]) for journal in journals)
