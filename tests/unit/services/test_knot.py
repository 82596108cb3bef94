"""Knot's configuration and command, and the files that are kept in step."""

from __future__ import annotations

from pathlib import Path

import dns.zone
import pytest
import yaml

from core.errors import LabError
from lab.cloudflare.snapshot import Snapshot
from lab.dns import knot, reverse, team
from lab.dns.follow import Zones
from lab.place import TEAM

ZONE = {
    "id": "z",
    "status": "active",
    "plan": "free",
    "settings": {},
    "rulesets": [],
    "name_servers": ["ns.lab.test"],
    "dns_records": [],
}
BAD_RECORD = {"id": "r", "type": "A", "name": "www.bad.test", "content": "nonsense", "ttl": 1}


def snapshot(*zones: dict[str, object]) -> Snapshot:
    document = {"revision": 1, "accounts": [], "secrets_stores": [], "zones": [{**ZONE, **one} for one in zones]}
    return Snapshot.model_validate(document)


def test_the_configuration_listens_on_one_address_and_lists_the_zones() -> None:
    # Knot's format is YAML for what is used of it here (knot.conf(5)).
    parsed = yaml.safe_load(knot.configuration("127.77.0.53", 53, {"b.test": False, "a.test": True}))
    assert parsed["server"]["listen"] == "127.77.0.53@53"
    assert parsed["template"][0]["storage"] == "/run/lab/zones"
    signing = {"dnssec-signing": True, "dnssec-policy": parsed["policy"][0]["id"]}
    assert parsed["zone"] == [{"domain": "a.test.", **signing}, {"domain": "b.test."}]


def test_without_zones_the_configuration_has_no_zone_section() -> None:
    assert "zone" not in yaml.safe_load(knot.configuration("127.77.0.53", 53, {}))


def test_knot_runs_over_the_tree_and_sees_the_folder(tmp_path: Path) -> None:
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/knotd").touch()
    argv = knot.argv(tmp_path, Path("/lab/dns"))
    assert argv[-3:] == ["/usr/sbin/knotd", "-c", "/run/lab/knot.conf"]
    assert argv[argv.index("/lab/dns") + 1] == "/run/lab"


def test_a_tree_without_knot_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="lacks Knot DNS"):
        knot.argv(tmp_path, Path("/lab/dns"))


def refuse(zone: str, _key: str) -> None:
    raise LabError(f"zone {zone}: no key")


@pytest.fixture
def zones(tmp_path: Path) -> Zones:
    """Zones that no key is asked for."""
    (tmp_path / knot.ZONES).mkdir()
    return Zones(tmp_path, "127.77.0.53", 53, "127.77.0.3", refuse)


def served(zones: Zones) -> list[str]:
    parsed = yaml.safe_load((zones.folder / knot.CONFIGURATION).read_text())
    always = {f"{reverse.NAME}.", f"{team.NAME}."}
    return [entry["domain"] for entry in parsed["zone"] if entry["domain"] not in always]


def test_a_zone_that_cannot_be_rendered_takes_no_other_down(zones: Zones, caplog: pytest.LogCaptureFixture) -> None:
    zones.write(snapshot({"name": "bad.test", "dns_records": [BAD_RECORD]}, {"name": "good.test"}))
    assert served(zones) == ["good.test."]
    assert "www.bad.test" in caplog.text


def test_a_zone_that_turns_bad_is_served_as_it_was(zones: Zones) -> None:
    zones.write(snapshot({"name": "bad.test"}))
    before = knot.zone_file(zones.folder, "bad.test").read_text()
    zones.write(snapshot({"name": "bad.test", "dns_records": [BAD_RECORD]}))
    assert served(zones) == ["bad.test."]
    assert knot.zone_file(zones.folder, "bad.test").read_text() == before


def test_a_zone_that_was_deleted_is_served_no_more(zones: Zones) -> None:
    zones.write(snapshot({"name": "one.test"}, {"name": "two.test"}))
    zones.write(snapshot({"name": "two.test"}))
    assert served(zones) == ["two.test."]
    assert not knot.zone_file(zones.folder, "one.test").exists()


def test_the_mail_servers_address_leads_back_to_its_name_whatever_the_api_holds(zones: Zones) -> None:
    zones.write(snapshot())
    configured = yaml.safe_load((zones.folder / knot.CONFIGURATION).read_text())["zone"]
    assert {"domain": "2.0.192.in-addr.arpa."} in configured
    zone = dns.zone.from_file(str(knot.zone_file(zones.folder, reverse.NAME)), reverse.NAME)
    [pointer] = zone.find_rdataset("25", "PTR")
    assert str(pointer) == "mail.community.test."


@pytest.mark.parametrize(
    ("dnssec", "keys", "signed"),
    [
        ({"status": "pending", "key": "a key"}, [("one.test", "a key")], True),
        ({"status": "disabled", "key": "a key"}, [], False),
        ({}, [], False),
    ],
)
def test_a_zone_is_signed_with_its_own_key_while_that_is_asked_for(
    zones: Zones, dnssec: dict[str, str], keys: list[tuple[str, str]], signed: bool
) -> None:
    given: list[tuple[str, str]] = []
    zones.import_key = lambda *key: given.append(key)
    zones.write(snapshot({"name": "one.test", "dnssec": dnssec}))
    configured = yaml.safe_load((zones.folder / knot.CONFIGURATION).read_text())["zone"]
    [one] = [zone for zone in configured if zone["domain"] == "one.test."]
    assert (given, one.get("dnssec-signing", False)) == (keys, signed)


def test_a_zone_whose_key_is_refused_is_not_served_without_signatures(
    zones: Zones, caplog: pytest.LogCaptureFixture
) -> None:
    zones.write(snapshot({"name": "one.test", "dnssec": {"status": "pending", "key": "a key"}}))
    assert served(zones) == []
    assert "one.test: no key" in caplog.text


def test_where_access_has_people_log_in_is_the_edge(zones: Zones) -> None:
    zones.write(snapshot())
    zone = dns.zone.from_file(str(knot.zone_file(zones.folder, team.NAME)), team.NAME)
    [address] = zone.find_rdataset(TEAM.partition(".")[0], "A")
    assert str(address) == zones.edge
