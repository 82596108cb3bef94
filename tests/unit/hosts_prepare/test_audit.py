"""Each check of an audit by itself: from what a host says to ok, bad or cannot tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli import hosts_text
from core.errors import HostError
from core.ports import Ran
from deploy.fleet import Gathered
from deploy.hosts.audit import Check, judge, read, sudo_rules

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PREPARE = Path(__file__).resolve().parents[3] / "scripts" / "prepare-host"

WELL = [
    "system debian 12",
    "clock yes",
    "journal writable",
    "disk /srv/app  41%",
    "inodes /srv/app  3%",
    "kernel 6.1.0-30-amd64 6.1.0-30-amd64",
    *(f"slot {number} current.sock" for number in range(10)),
    "current blue.sock",
    "live slots/blue",
    "held no",
    "unit nginx active enabled yes",
    "unit ssh active enabled yes",
    "unit app-link inactive enabled yes",
    "unit app-cool.timer active enabled yes",
    "unit app-firewall active enabled yes",
    "file same /etc/nginx/conf.d/app.conf",
    "file same /usr/local/bin/rollback-here",
    "mode 600 root:root /etc/app/env",
    *(f"sudo {rule}" for rule in sorted(sudo_rules())),
    "sshd passwordauthentication no",
    "sshd kbdinteractiveauthentication no",
    "sshd permitrootlogin without-password",
    "firewall loaded",
    "nginx ok",
    f"certificate {int((NOW + timedelta(days=90)).timestamp())}",
]


def judged(lines: list[str]) -> dict[str, Check]:
    checks = judge(read("a", Ran(0, "".join(f"{line}\n" for line in lines), "")), NOW)
    found = {check.id: check for check in checks}
    assert len(found) == len(checks)
    return found


def test_a_well_host_has_nothing_bad_and_every_check_has_its_id() -> None:
    found = judged(WELL)
    assert {check.verdict for check in found.values()} == {"ok"}
    assert list(found) == [
        "system.supported", "system.reboot", "time.synced", "disk.srv-app", "inodes.srv-app", "journal.writable",
        "slots.right", "slots.boot", "unit.nginx", "unit.ssh", "unit.app-link", "unit.app-cool.timer",
        "unit.app-firewall", "files.ours", "nginx.ours", "files.modes", "sudo.least", "sshd.passwords", "sshd.root",
        "firewall.loaded", "nginx.valid", "nginx.alone", "tls.expiry",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("was", "now", "name", "verdict"),
    [
        ("system debian 12", "system debian 11", "system.supported", "bad"),
        ("system debian 12", "system ubuntu 24.04", "system.supported", "bad"),
        ("system debian 12", "system debian 13", "system.supported", "ok"),
        ("kernel 6.1.0-30-amd64 6.1.0-30-amd64", "kernel 6.1.0-30-amd64 6.1.0-31-amd64", "system.reboot", "bad"),
        ("kernel 6.1.0-30-amd64 6.1.0-30-amd64", "kernel 6.1.0 ", "system.reboot", "ok"),
        ("clock yes", "clock no", "time.synced", "bad"),
        ("clock yes", "clock container", "time.synced", "cannot tell"),
        ("clock yes", "clock unknown", "time.synced", "cannot tell"),
        ("disk /srv/app  41%", "disk /srv/app  85%", "disk.srv-app", "bad"),
        ("inodes /srv/app  3%", "inodes /srv/app  -", "inodes.srv-app", "cannot tell"),
        ("slot 3 current.sock", "slot 3 green.sock", "slots.right", "bad"),
        ("held no", "held yes", "slots.right", "cannot tell"),
        ("live slots/blue", "live slots/green", "slots.boot", "bad"),
        ("unit nginx active enabled yes", "unit nginx failed enabled yes", "unit.nginx", "bad"),
        ("unit nginx active enabled yes", "unit nginx active disabled yes", "unit.nginx", "bad"),
        ("unit app-firewall active enabled yes", "unit app-firewall inactive ", "unit.app-firewall", "bad"),
        ("file same /etc/nginx/conf.d/app.conf", "file changed /etc/nginx/conf.d/app.conf", "nginx.ours", "bad"),
        ("file same /usr/local/bin/rollback-here", "file missing /usr/local/bin/rollback-here", "files.ours", "bad"),
        ("mode 600 root:root /etc/app/env", "mode 644 root:root /etc/app/env", "files.modes", "bad"),
        ("mode 600 root:root /etc/app/env", "mode 600 app:root /etc/app/env", "files.modes", "bad"),
        ("sshd passwordauthentication no", "sshd passwordauthentication yes", "sshd.passwords", "bad"),
        ("sshd permitrootlogin without-password", "sshd permitrootlogin yes", "sshd.root", "bad"),
        ("firewall loaded", "firewall missing", "firewall.loaded", "bad"),
        ("firewall loaded", "firewall off", "firewall.loaded", "cannot tell"),
        ("nginx ok", "nginx nginx: [emerg] oops", "nginx.valid", "bad"),
        (WELL[-1], f"certificate {int((NOW + timedelta(days=13)).timestamp())}", "tls.expiry", "bad"),
        (WELL[-1], "certificate", "tls.expiry", "bad"),
    ],
)
def test_one_thing_that_changes_turns_its_own_check(was: str, now: str, name: str, verdict: str) -> None:
    assert was in WELL
    found = judged([now if line == was else line for line in WELL])
    assert found[name].verdict == verdict
    assert found[name].why


@pytest.mark.parametrize(
    ("more", "name"),
    [("sudo (ALL : ALL) ALL", "sudo.least"), ("site /etc/nginx/sites-enabled/other", "nginx.alone"),
     ("reboot required", "system.reboot")],
)  # fmt: skip
def test_one_thing_too_many_is_bad(more: str, name: str) -> None:
    assert judged([*WELL, more])[name].verdict == "bad"


def test_a_right_that_is_missing_is_bad_too() -> None:
    found = judged([line for line in WELL if "restart app@blue" not in line])
    assert "may not: (root) NOPASSWD: /usr/bin/systemctl restart app@blue.service" in found["sudo.least"].why


def test_the_rules_are_those_that_prepare_host_writes() -> None:
    text = PREPARE.read_text()
    written = {
        line.partition("deploy ALL=")[2].partition('"\n')[0].rstrip("\"'")
        for line in text.splitlines()
        if "NOPASSWD" in line
    }
    patterns = {rule.replace("$colour", colour) for rule in written for colour in ("blue", "green")}
    verbs = {rule.replace("$verb", verb) for rule in patterns for verb in ("restart", "stop")}
    plain = {rule.rstrip(' "') for rule in verbs}
    assert {rule.rstrip(' "') for rule in sudo_rules()} == plain


def test_where_roots_part_did_not_run_it_is_said_and_the_rest_is_judged() -> None:
    found = judged([*WELL[:20], "failed-audit"])
    assert found["host.prepared"].verdict == "bad"
    assert found["system.supported"].verdict == "ok"
    assert "sudo.least" not in found


def test_a_host_that_cannot_say_it_is_named() -> None:
    with pytest.raises(HostError, match="a: "):
        read("a", Ran(1, "", "sh: not found"))


def test_hostile_words_do_not_reach_the_terminal() -> None:
    found: Gathered[tuple[Check, ...]] = Gathered()
    found.good["a"] = tuple(judged([*WELL, "site /etc/nginx/conf.d/\x1b[2Jx"]).values())
    assert "\x1b" not in hosts_text.audit(found)
    assert hosts_text.audit(found).endswith("1 bad")
    assert hosts_text.audit_json(found)["hosts"][0]["checks"][0]["id"] == "system.supported"
