"""``drift`` and ``adopt`` while the API refuses, hangs, breaks off or ends its pages early: right, or told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.cloudflare_api import CloudflareApi
from cli import adopt
from core.errors import LiveError
from core.resources import UNKNOWN, Resource
from core.secret import Secret
from drift.adopt import draft_of, read_zone
from drift.compare import Wanted, compare
from lab.cloudflare.faults import Fault
from lab.place import ACCOUNT_ID
from tests.cloudflare_api import TOKEN, Served, serving

ZONE = "community.test"
RECORDS = 130
WAF = {"ref": "env", "expression": 'http.request.uri.path eq "/.env"', "action": "block", "enabled": True}
LISTS = ("/zones", "/zones/*/dns_records", "/zones/*/rulesets", "/zones/*/settings*")
Kind = dict[str, Any]
PASSING: dict[str, Kind] = {
    "429": {"kind": "status", "status": 429, "retry_after": 0},
    "500": {"kind": "status", "status": 500, "times": 2},
    "522": {"kind": "status", "status": 522},
    "hang": {"kind": "hang", "seconds": 2},
    "cut": {"kind": "cut"},
    "lost": {"kind": "lost", "times": 2},
}


@dataclass(frozen=True)
class Live:
    """A zone at the API, made by hand: more records than a page has, a rule, a setting."""

    served: Served

    def api(self) -> CloudflareApi:
        return CloudflareApi(self.served.base_url, Secret(TOKEN), attempts=4, seconds=0.5, pause=0.0)

    def ask(self, method: str, path: str, body: Any) -> Any:
        answer = requests.request(
            method, self.served.base_url + path, json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5
        )
        answer.raise_for_status()
        return answer.json()["result"]

    def plan(self, *faults: Kind) -> None:
        self.served.faults.plan([Fault(method="GET", **fault) for fault in faults])

    @property
    def struck(self) -> int:
        return sum(fault.struck for fault in self.served.faults.planned)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serving(tmp_path_factory.mktemp("api")) as served:
        made = Live(served)
        zone = made.ask("POST", "/zones", {"name": ZONE, "account": {"id": ACCOUNT_ID}})["id"]
        for number in range(RECORDS):
            record = {"name": f"n{number}.{ZONE}", "type": "TXT", "content": f'"{number}"', "ttl": 300}
            made.ask("POST", f"/zones/{zone}/dns_records", record)
        ruleset = {"name": "waf", "kind": "zone", "phase": "http_request_firewall_custom", "rules": [WAF]}
        made.ask("POST", f"/zones/{zone}/rulesets", ruleset)
        made.ask("PATCH", f"/zones/{zone}/settings/ssl", {"value": "full"})
        yield made


def wanted(kind: str, name: str, /, **properties: Any) -> Wanted:
    return Wanted(Resource(f"cloudflare:index/x:{kind}", name, f"urn:{name}", properties), "urn:zone")


DECLARED = [
    wanted("Zone", "zone", name=ZONE, account={"id": ACCOUNT_ID}),
    wanted("DnsRecord", "n0", zoneId=UNKNOWN, type="TXT", name=f"n0.{ZONE}", content='"0"', ttl=300),
    wanted("DnsRecord", "gone", zoneId=UNKNOWN, type="A", name=f"gone.{ZONE}", content="192.0.2.1", ttl=300),
    wanted("ZoneSetting", "ssl", zoneId=UNKNOWN, settingId="ssl", value="strict"),
    wanted("Ruleset", "waf", zoneId=UNKNOWN, name="waf", kind="zone", phase="http_request_firewall_custom", rules=[]),
]


def drifted(live: Live) -> list[Any]:
    return [difference.as_json() for difference in compare(DECLARED, live.api()).differences]


def drafted(live: Live) -> Any:
    (zone,) = live.api().items("/zones", {"name": ZONE})
    return draft_of(read_zone(live.api(), zone))


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("fault", list(PASSING))
def test_what_passes_changes_nothing_of_what_is_found(live: Live, path: str, fault: str) -> None:
    live.plan()
    right, draft = drifted(live), drafted(live)
    assert {one["what"] for one in right} == {"missing", "changed", "undeclared"}
    assert len(right) >= RECORDS
    for again, expected in ((drifted, right), (drafted, draft)):
        live.plan({**PASSING[fault], "path": path})
        assert again(live) == expected
        assert live.struck


@pytest.mark.parametrize("path", LISTS)
def test_what_stays_is_told_in_one_sentence_and_nothing_is_compared(live: Live, path: str) -> None:
    live.plan({"kind": "status", "status": 503, "times": 1000, "path": path})
    for work in (drifted, drafted):
        with pytest.raises(LiveError) as told:
            work(live)
        assert "\n" not in str(told.value)
        assert TOKEN not in str(told.value)


def test_a_zone_that_cannot_be_read_whole_leaves_no_file(live: Live, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.taken.yaml"
    live.plan({"kind": "cut", "times": 1000, "after": 3, "path": "/zones/*"})
    with pytest.raises(LiveError):
        adopt.adopt(ZONE, file, tmp_path, live.api(), lambda _stack: [], lambda _found: [])
    assert list(tmp_path.iterdir()) == []
