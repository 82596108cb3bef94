"""What a real program, run by the real SDK against our monitor, makes, changes, replaces and deletes, in what order."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2

from core.errors import EngineError
from lab.engine import api
from lab.engine.monitor import Monitor

pytestmark = pytest.mark.slow

TWO = """
zone = Thing("zone", text="zone")
record = Thing("record", text="record", zone=zone.id)
pulumi.export("id", record.id)
pulumi.export("size", record.size)
"""


def test_a_second_run_calls_nothing_and_leaves_the_state_as_it_is(lab: Any) -> None:
    first = lab.up(TWO)
    assert lab.taken() == [("create", "zone"), ("create", "record")]
    assert (first.outputs, first.changes) == ({"id": "id2", "size": 2}, {"create": 3})
    before = lab.text
    second = lab.up()
    assert (lab.taken(), second.changes, second.changed) == ([], {"same": 3}, False)
    assert second.outputs == first.outputs
    assert lab.text == before


def test_the_state_is_one_that_pulumi_would_import(lab: Any) -> None:
    lab.up(TWO)
    document = json.loads(lab.text)
    deployment = document["deployment"]
    assert (document["version"], deployment["pending_operations"]) == (3, [])
    version = deployment["manifest"]["version"]
    assert deployment["manifest"]["magic"] == hashlib.sha256(version.encode()).hexdigest()
    assert deployment["secrets_providers"]["type"] == "passphrase"
    seen: set[str] = set()
    for entry in deployment["resources"]:
        assert {entry.get("parent", ""), *entry.get("dependencies", [])} - {""} <= seen, entry["urn"]
        if provider := entry.get("provider"):
            urn, _, id_ = provider.rpartition("::")
            assert urn in seen
            assert id_
        seen.add(entry["urn"])
    assert lab.state["record"]["propertyDependencies"] == {"zone": [lab.state["zone"]["urn"]]}
    assert lab.project.state.path.stat().st_mode & 0o777 == 0o600


def test_an_update_changes_in_place_and_a_removed_resource_is_deleted_before_what_it_needs(lab: Any) -> None:
    lab.up(TWO)
    lab.taken()
    done = lab.up('zone = Thing("zone", text="zone", size_hint=3)\n')
    assert lab.taken() == [("update", "zone"), ("delete", "record")]
    assert done.changes == {"delete": 1, "same": 1, "update": 1}
    assert lab.state["zone"]["id"] == "id1"
    lab.up("")
    assert lab.taken() == [("delete", "zone")]
    assert lab.things.there == {}


def test_a_replacement_comes_before_the_old_one_goes(lab: Any) -> None:
    lab.up('Thing("a", text="a", zone="x")')
    lab.taken()
    done = lab.up('Thing("a", text="a2", zone="y")')
    assert lab.taken() == [("create", "a2"), ("delete", "a")]
    assert (done.changes, lab.state["a"]["id"]) == ({"replace": 1, "same": 1}, "id2")


def test_where_both_cannot_be_the_old_one_goes_first_with_all_that_cannot_live_without_it(lab: Any) -> None:
    program = """
    a = Thing("a", text="a", label="one", zone="ZONE")
    b = Thing("b", text="b", zone=a.id)
    c = Thing("c", text="c", note=a.id)
    """.replace("    ", "")
    lab.up(program.replace("ZONE", "x"))
    lab.taken()
    done = lab.up(program.replace("ZONE", "y"))
    calls = lab.taken()
    assert calls[:3] == [("delete", "b"), ("delete", "a"), ("create", "a")]
    assert sorted(calls[3:]) == [("create", "b"), ("update", "c")]
    assert done.changes == {"replace": 2, "same": 1, "update": 1}
    assert len(lab.things.there) == 3


def test_components_are_parents_and_their_outputs_are_kept(lab: Any) -> None:
    lab.up("""
part = Part("part")
thing = Thing("thing", pulumi.ResourceOptions(parent=part), text="x")
part.register_outputs({"inner": thing.id})
""")
    state = lab.state
    assert state["thing"]["urn"] == "urn:pulumi:dev::demo::test:index:Part$test:index:Thing::thing"
    assert (state["thing"]["parent"], state["part"]["outputs"]) == (state["part"]["urn"], {"inner": "id1"})
    assert state["part"]["custom"] is False


def test_options_of_a_resource_are_kept_to(lab: Any) -> None:
    lab.up('Thing("a", text="a", note="1"); Thing("b", text="b", note="1")')
    lab.taken()
    lab.up("""
Thing("a", pulumi.ResourceOptions(ignore_changes=["note"]), text="a", note="2")
Thing("b", pulumi.ResourceOptions(replace_on_changes=["note"]), text="b", note="2")
""")
    assert lab.taken() == [("create", "b"), ("delete", "b")]
    assert lab.state["a"]["inputs"]["note"] == "1"


def test_a_renamed_resource_is_the_same_by_its_alias_and_its_children_follow(lab: Any) -> None:
    program = """
part = Part("NAME", pulumi.ResourceOptions(aliases=ALIASES))
a = Thing("a", pulumi.ResourceOptions(parent=part), text="a")
Thing("b", text="b", zone=a.id)
"""
    lab.up(program.replace("NAME", "one").replace("ALIASES", "[]"))
    lab.taken()
    done = lab.up(program.replace("NAME", "two").replace("ALIASES", '[pulumi.Alias(name="one")]'))
    assert (lab.taken(), done.changes) == ([], {"same": 4})
    assert lab.state["a"]["parent"] == lab.state["two"]["urn"]
    assert "one" not in lab.state


def test_what_is_protected_is_neither_deleted_nor_destroyed(lab: Any) -> None:
    lab.up('Thing("a", pulumi.ResourceOptions(protect=True), text="a")\nThing("b", text="b")')
    lab.taken()
    with pytest.raises(EngineError, match=r"protected and therefore not deleted: urn.*::a;"):
        lab.up('Thing("b", text="b")')
    with pytest.raises(EngineError, match="protected and therefore not deleted"):
        api.destroy(lab.project, lab.events.append)
    assert lab.taken() == []
    assert len(lab.things.there) == 2


def test_retained_and_deleted_with_resources_leave_the_state_alone(lab: Any) -> None:
    program = """
a = Thing("a", text="a")
Thing("kept", pulumi.ResourceOptions(retain_on_delete=True), text="kept")
Thing("with", pulumi.ResourceOptions(deleted_with=a), text="with")
"""
    lab.up(program + 'Thing("alone", pulumi.ResourceOptions(deleted_with=a), text="alone")\n')
    lab.taken()
    lab.up(program)
    assert lab.taken() == [("delete", "alone")]
    lab.taken()
    lab.up("")
    assert lab.taken() == [("delete", "a")]
    assert set(lab.state) & {"a", "kept", "with"} == set()


def test_a_resource_that_exists_is_imported_if_it_is_declared_as_it_is(lab: Any) -> None:
    lab.things.there["id9"] = {"text": "there", "size": 1, "stamp": 0, "token": "t"}
    with pytest.raises(EngineError, match=r"Thing a: import failed: id9 differs from what is declared \(text\)"):
        lab.up('Thing("a", pulumi.ResourceOptions(import_="id9"), text="other")')
    lab.taken()
    done = lab.up('Thing("a", pulumi.ResourceOptions(import_="id9"), text="there")')
    assert (lab.taken(), done.changes) == ([("lookup", "id9")], {"import": 1, "same": 1})
    assert lab.state["a"]["id"] == "id9"
    assert lab.up().changed is False


def test_a_resource_of_others_is_read_and_never_deleted(lab: Any) -> None:
    lab.things.there["id9"] = {"text": "theirs", "size": 7, "stamp": 0, "token": "t"}
    program = 'got = Thing("got", pulumi.ResourceOptions(id="id9"))\npulumi.export("size", got.size)'
    assert lab.up(program).outputs == {"size": 7}
    assert lab.state["got"]["external"] is True
    lab.up("")
    assert "id9" in lab.things.there
    assert lab.preview(program).changes == {"read": 1, "same": 1}
    lab.up(program)
    lab.taken()
    assert lab.up('Thing("got", text="ours")').changes == {"create": 1, "same": 1}
    assert lab.taken() == [("create", "ours")]
    assert lab.preview(program).changes == {"read": 1, "same": 1}
    lab.up(program)
    assert lab.taken() == [("lookup", "id9"), ("lookup", "id9"), ("delete", "ours")]
    with pytest.raises(EngineError, match="no test:index:Thing with the id id8"):
        lab.up('Thing("got", pulumi.ResourceOptions(id="id8"))')


def test_a_provider_that_the_program_declares_is_the_one_that_is_asked(lab: Any) -> None:
    lab.up("""
class Other(pulumi.ProviderResource):
    def __init__(self, name, **props):
        super().__init__("test", name, props)

other = Other("other", region="north", key=pulumi.Output.secret("k3y"))
Thing("a", pulumi.ResourceOptions(provider=other), text="a")
""")
    assert lab.things.configured == [{"region": "north", "key": "k3y"}]
    state = lab.state
    assert state["a"]["provider"] == f"{state['other']['urn']}::{state['other']['id']}"
    assert "k3y" not in lab.text
    assert lab.up().changed is False


def test_what_the_program_logs_arrives_and_the_sdks_own_debug_messages_do_not(
    lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []

    def log(_monitor: Monitor, request: Any, _context: Any) -> Any:
        heard.append(request.severity)
        return empty_pb2.Empty()

    monkeypatch.setattr(Monitor, "Log", log)
    lab.up('Thing("a", text="x")\npulumi.log.debug("step by step")\npulumi.log.warn("careful")\n')
    assert heard == [engine_pb2.WARNING]
