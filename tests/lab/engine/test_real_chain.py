"""The real program, our engine, the lab's real Cloudflare API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from core.errors import EngineError
from lab.engine import api
from lab.engine.model import Event

ROOT = Path(__file__).resolve().parents[3]


def silent(_event: Event) -> None:
    """Nobody looks."""


def test_up_is_complete_and_a_second_one_changes_nothing(chain: Any) -> None:
    done = api.up(chain.project, silent)
    assert done.changes.keys() == {"create"}
    zone = chain.zone
    assert zone["settings"]["ssl"] == "strict"
    assert {ruleset["phase"] for ruleset in zone["rulesets"]} >= {"http_request_firewall_custom", "http_ratelimit"}
    assert {record["type"] for record in zone["dns_records"]} >= {"A", "MX", "TXT"}
    assert done.outputs["zone_id"] == zone["id"]
    written, kept = chain.api_state.read_bytes(), chain.project.state.path.read_bytes()
    again = api.up(chain.project, silent)
    assert (again.changed, again.outputs) == (False, done.outputs)
    assert (chain.api_state.read_bytes(), chain.project.state.path.read_bytes()) == (written, kept)


def test_an_edit_is_told_by_its_path_then_applied_and_nothing_else_is_touched(chain: Any) -> None:
    chain.edit('web: ["@", www, api, app]', 'web: ["@", www, api, app, old]')
    api.up(chain.project, silent)
    rules = {rule["ref"]: rule["id"] for ruleset in chain.zone["rulesets"] for rule in ruleset["rules"]}
    chain.edit("policy: quarantine", "policy: reject")
    chain.edit('web: ["@", www, api, app, old]', 'web: ["@", www, api, app]')
    chain.edit(
        "  launch-ready:redirects:\n", "  launch-ready:rate_limits: {login: {requests: 9}}\n  launch-ready:redirects:\n"
    )
    seen = api.preview(chain.project, silent)
    steps = {(step["op"], step["urn"].rsplit("::", 1)[-1]): step for step in seen.document["steps"]}
    assert set(steps) == {
        ("update", "_dmarc/TXT"),
        ("update", "rate-limits"),
        ("delete", "admin/old"),
        ("delete", "old/A/app1"),
        ("delete", "old/A/app2"),
    }
    assert steps["update", "_dmarc/TXT"]["detailedDiff"] == {"content": {"kind": "update", "inputDiff": True}}
    assert "rules[0].ratelimit.requestsPerPeriod" in steps["update", "rate-limits"]["detailedDiff"]
    assert api.up(chain.project, silent).changes == seen.changes
    zone = chain.zone
    assert not [record for record in zone["dns_records"] if record["name"].startswith("old.")]
    assert any("p=reject" in record["content"] for record in zone["dns_records"])
    assert {rule["ref"]: rule["id"] for ruleset in zone["rulesets"] for rule in ruleset["rules"]} == rules


def test_what_was_changed_by_hand_is_seen_by_refresh_and_put_back_by_up(chain: Any) -> None:
    api.up(chain.project, silent)
    zone = chain.zone
    mail = next(record for record in zone["dns_records"] if record["name"].startswith("mail."))
    by_hand(chain, "PATCH", f"/zones/{zone['id']}/settings/ssl", {"value": "flexible"})
    by_hand(chain, "DELETE", f"/zones/{zone['id']}/dns_records/{mail['id']}")
    assert api.preview(chain.project, silent).changed is False
    found = api.refresh(chain.project, silent).changes
    assert (found["update"], found["delete"]) == (1, 1)
    steps = api.preview(chain.project, silent).document["steps"]
    assert {(step["op"], step["urn"].rsplit("::", 1)[-1]) for step in steps} == {
        ("update", "ssl"),
        ("create", "mail/A/192.0.2.25"),
    }
    api.up(chain.project, silent)
    assert chain.zone["settings"]["ssl"] == "strict"
    assert any(record["name"] == mail["name"] for record in chain.zone["dns_records"])
    assert api.refresh(chain.project, silent).changes.keys() == {"same"}


def by_hand(chain: Any, method: str, path: str, body: Any = None) -> None:
    headers = {"Authorization": f"Bearer {chain.project.token.reveal()}"}
    answer = requests.request(method, chain.project.base_url + path, json=body, headers=headers, timeout=10)
    assert answer.ok, answer.text


def test_destroy_leaves_neither_a_zone_nor_a_resource(chain: Any) -> None:
    api.up(chain.project, silent)
    done = api.destroy(chain.project, silent)
    assert done.changes.keys() == {"delete"}
    document = json.loads(chain.api_state.read_text())
    assert (document["zones"], document["secrets_stores"]) == ([], [])
    assert chain.state()["deployment"]["resources"] == []
    assert api.destroy(chain.project, silent).changed is False


def test_no_secret_reaches_the_state_in_the_clear(chain: Any) -> None:
    api.up(chain.project, silent)
    secrets = [
        entry["inputs"]["value"]
        for entry in chain.state()["deployment"]["resources"]
        if entry["type"].endswith(":SecretsStoreSecret")
    ]
    assert len(secrets) == 2
    assert all(set(value) == {"4dabf18193072939515e22adb298388d", "ciphertext"} for value in secrets)


def test_a_refusal_of_the_api_names_the_resource_and_cloudflares_code(chain: Any) -> None:
    api.up(chain.project, silent)
    chain.edit("content: 192.0.2.25", "content: 192.0.2.26")
    by_hand_record(chain, "mail.community.test", "192.0.2.26")
    with pytest.raises(
        EngineError, match=r"DnsRecord mail/A/192\.0\.2\.26: create failed: POST .*: 8\d{4} .*\(HTTP 400\)"
    ):
        api.up(chain.project, silent)


def by_hand_record(chain: Any, name: str, content: str) -> None:
    body = {"type": "A", "name": name, "content": content, "ttl": 300, "proxied": False}
    by_hand(chain, "POST", f"/zones/{chain.zone['id']}/dns_records", body)


RUNNER = """
import sys
from pathlib import Path
from core.secret import Secret
from lab.engine import api
from lab.engine.project import Project

root, folder, base_url, token, aws_url = sys.argv[1:]
project = Project(root=Path(root), stack="lab", state_folder=Path(folder), base_url=base_url, token=Secret(token),
                  passphrase=Secret("launch-ready-lab"), aws_url=aws_url)
try:
    api.up(project, lambda event: event.status in ("started", "done") and print(event.status, event.name, flush=True))
except KeyboardInterrupt:
    sys.exit(130)
"""


def begin(chain: Any) -> subprocess.Popen[str]:
    project = chain.project
    arguments = [
        str(project.root),
        str(project.state_folder),
        project.base_url,
        project.token.reveal(),
        project.aws_url,
    ]
    return subprocess.Popen(
        [sys.executable, "-c", RUNNER, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupt(chain: Any, line: str, number: int) -> subprocess.Popen[str]:
    """Run ``up`` in a process of its own and send it a signal when it says ``line``."""
    process = begin(chain)
    assert process.stdout is not None
    seen = [text.strip() for text in iter(process.stdout.readline, line + "\n")]
    assert process.poll() is None, seen
    children = processes_of(process.pid)
    assert children
    process.send_signal(number)
    process.wait(30)
    until = time.monotonic() + 5
    while (left := [pid for pid in children if alive(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []
    return process


def processes_of(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("line", ["started community.test", "done community.test", "done _dmarc/TXT"])
def test_a_killed_engine_leaves_a_valid_state_no_process_and_the_next_up_finishes(chain: Any, line: str) -> None:
    assert interrupt(chain, line, signal.SIGKILL).returncode == -signal.SIGKILL
    chain.state()
    api.up(chain.project, silent)
    assert api.up(chain.project, silent).changed is False
    assert_once(chain)


def assert_once(chain: Any) -> None:
    """Whatever was cut off is there once, and known to the state."""
    entries = chain.state()["deployment"]["resources"]
    for type_, key in (("DnsRecord", "dns_records"), ("Ruleset", "rulesets")):
        there = [item for zone in chain.zones.values() for item in zone[key]]
        known = {entry["id"] for entry in entries if entry["type"].endswith(f":{type_}")}
        assert {item["id"] for item in there} == known
    assert chain.state()["deployment"]["pending_operations"] == []


def test_ctrl_c_lets_what_is_under_way_finish_and_be_written_down(chain: Any) -> None:
    process = interrupt(chain, "started security_header", signal.SIGINT)
    assert process.returncode == 130
    assert process.stderr is not None
    assert process.stderr.read() == ""
    deployment = chain.state()["deployment"]
    assert deployment["pending_operations"] == []
    assert any(entry["type"].endswith(":Zone") for entry in deployment["resources"])
    api.up(chain.project, silent)
    assert_once(chain)
