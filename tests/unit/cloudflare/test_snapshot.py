"""The state file's reader: what it gives, and how it fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import LabError
from lab.cloudflare.snapshot import Follower, Record, parse_snapshot, read_snapshot


def state(**changes: Any) -> dict[str, Any]:
    record = {"id": "r1", "type": "A", "name": "app.community.test", "content": "127.0.1.1", "ttl": 1, "proxied": True}
    ruleset = {"id": "s1", "name": "default", "kind": "zone", "phase": "http_ratelimit", "version": "1", "rules": []}
    zone = {
        "id": "z1",
        "name": "community.test",
        "status": "active",
        "plan": "enterprise",
        "settings": {"ssl": "strict"},
        "dns_records": [record],
        "rulesets": [ruleset],
    }
    return {"revision": 3, "accounts": [], "zones": [zone], "secrets_stores": [], **changes}


def write(path: Path, value: dict[str, Any]) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps(value))
    new.replace(path)


def test_it_gives_zones_records_and_entry_points(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write(path, state())
    zone = read_snapshot(path).zones[0]
    assert zone.settings["ssl"] == "strict"
    assert zone.dns_records[0].proxied
    entry = zone.entry_point("http_ratelimit")
    assert entry is not None
    assert entry.id == "s1"
    assert zone.entry_point("http_request_firewall_custom") is None


@pytest.mark.parametrize(
    ("hostname", "zone"),
    [
        ("community.test", "community.test"),
        ("APP.Community.test.", "community.test"),
        ("a.deep.community.test", "deep.community.test"),
        ("notcommunity.test", None),
        ("test", None),
    ],
)
def test_a_hostname_belongs_to_the_zone_of_the_longest_suffix(hostname: str, zone: str | None) -> None:
    value = state()
    value["zones"].append({**value["zones"][0], "name": "deep.community.test"})
    found = parse_snapshot(json.dumps(value), Path("state.json")).zone_of(hostname)
    assert (found.name if found else None) == zone


@pytest.mark.parametrize(
    ("record_type", "content", "priority", "rdata"),
    [
        ("A", "192.0.2.1", None, "192.0.2.1"),
        ("CNAME", "app.community.test", None, "app.community.test."),
        ("MX", "mail.community.test", 10, "10 mail.community.test."),
        ("MX", ".", 0, "0 ."),
        ("SRV", "1 2 443 api.community.test", 1, "1 2 443 api.community.test."),
        ("TXT", '"v=spf1 -all"', None, '"v=spf1 -all"'),
    ],
)
def test_a_record_gives_its_data_for_a_zone_file(
    record_type: str, content: str, priority: int | None, rdata: str
) -> None:
    record = Record(id="r", type=record_type, name="x.community.test", content=content, ttl=1, priority=priority)
    assert record.rdata == rdata


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", "its top"),
        ('{"revision": 1, "zones": [', "its top"),
        (json.dumps(state(revision="3")), "revision"),
        (json.dumps(state(zones=[{"name": "community.test"}])), "zones.0.id"),
        ("[]", "its top"),
    ],
)
def test_damage_is_named(tmp_path: Path, content: str, place: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(LabError, match=f"state.json is damaged at {place}: .*lab.down"):
        read_snapshot(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"state\.json cannot be read: No such file.*lab\.up"):
        read_snapshot(tmp_path / "state.json")


def test_a_follower_reads_only_what_changed(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    follower = Follower(path)
    with pytest.raises(LabError):
        follower.poll()
    write(path, state())
    first = follower.poll()
    assert first is not None
    assert first.revision == 3
    assert follower.poll() is None
    write(path, state(revision=4))
    second = follower.poll()
    assert second is not None
    assert second.revision == 4
    path.write_text("{")
    for _ in range(2):
        with pytest.raises(LabError, match="damaged"):
            follower.poll()
