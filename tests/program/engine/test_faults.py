"""``up`` while the API refuses, hangs, breaks off or loses its answers: right in the end, or told and mended."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.errors import EngineError
from core.secret import Secret
from lab.cloudflare.faults import Fault
from lab.engine import api
from lab.engine.model import Event, Result
from lab.engine.project import Project
from lab.engine.providers.cloudflare import client
from lab.engine.providers.cloudflare.provider import CloudflareProvider
from lab.place import ACCOUNT_ID
from tests.cloudflare_api import TOKEN, Served, serving

pytestmark = pytest.mark.slow

SETTINGS = {"ssl": "strict", "min_tls_version": "1.2", "always_use_https": "on", "0rtt": "off"}
ROOT = Path(__file__).resolve().parents[3]
# By their tokens and without pulumi_cloudflare, whose import takes longer than all the rest of a run.
PROGRAM = f"""
import pulumi

def made(type_, label, **properties):
    return pulumi.CustomResource(f"cloudflare:index/{{type_[0].lower()}}{{type_[1:]}}:{{type_}}", label, properties)

zone = made("Zone", "zone", name="community.test", account={{"id": "{ACCOUNT_ID}"}}, type="full")
for setting, value in {SETTINGS}.items():
    made("ZoneSetting", setting, zoneId=zone.id, settingId=setting, value=value)
made("DnsRecord", "a", zoneId=zone.id, name="a.community.test", type="A", content="127.0.1.1", ttl=300, proxied=True)
made("DnsRecord", "caa", zoneId=zone.id, name="community.test", type="CAA", ttl=1,
     data={{"flags": 0, "tag": "issue", "value": "letsencrypt.org"}})
rule = {{"ref": "env", "expression": 'http.request.uri.path eq "/.env"', "action": "block", "enabled": True}}
made("Ruleset", "waf", zoneId=zone.id, name="waf", kind="zone", phase="http_request_firewall_custom", rules=[rule])
made("SecretsStore", "store", accountId="{ACCOUNT_ID}", name="lab")
"""
RECORDS, RULESETS = "/zones/*/dns_records", "/zones/*/rulesets"


@dataclass
class Bench:
    """A project, and the API that it is applied to."""

    project: Project
    cloudflare: Served

    def up(self) -> Result:
        return api.up(self.project, _silent)

    def assert_right(self) -> None:
        """All that the program asks for is there, once, and the state knows each by its id."""
        there, document = self.cloudflare.state, json.loads(self.project.state.path.read_text())
        zone = self.cloudflare.zone
        items = [zone, *zone["dns_records"], *zone["rulesets"], *there["secrets_stores"]]
        known = {resource["id"] for resource in document["deployment"]["resources"] if resource.get("id")}
        assert [len(zone["dns_records"]), len(zone["rulesets"]), len(there["secrets_stores"])] == [2, 1, 1]
        assert {item["id"] for item in items} <= known
        assert {name: zone["settings"][name] for name in SETTINGS} == SETTINGS
        assert document["deployment"].get("pending_operations", []) == []


def _silent(_event: Event) -> None:
    """Nobody looks."""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    monkeypatch.setattr(client, "_TIMEOUT", (1, 0.3))
    monkeypatch.setattr(api, "Client", functools.partial(client.Client, attempts=3, pause=0.01))
    with serving(tmp_path) as cloudflare:
        project = Project(
            root=tmp_path,
            stack="dev",
            state_folder=tmp_path / "state",
            base_url=cloudflare.base_url,
            token=Secret(TOKEN),
            passphrase=Secret("correct horse"),
        )
        yield Bench(project, cloudflare)


def test_what_can_be_asked_again_is_and_up_finishes_right(bench: Bench) -> None:
    faults = [
        Fault(kind="status", status=429, retry_after=0, path="/zones", times=2),
        Fault(kind="status", status=429, retry_after=1, method="POST", path=RECORDS),
        Fault(kind="status", status=503, path="*/settings/ssl", times=2),
        Fault(kind="hang", path="*/settings/min_tls_version", seconds=0.5),
        Fault(kind="cut", path="*/settings/always_use_https"),
        Fault(kind="lost", path="*/settings/0rtt"),
    ]
    bench.cloudflare.faults.plan(faults)
    assert bench.up().changes.keys() == {"create"}
    assert [fault.struck for fault in faults] == [fault.times for fault in faults]
    bench.assert_right()
    assert bench.up().changed is False


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(kind="status", status=429, path="/zones", times=9), r"Zone zone: create failed: POST /zones: 971 .*429"),
        (Fault(kind="status", status=502, method="POST", path="/zones"), "POST /zones: HTTP 502 without JSON"),
        (Fault(kind="status", status=503, method="PATCH", times=99), "PATCH /zones/[0-9a-f]+/settings/.*: HTTP 503"),
        (
            Fault(kind="hang", method="POST", path=RECORDS, seconds=0.5),
            r"DnsRecord .*: create failed: .*did not answer",
        ),
        (Fault(kind="cut", method="POST", path=RULESETS), "Ruleset waf: create failed: .*did not answer"),
        (Fault(kind="lost", method="POST", path="/zones"), "Zone zone: create failed: .*did not answer"),
        (Fault(kind="lost", method="POST", path=RECORDS, times=2), "DnsRecord .*: create failed: .*did not answer"),
        (Fault(kind="lost", method="POST", path="/accounts/*"), "SecretsStore store: create failed: .*did not answer"),
    ],
    ids=lambda value: f"{value.kind} {value.method} {value.path}" if isinstance(value, Fault) else "",
)
def test_what_cannot_be_asked_again_is_told_and_the_next_up_repairs_it(bench: Bench, fault: Fault, told: str) -> None:
    bench.cloudflare.faults.plan([fault])
    with pytest.raises(EngineError, match=told) as caught:
        bench.up()
    assert "Traceback" not in str(caught.value)
    assert TOKEN not in str(caught.value)
    bench.cloudflare.faults.plan([])
    bench.up()
    bench.assert_right()


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_a_deletion_whose_answer_is_lost_is_asked_again_and_is_done(bench: Bench, kind: Any) -> None:
    bench.up()
    faults = [Fault(kind=kind, method="DELETE", path="*/dns_records/*"), Fault(kind=kind, method="DELETE")]
    bench.cloudflare.faults.plan(faults)
    api.destroy(bench.project, _silent)
    assert [fault.struck for fault in faults] == [1, 1]
    assert (bench.cloudflare.state["zones"], bench.cloudflare.state["secrets_stores"]) == ([], [])


def test_a_refresh_through_faults_says_what_is_there(bench: Bench) -> None:
    bench.up()
    faults = [
        Fault(kind="status", status=429, retry_after=0, method="GET"),
        Fault(kind="cut", method="GET", path="*/dns_records/*"),
        Fault(kind="hang", method="GET", path="*/rulesets/*", seconds=0.5),
    ]
    bench.cloudflare.faults.plan(faults)
    assert api.refresh(bench.project, _silent).changes.keys() == {"same"}
    assert [fault.struck for fault in faults] == [1, 1, 1]


def _made(folder: Path) -> dict[str, dict[str, Any]]:
    """What to ask for of each type whose creation cannot be asked twice, beside those of the program above."""
    lab = folder / "stacks" / "lab"
    return {
        "certificatePack:CertificatePack": {
            "type": "advanced",
            "hosts": ["community.test", "*.community.test"],
            "certificateAuthority": "lets_encrypt",
            "validationMethod": "txt",
            "validityDays": 90.0,
        },
        "originCaCertificate:OriginCaCertificate": {
            "csr": (lab / "origin.csr").read_text(),
            "hostnames": ["community.test", "*.community.test"],
            "requestType": "origin-ecc",
            "requestedValidity": 5475.0,
        },
        "dnsRecord:DnsRecord": {
            "name": "_sip._tcp.community.test",
            "type": "SRV",
            "ttl": 1.0,
            "data": {"priority": 1.0, "weight": 2.0, "port": 3.0, "target": "pbx.community.test"},
        },
    }


def test_a_certificate_whose_answer_was_lost_is_found_and_no_other_is_asked_for(bench: Bench) -> None:
    bench.up()
    zone_id = bench.cloudflare.zone["id"]
    provider = CloudflareProvider(client.Client(bench.cloudflare.base_url, Secret(TOKEN), attempts=2, pause=0.01))
    for name, inputs in _made(ROOT).items():
        type_, asked = f"cloudflare:index/{name}", {"zoneId": zone_id, **inputs}
        assert provider.find(type_, asked) is None, name
        bench.cloudflare.faults.plan([Fault(kind="lost", method="POST")])
        with pytest.raises(client.ApiError) as caught:
            provider.create(type_, asked)
        assert caught.value.uncertain
        found = provider.find(type_, asked)
        assert found is not None, name
        again = provider.read(type_, found.id, found.outputs)
        assert again is not None
        assert {key: again.inputs.get(key) for key in inputs} == inputs, name
        provider.delete(type_, found.id, found.outputs)
        assert provider.find(type_, asked) is None, name
