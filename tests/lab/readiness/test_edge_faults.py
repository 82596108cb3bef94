"""Faults of the edge and of the hosts behind it: settings that somebody changed by hand, certificates, open doors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.hosts import api
from lab.hosts.origin import RELOAD
from lab.pki import Pki, write
from lab.place import here
from readiness.check import Outcome
from readiness.rows.monitoring.live import live_of
from readiness.target import Target
from tests.lab.readiness.conftest import Decide, Seeded, answering, edge_follows
from tests.lab.readiness.test_email_faults import Zone

_HSTS = {"strict_transport_security": {"enabled": True, "max_age": 300, "include_subdomains": True, "nosniff": True}}
_SNIFFED = {"strict_transport_security": {"enabled": True, "max_age": 31_536_000, "include_subdomains": True}}

# Setting of the zone, what somebody makes of it, and the check that must fail.
SETTINGS = {
    "hsts-short": ("security_header", _HSTS, "headers.hsts"),
    "tls-1.0": ("min_tls_version", "1.0", "headers.tls-versions"),
    "http-served": ("always_use_https", "off", "headers.https-redirect"),
    "not-strict": ("ssl", "full", "headers.full-strict"),
    "nosniff-off": ("security_header", _SNIFFED, "headers.nosniff"),
    "login-over-http": ("always_use_https", "off", "auth.no-login-over-http"),
}
# The administrators' routes stand behind all of these: with one of them alone they are closed.
OPENED = {
    "admin-open, the rule admin-from-outside taken out, and Access passed by": "authorization.admin-routes",
}
_NAMES = ("community.test", "*.community.test")
# What every host's certificate is for, how many days it has left, and the checks that must fail.
CERTIFICATES = {
    "a host's certificate that is over": (_NAMES, -1, ("headers.full-strict", "headers.origin-certificate")),
    "a host's certificate for another name": (
        ("elsewhere.test",),
        30,
        ("headers.full-strict", "headers.origin-certificate"),
    ),
    "a host's certificate with five days left": (_NAMES, 5, ("headers.origin-certificate",)),
}
DOORS = {"a host that answers everybody": "headers.origin-closed"}
RECORDS = {"a host's address in a record that is not proxied": "headers.origin-hidden"}


def _zone(target: Target) -> str:
    assert target.live_api is not None
    name = target.settings.zone.name
    return next(f"/zones/{zone['id']}" for zone in target.live_api.items("/zones") if zone["name"] == name)


@contextmanager
def changed(target: Target, setting: str, value: Any) -> Iterator[None]:
    """Have another value in place until the block ends, and be back when the edge has it."""
    assert target.live_api is not None
    assert target.live_changes is not None
    path = f"{_zone(target)}/settings/{setting}"
    former = (target.live_api.get(path) or {})["value"]
    with edge_follows(target):
        target.live_changes.change(path, {"value": value})
    try:
        yield
    finally:
        with edge_follows(target):
            target.live_changes.change(path, {"value": former})


@pytest.mark.parametrize(("setting", "value", "check"), SETTINGS.values(), ids=list(SETTINGS))
def test_a_setting_that_was_changed_by_hand_is_found(
    target: Target, honest: Decide, decide: Decide, setting: str, value: Any, check: str
) -> None:
    clean = honest(check)
    assert clean.outcome is Outcome.PASS, f"{clean.outcome}: {clean.summary}"
    with changed(target, setting, value):
        # One name is enough to be scanned.
        result = decide(check, answering(target, "app") if check == "headers.tls-versions" else target)
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"


@contextmanager
def without(target: Target, ref: str) -> Iterator[None]:
    """The firewall is without that rule until the block ends."""
    assert target.live_api is not None
    assert target.live_changes is not None
    rulesets = f"{_zone(target)}/rulesets"
    (ruleset,) = (one for one in target.live_api.items(rulesets) if one["phase"] == "http_request_firewall_custom")
    rules = (target.live_api.get(f"{rulesets}/{ruleset['id']}") or {})["rules"]
    (was,) = (rule for rule in rules if rule["ref"] == ref)
    path = f"{rulesets}/{ruleset['id']}/rules"
    with edge_follows(target):
        target.live_changes.remove(f"{path}/{was['id']}")
    try:
        yield
    finally:
        again = {key: value for key, value in was.items() if key not in ("id", "version", "last_updated")}
        with edge_follows(target):
            target.live_changes.make(path, {**again, "position": {"index": rules.index(was) + 1}})


@contextmanager
def passed_by(target: Target, path: str) -> Iterator[None]:
    """Access has an application for ``path`` that asks nobody who it is, until the block ends."""
    access, changes = f"{live_of(target).account_path}/access", target.live_changes
    assert changes is not None
    everybody = {"name": "for the report", "decision": "bypass", "include": [{"everyone": {}}]}
    policy = changes.make(f"{access}/policies", everybody)["id"]
    uri = target.url(path).removeprefix("https://")
    application = {"name": "for the report", "type": "self_hosted", "domain": uri, "policies": [policy]}
    with edge_follows(target):
        made = changes.make(f"{access}/apps", application)["id"]
    try:
        yield
    finally:
        changes.remove(f"{access}/apps/{made}")
        with edge_follows(target):
            changes.remove(f"{access}/policies/{policy}")


@pytest.mark.parametrize("check", OPENED.values(), ids=list(OPENED))
def test_what_stands_open_at_every_layer_is_found(
    seeded: Seeded, target: Target, honest: Decide, decide: Decide, check: str
) -> None:
    clean = honest(check)
    assert clean.outcome is Outcome.PASS, f"{clean.outcome}: {clean.summary}"
    with seeded("admin-open"), without(target, "admin-from-outside"), passed_by(target, "/api/admin/users"):
        result = decide(check)
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"


@pytest.mark.usefixtures("seeded")
def test_a_host_that_answers_everybody_is_found(honest: Decide, decide: Decide) -> None:
    (check,) = DOORS.values()
    assert honest(check).outcome is Outcome.PASS
    shut, opened = "return 403;", "set $door open;"

    def told(old: str, new: str) -> int:
        script = f"sed -i 's/{old}/{new}/' /etc/nginx/snippets/app-listen.conf; {RELOAD}"
        return api.shell(here(), "app-2", ["sh", "-euc", script]).returncode

    assert told(shut, opened) == 0
    try:
        result = decide(check)
    finally:
        told(opened, shut)
    assert result.outcome is Outcome.FAIL
    assert "app-2 answers 200" in result.summary
    assert "app-1" not in result.summary


def test_a_record_that_tells_a_hosts_address_is_found(lab: dict[str, Any], honest: Decide, decide: Decide) -> None:
    (check,) = RECORDS.values()
    assert honest(check).outcome is Outcome.PASS, honest(check).summary
    address = lab["hosts"][0]["address"]
    with Zone(lab, "community.test").having("old.community.test", "A", (address,)):
        result = decide(check)
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"
    assert result.summary == f"old.community.test A tells {address}"


@pytest.mark.parametrize("fault", CERTIFICATES)
@pytest.mark.usefixtures("seeded")
def test_a_host_certificate_that_does_not_hold_is_found(
    honest: Decide, decide: Decide, tmp_path: Path, fault: str
) -> None:
    names, days, checks = CERTIFICATES[fault]
    assert {honest(check).outcome for check in checks} == {Outcome.PASS}
    place, now = here(), datetime.now(UTC)
    pki = Pki(place.home / "pki")
    made = pki.authority("origin").issue(names, now - timedelta(days=3), now + timedelta(days=days))
    write(tmp_path / "bad.pem", *made)
    hosts = ("app-1", "app-2")
    try:
        for host in hosts:
            api.install_origin_certificate(place, host, tmp_path / "bad.pem", tmp_path / "bad.key")
        outcomes = {check: decide(check).outcome for check in checks}
    finally:
        for host in hosts:
            good = pki.origin_certificate(host, ["community.test", "*.community.test"])
            api.install_origin_certificate(place, host, *good)
    assert outcomes == dict.fromkeys(checks, Outcome.FAIL)
