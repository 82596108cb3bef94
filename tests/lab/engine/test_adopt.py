"""A zone that others made: adopted, imported into the engine's state, and previewed with no change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.cloudflare_api import CloudflareApi
from cli.adopt import Adopted, adopt
from cli.live_state import wanted_by
from core.errors import EngineError, LiveError
from lab.engine import api
from lab.engine.declared import Declared, declared
from lab.engine.model import Event
from lab.engine.project import Project
from lab.place import ACCOUNT_ID

ZONE = "old.test"
HSTS = {"enabled": True, "max_age": 31536000, "include_subdomains": True, "preload": False, "nosniff": True}
RECORDS: Sequence[dict[str, Any]] = (
    *({"type": "A", "name": name, "content": "192.0.2.11", "proxied": True} for name in (ZONE, f"www.{ZONE}")),
    *({"type": "A", "name": name, "content": "192.0.2.12", "proxied": True} for name in (ZONE, f"www.{ZONE}")),
    {"type": "CNAME", "name": f"docs.{ZONE}", "content": "pages.hosting.example", "proxied": True},
    {"type": "A", "name": f"mail.{ZONE}", "content": "192.0.2.25", "ttl": 3600},
    {"type": "A", "name": f"ssh.{ZONE}", "content": "192.0.2.11", "comment": "for the administrators", "ttl": 300},
    {"type": "TXT", "name": ZONE, "content": '"proof=1: \\"yes\\""', "ttl": 3600},
    {"type": "TXT", "name": f"012.{ZONE}", "content": '"$(reboot) `x` {{ 7*7 }} # no"'},
    *(
        {"type": "CAA", "name": ZONE, "data": {"flags": 0, "tag": "issue", "value": authority}}
        for authority in ("letsencrypt.org", "pki.goog")
    ),
    {
        "type": "SRV",
        "name": f"_submission._tcp.{ZONE}",
        "data": {"priority": 0, "weight": 0, "port": 587, "target": f"mail.{ZONE}"},
    },
    {"type": "PTR", "name": f"9.{ZONE}", "content": f"www.{ZONE}"},
)
MAIL: Sequence[dict[str, Any]] = (
    {"type": "MX", "name": ZONE, "content": f"mail.{ZONE}", "priority": 10},
    {"type": "TXT", "name": ZONE, "content": '"v=spf1 mx ~all"'},
)


def silent(_event: Event) -> None:
    """Nobody looks."""


class Old:
    """A zone at the lab's API that no program made."""

    def __init__(self, chain: Any) -> None:
        self.project: Project = chain.project
        self.state: Path = chain.api_state
        self.id = self.ask("POST", "/zones", {"name": ZONE, "account": {"id": ACCOUNT_ID}, "plan": {"id": "business"}})[
            "id"
        ]
        for record in (*RECORDS, *MAIL):
            if "name" in record:
                self.ask("POST", f"/zones/{self.id}/dns_records", {"ttl": 1, **record})
        for setting, value in (("ssl", "full"), ("min_tls_version", "1.2"), ("always_use_https", "on")):
            self.ask("PATCH", f"/zones/{self.id}/settings/{setting}", {"value": value})
        hsts = {"strict_transport_security": HSTS}
        self.ask("PATCH", f"/zones/{self.id}/settings/security_header", {"value": hsts})
        rule = {"description": "no dotfiles", "expression": 'http.request.uri.path contains "/."', "action": "block"}
        self.ask(
            "POST",
            f"/zones/{self.id}/rulesets",
            {"name": "default", "kind": "zone", "phase": "http_request_firewall_custom", "rules": [rule]},
        )

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.project.token.reveal()}"}
        answer = requests.request(method, self.project.base_url + path, json=body, headers=headers, timeout=10)
        assert answer.ok, answer.text
        return answer.json()["result"]

    def adopt(self, **more: Any) -> Adopted:
        live = CloudflareApi(self.project.base_url, self.project.token, attempts=2, pause=0.01, **more)
        return adopt(ZONE, self.file, self.project.root, live, self.declared, wanted_by)

    def declared(self, stack: str) -> list[Declared]:
        return declared(self.project.root, stack)

    @property
    def file(self) -> Path:
        return self.project.root / "stacks" / "Pulumi.old.yaml"

    @property
    def stack(self) -> Project:
        root, url = self.project.root, self.project.base_url
        return Project(
            root=root,
            stack="old",
            state_folder=self.project.state_folder,
            base_url=url,
            token=self.project.token,
            passphrase=self.project.passphrase,
        )


@pytest.fixture
def old(chain: Any) -> Old:
    return Old(chain)


@pytest.mark.slow
def test_after_the_import_a_preview_changes_nothing_and_what_is_left_is_told(old: Old) -> None:
    before = json.loads(old.state.read_text())["revision"]
    done = old.adopt()
    text = old.file.read_text()
    left = "\n".join(done.left)
    assert "waf:" not in left, left
    assert "setting ssl: it is full, and the file asks for strict" in left
    assert "record PTR 9.old.test" in left
    assert "email:" in left
    assert all(
        f"# Not in here: {line}" in text for line in done.left if line.startswith(("setting", "record", "email"))
    )
    assert 'reason: "Adopted as it was: say why it is not proxied"' in text
    assert 'name: "012"' in text
    document = json.loads(done.imports.read_text())
    assert {entry["type"].rsplit(":", 1)[-1] for entry in document["resources"] if not entry.get("component")} == {
        *("Zone", "ZoneSetting", "ZoneDnssec", "Ruleset", "DnsRecord"),
        *("AuthenticatedOriginPullsSettings", "LeakedCredentialCheck"),
    }
    assert len({entry["name"] for entry in document["resources"]}) == len(document["resources"])

    taken = api.take_over(old.stack, silent, done.imports)
    assert taken.changes["import"] == done.resources
    seen = api.preview(old.stack, silent)
    assert (seen.changed, seen.document["steps"]) == (False, [])
    assert not api.up(old.stack, silent).changed
    assert json.loads(old.state.read_text())["revision"] == before, "an adoption writes nothing at Cloudflare"


@pytest.mark.slow
def test_an_import_that_lacks_something_or_is_not_as_it_is_there_is_refused(old: Old) -> None:
    done = old.adopt()
    document = json.loads(done.imports.read_text())
    record = next(entry for entry in document["resources"] if entry["logicalName"] == "mail/A/192.0.2.25")
    document["resources"].remove(record)
    done.imports.write_text(json.dumps(document))
    with pytest.raises(EngineError, match=r"mail/A/192\.0\.2\.25 is declared, and the import file has no id for it"):
        api.take_over(old.stack, silent, done.imports)


def test_a_zone_that_cannot_be_read_leaves_no_file(old: Old) -> None:
    old.ask("DELETE", f"/zones/{old.id}")
    with pytest.raises(LiveError, match=r"the token sees 0 zones with the name old\.test: it needs Zone Read"):
        old.adopt()
    assert not old.file.exists()
