"""A whole stack's file: what may stand in it beside its sections, and the inventory that it names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import SettingsError
from core.rulesets import RATE_LIMITS, rulesets_of
from core.settings.base import stack_file as path_of
from core.settings.hosts import Hosts, fleet_of
from core.settings.stack import load_stack

from .conftest import StackFile


def test_the_labs_stack_is_right_and_typed(stack_file: StackFile) -> None:
    stack = stack_file.read(lambda _: None)
    assert (stack.zone.name, stack.zone.plan) == ("community.test", "business")
    assert stack.dns.web == ("@", "www", "api", "app")
    assert [host.address for host in stack.fleet.hosts] == ["203.0.113.11", "2001:db8::12"]
    assert [rule.ref for rule in rulesets_of(stack)[RATE_LIMITS]] == [
        "login",
        "password-reset",
        "invite",
        "post",
        "other-writes",
    ]


def test_a_token_in_the_clear_is_told(stack_file: StackFile) -> None:
    assert stack_file.reasons(lambda config: config.update({"cloudflare:apiToken": "abc"})) == [
        "config.cloudflare:apiToken is not encrypted: revoke it, and set the new one in CLOUDFLARE_API_TOKEN"
    ]


def test_every_reason_is_told_not_the_first_alone(stack_file: StackFile) -> None:
    def change(config: dict[str, Any]) -> None:
        config["zoen"] = config.pop("zone")
        config["tls"]["ssl"] = "off"
        config["cloudflare:apiKey"] = "abc"

    first, second, third, fourth = stack_file.reasons(change)
    assert "config.launch-ready:zoen is not a known section" in first
    assert "(did you mean zone?)" in first
    assert "config.cloudflare:apiKey is not encrypted" in second
    assert third == "config.launch-ready:zone is missing; it needs name, account_id, plan"
    assert fourth == "config.launch-ready:tls.ssl is \"off\"; allowed: 'strict'"


def test_a_key_at_the_top_that_pulumi_does_not_know_is_told(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.x.yaml").write_text("confg: {}\nencryptionsalt: v1:x\n")
    with pytest.raises(SettingsError) as caught:
        load_stack(tmp_path, "x")
    assert (
        str(caught.value)
        .splitlines()[0]
        .endswith(
            "Pulumi.x.yaml:1: confg is not a known key (did you mean config?); allowed: config, encryptionsalt, "
            "encryptedkey, secretsprovider, environment"
        )
    )


@pytest.mark.parametrize("stack", ["prod", "", "../lab", "lab/../lab", "*", "lab\x00", "LAB"])
def test_a_stack_that_is_not_there_is_told_with_those_that_are(tmp_path: Path, stack: str) -> None:
    for name in ("lab", "staging"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    with pytest.raises(SettingsError) as caught:
        path_of(tmp_path, stack)
    assert str(caught.value) == f"there is no stack {stack!r} in {tmp_path}; the stacks are: lab, staging"
    assert path_of(tmp_path, "lab") == tmp_path / "Pulumi.lab.yaml"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such inventory: write it first (for the stack `lab`, run `invoke lab.up`)"),
        ("", "is not an inventory in JSON"),
        ("[" * 100_000, "is not an inventory in JSON"),
        ("[]", " is a list of 0; it must be a mapping of keys"),
        ('"hosts"', "it must be a mapping of keys"),
        ("{}", "hosts is missing; it is needed: The machines."),
        ('{"hosts": []}', "hosts is a list of 0; it should have at least 1 item"),
        (
            '{"hosts": [{"name": "a", "address": "x"}, {"addres": 1}]}',
            "hosts[1].addres is not a known key",
        ),
        ('{"hosts": [{"name": "a", "address": "192.0.2.1"}, {"name": "a", "address": "192.0.2.2"}]}', "the name a"),
    ],
)
def test_an_inventory_that_is_wrong_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "status.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        fleet_of(Hosts(inventory="status.json"), tmp_path)
    assert message in str(caught.value)
    assert all(line.startswith(str(file)) for line in str(caught.value).splitlines())


def test_an_inventory_may_hold_what_is_not_ours(tmp_path: Path) -> None:
    known = {"hosts": [{"name": "a", "address": "192.0.2.1"}], "cloudflare": {"token": "t"}, "net": 88}
    (tmp_path / "status.json").write_text(json.dumps(known))
    fleet = fleet_of(Hosts(inventory="status.json"), tmp_path)
    assert [(host.name, host.address, host.ssh_port) for host in fleet.hosts] == [("a", "192.0.2.1", 22)]
    assert fleet.edge is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 100_000) | st.text(st.characters(exclude_categories=["C"]), max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "type", "a"]), inner),
    max_leaves=4,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_any_value_anywhere_in_a_stack_is_read_or_refused_with_its_place(
    stack_file: StackFile, data: st.DataObject
) -> None:
    def change(config: dict[str, Any]) -> None:
        holder: Any = config
        while True:
            step = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
            inner = holder[step]
            if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
                holder[step] = data.draw(JSON)
                return
            holder = inner

    try:
        stack_file.read(change)
    except SettingsError as error:
        reasons = str(error).splitlines()
        assert all(re.match(r"f\.yaml(:\d+)?: config\.|.*/f?status.json|/", reason) for reason in reasons), reasons
