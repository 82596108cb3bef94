"""Load balancing, Access and monitoring, from the stack's file to the lab's API and away again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.engine import api
from lab.engine.model import Event

BALANCED = """\
  launch-ready:load_balancer:
    names: [app, api]
    steering: hash
    minimum_origins: 2

  launch-ready:access:
"""


def silent(_event: Event) -> None:
    """Nobody looks."""


@pytest.mark.slow
def test_they_are_made_whole_a_second_up_changes_nothing_and_destroy_leaves_none(chain: Any) -> None:
    chain.edit("  launch-ready:access:\n", BALANCED)
    api.up(chain.project, silent)
    zone, account = chain.zone, json.loads(chain.api_state.read_text())["accounts"][0]
    assert {balancer["name"] for balancer in zone["load_balancers"]} == {"app.community.test", "api.community.test"}
    names = {record["name"] for record in zone["dns_records"] if record["type"] == "A"}
    assert not names & {"app.community.test", "api.community.test"}
    (pool,), (monitor,) = account["pools"], account["monitors"]
    assert [origin["name"] for origin in pool["origins"]] == ["app1", "app2"]
    # Which host it is, is the pool's choice; which pool, the load balancer's.
    assert pool["origin_steering"] == {"policy": "hash"}
    assert {balancer["steering_policy"] for balancer in zone["load_balancers"]} == {"off"}
    assert (pool["monitor"], monitor["header"]) == (monitor["id"], {"Host": ["app.community.test"]})
    apps = {app["domain"]: app for app in account["access_apps"]}
    assert set(apps) == {f"{label}community.test/admin" for label in ("", "www.", "api.", "app.")}
    assert apps["app.community.test/admin"]["self_hosted_domains"] == [
        "app.community.test/admin",
        "app.community.test/api/admin",
    ]
    assert [policy["decision"] for policy in account["access_policies"]].count("non_identity") == 1
    checks = {check["name"]: check for check in zone["healthchecks"]}
    assert checks["webhooks"]["http_config"]["expected_codes"] == ["405"]
    (down,) = [policy for policy in account["alert_policies"] if policy["name"].endswith("is down")]
    assert set(down["filters"]["health_check_id"]) == {check["id"] for check in checks.values()}
    assert down["description"].startswith("platform team")

    written = chain.api_state.read_bytes()
    assert not api.up(chain.project, silent).changed
    assert api.refresh(chain.project, silent).changes.keys() == {"same"}
    assert not api.preview(chain.project, silent).changed
    assert chain.api_state.read_bytes() == written

    api.destroy(chain.project, silent)
    left = json.loads(chain.api_state.read_text())["accounts"][0]
    kept = ("pools", "monitors", "access_apps", "access_policies", "access_tokens", "alert_policies", "alert_webhooks")
    assert {key: left[key] for key in kept} == {key: [] for key in kept}


def test_a_service_tokens_secret_is_in_no_file_in_the_clear(chain: Any) -> None:
    api.up(chain.project, silent)
    (token,) = [
        entry for entry in chain.state()["deployment"]["resources"] if entry["type"].endswith("AccessServiceToken")
    ]
    assert set(token["outputs"]["clientSecret"]) == {"4dabf18193072939515e22adb298388d", "ciphertext"}
    assert "client_secret" not in chain.api_state.read_text()
