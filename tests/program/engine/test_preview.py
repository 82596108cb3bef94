"""A preview says what would be done, in the shape of `pulumi preview --json`, and does nothing."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.slow

TWO = """
zone = Thing("zone", text="zone")
record = Thing("record", text="record", zone=zone.id, note=zone.size.apply(lambda size: f"{size} big"))
pulumi.export("id", record.id)
"""


def test_of_a_new_stack_nothing_is_made_and_nothing_written(lab: Any) -> None:
    seen = lab.preview(TWO)
    assert (lab.taken(), lab.project.state.path.exists()) == ([], False)
    assert seen.changes == {"create": 3}
    steps = {step["urn"].rsplit("::", 1)[-1]: step for step in seen.document["steps"]}
    assert [step["op"] for step in steps.values()] == ["create"] * 3
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert steps["record"]["newState"]["inputs"] == {"text": "record", "zone": unknown, "note": unknown}
    assert steps["record"]["newState"]["parent"] == steps["demo-dev"]["urn"]
    assert "oldState" not in steps["record"]
    assert seen.document["changeSummary"] == {"create": 3}
    assert seen.document["duration"] > 0


def test_of_a_change_each_path_is_told_with_what_it_does(lab: Any) -> None:
    lab.up(TWO + 'Thing("gone", text="gone")')
    lab.taken()
    before = lab.text
    seen = lab.preview(TWO.replace('text="zone"', 'text="zone2", zone="moved"'))
    assert (lab.taken(), lab.text) == ([], before)
    assert seen.changes == {"delete": 1, "replace": 2, "same": 1}
    steps = {step["urn"].rsplit("::", 1)[-1]: step for step in seen.document["steps"]}
    assert {name: step["op"] for name, step in steps.items()} == {
        "zone": "replace",
        "record": "replace",
        "gone": "delete",
    }
    assert steps["zone"]["detailedDiff"] == {
        "text": {"kind": "update", "inputDiff": True},
        "zone": {"kind": "add-replace", "inputDiff": True},
    }
    assert (steps["zone"]["diffReasons"], steps["zone"]["replaceReasons"]) == (["text", "zone"], ["zone"])
    assert steps["zone"]["oldState"]["inputs"]["text"] == "zone"
    assert "newState" not in steps["gone"]


def test_what_an_update_leaves_alone_is_known_to_what_comes_after(lab: Any) -> None:
    lab.up(TWO)
    seen = lab.preview(TWO.replace('text="zone"', 'text="zone2"'))
    assert seen.changes == {"same": 2, "update": 1}


def test_an_alias_is_no_deletion(lab: Any) -> None:
    lab.up('Thing("old", text="a")')
    seen = lab.preview('Thing("new", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]), text="a")')
    assert seen.changes == {"same": 2}
