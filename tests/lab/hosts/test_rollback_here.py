"""scripts/rollback-here on a real host, with no controller anywhere."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from deploy.journal import Entry, good_releases, parse, unfinished
from lab.hosts import api
from lab.place import Place, here
from tests.lab.hosts.prepared import NAME, Prepared

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="hosts need root")]

SECONDS = 60


@pytest.fixture(scope="module")
def _host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    root = tmp_path_factory.mktemp("rollback-here")
    (root / ".cache").symlink_to(here().cache.resolve())
    place = Place(root, (here().net + 180) % 254 + 1)
    api.boot(place, [NAME], lambda _line: None)
    yield Prepared(place)
    api.halt(place)


@pytest.fixture
def host(_host: Prepared) -> Prepared:
    """Green (2.0.0) has the traffic, blue (1.0.0) is warm, and nothing is written down yet."""
    _host.root("rm -f /srv/app/journal.jsonl /run/launch/* /etc/app/credentials/*; : >/var/log/nginx/release.log")
    _host.install()
    _host.point("current", "green")
    _host.deploy("ln -sfn slots/green /srv/app/live")
    return _host


def serves(host: Prepared) -> str:
    return host.deploy("/usr/local/lib/app/probe /healthz; readlink /srv/app/live").stdout


def ledger(host: Prepared) -> list[str]:
    return host.root("cat /srv/app/journal.jsonl").splitlines()


@pytest.mark.parametrize("user", ["deploy", "root"])
def test_a_warm_release_takes_over_and_everything_knows_of_it(host: Prepared, user: str) -> None:
    host.point("s4", "green")
    began = time.monotonic()
    said = host.deploy("rollback-here 1.0.0").stdout if user == "deploy" else host.root("rollback-here 1.0.0")
    assert time.monotonic() - began < SECONDS
    assert "this host serves 1.0.0 (blue), seen through its nginx, after 0." in said
    assert "on every other host: rollback-here 1.0.0" in said
    assert serves(host) == "200 1.0.0\nslots/blue\n"
    assert host.root("readlink /run/app/s4.sock") == "current.sock\n"
    entries = parse(ledger(host))
    assert [(entry.action, entry.step, entry.version, entry.digest) for entry in entries] == [
        ("rollback", "begin", "1.0.0", "d"),
        ("rollback", "done", "1.0.0", "d"),
    ]
    assert unfinished(entries) is None
    assert host.root("stat -c %U /srv/app/journal.jsonl /run/launch/lock /run/app/current.sock") == "deploy\n" * 3
    assert host.root("flock -n /run/launch/lock echo free; cat /run/launch/lease") == "free\n"


def test_a_cold_release_is_started_and_its_seconds_are_counted(host: Prepared) -> None:
    host.root("systemctl stop app@blue.service; rm /srv/app/slots/blue")
    began = time.monotonic()
    done = host.deploy("rollback-here 1.0.0")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < SECONDS
    assert "1.0.0 does not run: starting it as blue" in done.stdout
    assert serves(host) == "200 1.0.0\nslots/blue\n"


def test_without_sudo_it_says_what_root_has_to_do(host: Prepared) -> None:
    host.root("systemctl stop app@blue.service; rm /srv/app/slots/blue; mv /etc/sudoers.d/app /root/app.sudoers")
    try:
        done = host.deploy("rollback-here 1.0.0")
        assert done.returncode == 1
        assert "user deploy may not start it by sudo, and the traffic stays where it was" in done.stderr
        assert serves(host) == "200 2.0.0\nslots/green\n"
        assert unfinished(parse(ledger(host))) is None
        host.root(done.stderr.splitlines()[-1])
        assert host.deploy("rollback-here 1.0.0").returncode == 0
        assert serves(host) == "200 1.0.0\nslots/blue\n"
    finally:
        host.root("mv /root/app.sudoers /etc/sudoers.d/app")


def test_a_disk_that_is_read_only_does_not_hold_the_traffic_back(host: Prepared) -> None:
    host.root("mount --bind /srv/app /srv/app && mount -o remount,bind,ro /srv/app")
    try:
        done = host.deploy("rollback-here 1.0.0")
    finally:
        host.root("umount /srv/app")
    assert done.returncode == 0, done.stderr
    assert "this host serves 1.0.0 (blue)" in done.stdout
    assert "A BOOT WOULD SERVE WHAT /srv/app/live LEADS TO" in done.stderr
    assert "is the disk full, or read-only?" in done.stderr
    assert serves(host) == "200 1.0.0\nslots/green\n"
    assert host.deploy("rollback-here 1.0.0").returncode == 0
    assert serves(host) == "200 1.0.0\nslots/blue\n"


def test_without_its_folders_in_run_it_says_what_makes_them(host: Prepared) -> None:
    host.root("mv /run/launch /run/launch.away")
    done = host.deploy("rollback-here 1.0.0")
    assert (done.returncode, "systemd-tmpfiles --create" in done.stderr) == (1, True)
    host.root("systemd-tmpfiles --create; rm -rf /run/launch.away")
    assert host.deploy("rollback-here 1.0.0").returncode == 0


def test_each_line_is_chained_to_the_one_before(host: Prepared) -> None:
    host.deploy("rollback-here 1.0.0; rollback-here 2.0.0")
    lines = ledger(host)
    assert [json.loads(line)["seq"] for line in lines] == [0, 1, 2, 3]
    before = ["", *lines[:-1]]
    assert [json.loads(line)["prev"] for line in lines] == [sha256(line.encode()).hexdigest() for line in before]


def test_without_a_version_the_journal_says_where_back_is(host: Prepared) -> None:
    def line(action: str, version: str) -> str:
        return Entry("t", "r", "w", action, "done", version, "d", "", "ok", 1.0).line() + "\n"

    steps = [("deploy", "0.9.0"), ("deploy", "1.0.0"), ("deploy", "1.1.0"), ("rollback", "1.0.0"), ("deploy", "2.0.0")]
    host.deploy("cat >/srv/app/journal.jsonl", "".join(line(*step) for step in steps))
    assert host.deploy("rollback-here").returncode == 0
    assert serves(host) == "200 1.0.0\nslots/blue\n"
    assert good_releases(parse(ledger(host))) == ["0.9.0", "1.0.0"]


def test_one_that_is_not_healthy_gets_no_traffic(host: Prepared) -> None:
    host.root("systemctl stop app@blue.service; sed -i '2i exit 1' /srv/app/releases/1.0.0/.launch/run")
    host.root("sed -i 's/wait_for 30/wait_for 1/' /usr/local/bin/rollback-here")
    done = host.deploy("rollback-here 1.0.0")
    host.root("sed -i 's/wait_for 1 answer/wait_for 30 answer/' /usr/local/bin/rollback-here")
    assert done.returncode == 4
    assert "the traffic stays where it was" in done.stderr
    assert serves(host) == "200 2.0.0\nslots/green\n"
    assert parse(ledger(host))[-1].step == "refused"


def test_where_nginx_does_not_follow_the_traffic_is_put_back(host: Prepared) -> None:
    host.root(
        "cp /usr/local/lib/app/probe /root/probe; printf '#!/bin/sh\\necho 502 \\n' >/usr/local/lib/app/probe;"
        "sed -i 's/wait_for 10/wait_for 1/' /usr/local/bin/rollback-here"
    )
    done = host.deploy("rollback-here 1.0.0")
    host.root(
        "cp /root/probe /usr/local/lib/app/probe; sed -i 's/wait_for 1 \"/wait_for 10 \"/' /usr/local/bin/rollback-here"
    )
    assert done.returncode == 6
    assert serves(host) == "200 2.0.0\nslots/green\n"
    assert parse(ledger(host))[-1].step == "reverted"


def test_it_waits_for_nobody_and_takes_the_lock_only_with_a_reason(host: Prepared) -> None:
    lease = json.dumps({"who": "ann@laptop", "pid": 1, "action": "deploy", "since": "now"})
    take = "exec 9>>/run/launch/lock; flock 9; { cat; echo 99999999 $$; } >/run/launch/lease; exec sleep 60"
    host.deploy("cat >holder", f"{take} >/dev/null 2>&1\n")
    host.deploy("cat >lease", f"{lease}\n")
    host.deploy("sh holder <lease >/dev/null 2>&1 & sleep 0.5")
    done = host.deploy("rollback-here 1.0.0")
    assert done.returncode == 3
    assert "ann@laptop is releasing to this host" in done.stderr
    assert host.deploy("rollback-here --force").returncode == 1
    forced = host.deploy("rollback-here 1.0.0 --force 'ann is asleep, site is down'")
    assert forced.returncode == 0, forced.stderr
    assert serves(host) == "200 1.0.0\nslots/blue\n"
    assert parse(ledger(host))[0].result == "forced: ann is asleep, site is down"
    assert host.root("cat /run/launch/fence").endswith(" free\n")


def schema(action: str, step: str, level: int | None, run: str = "r") -> str:
    return Entry("t", run, "w", action, step, "2.0.0", "d", "", "ok", 1.0, level).line() + "\n"


@pytest.mark.parametrize(
    ("lines", "passes"),
    [
        (schema("deploy", "migrate", 7), False),
        (schema("deploy", "migrating", 7), True),
        (schema("contract", "migrating", 7), False),
        (schema("contract", "migrating", 7) + schema("contract", "refused", None), True),
        (schema("contract", "migrating", 7) + schema("deploy", "refused", None, "other"), False),
        (schema("deploy", "migrate", 6), True),
    ],
)
def test_a_schema_that_it_cannot_live_with_stops_it(host: Prepared, lines: str, passes: bool) -> None:
    host.deploy("cat >/srv/app/journal.jsonl", lines)
    record = '{"version":"1.0.0","digest":"d","health_path":"/healthz","schema":{"minimum":1,"maximum":6}}'
    host.deploy(f"echo '{record}' >/srv/app/releases/1.0.0/.launch/release.json")
    done = host.deploy("rollback-here 1.0.0")
    if passes:
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 1
    assert "1.0.0 cannot live with the database's schema, which is at 7" in done.stderr
    assert serves(host) == "200 2.0.0\nslots/green\n"
    assert host.deploy("rollback-here 1.0.0 --force 'it can'").returncode == 0


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("rollback-here 9.9.9", "this host does not keep 9.9.9, but: 1.0.0 2.0.0"),
        ("rollback-here ../x", "usage:"),
        ("rollback-here --now", "usage:"),
        ("rollback-here", "which VERSION? This host keeps: 1.0.0 2.0.0"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_touched(host: Prepared, command: str, words: str) -> None:
    done = host.deploy(command)
    assert done.returncode == 1
    assert words in done.stderr
    assert serves(host) == "200 2.0.0\nslots/green\n"


def test_the_installed_one_is_this_one(host: Prepared) -> None:
    script = Path(__file__).resolve().parents[3] / "scripts" / "rollback-here"
    assert host.root("cat /usr/local/bin/rollback-here") == script.read_text()
