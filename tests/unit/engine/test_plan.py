"""One resource's step, as tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from core.errors import EngineError
from lab.engine.model import Goal, Op, Resource
from lab.engine.plan import NoProvider, Step, dependents_to_replace, plan, preview_outputs
from lab.engine.wire import UNKNOWN, UNKNOWN_STRING, Secret

URN = "urn:pulumi:s::p::test:index:Thing::a"
PROVIDER = "urn:pulumi:s::p::pulumi:providers:test::"


@dataclass(frozen=True)
class Shape:
    replaced_by: frozenset[str] = frozenset({"zone"})
    identity: tuple[str, ...] = ("name",)
    volatile: frozenset[str] = field(default_factory=lambda: frozenset({"stamp"}))


def thing(**inputs: Any) -> Resource:
    return Resource(urn=URN, type="test:index:Thing", inputs=inputs)


def old(**inputs: Any) -> Resource:
    return Resource(
        urn=URN,
        type="test:index:Thing",
        id="1",
        inputs=inputs,
        outputs={**inputs, "stamp": 1, "size": 2},
        created="then",
    )


def step(was: Resource | None, now: Resource, **options: Any) -> Step:
    return plan(Goal(resource=now, **options), was, Shape())


@pytest.mark.parametrize(
    ("was", "now", "options", "op", "changes"),
    [
        (None, {"a": 1}, {}, Op.CREATE, {}),
        (None, {"a": 1}, {"import_id": "z/1"}, Op.IMPORT, {}),
        ({"a": 1}, {"a": 1}, {}, Op.SAME, {}),
        ({"a": 1}, {"a": 1}, {"import_id": "z/1"}, Op.SAME, {}),
        ({"a": 1}, {"a": 2}, {}, Op.UPDATE, {"a": "update"}),
        ({"a": 1}, {"a": 2}, {"ignore_changes": ["a"]}, Op.SAME, {}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, {"ignore_changes": ["a[*].b"]}, Op.SAME, {}),
        ({"a": 1}, {"a": 2}, {"replace_on_changes": ["a"]}, Op.REPLACE, {"a": "update-replace"}),
        ({"a": 1}, {"a": 2}, {"replace_on_changes": ["*"]}, Op.REPLACE, {"a": "update-replace"}),
        ({"zone": "x"}, {"zone": "y"}, {}, Op.REPLACE, {"zone": "update-replace"}),
        ({"zone": "x"}, {"zone": UNKNOWN}, {}, Op.REPLACE, {"zone": "update-replace"}),
        ({"zone": "x"}, {}, {}, Op.REPLACE, {"zone": "delete-replace"}),
        ({"k": Secret("x")}, {"k": Secret("y")}, {}, Op.UPDATE, {"k": "update"}),
    ],
)
def test_what_is_done(
    was: dict[str, Any] | None, now: dict[str, Any], options: dict[str, Any], op: Op, changes: dict[str, str]
) -> None:
    made = step(None if was is None else old(**was), thing(**now), **options)
    assert (made.op, made.changes) == (op, changes)


def test_an_update_keeps_the_id_and_a_replacement_has_none_yet() -> None:
    updated, replaced = step(old(a=1), thing(a=2)), step(old(zone="x"), thing(zone="y"))
    assert (updated.subject.id, updated.subject.created) == ("1", "then")
    assert (replaced.subject.id, replaced.subject.created) == ("", "")


@pytest.mark.parametrize(
    ("was", "now", "options", "first"),
    [
        ({"name": "n", "zone": "x"}, {"name": "m", "zone": "y"}, {}, False),
        ({"name": "n", "zone": "x"}, {"name": "n", "zone": "y"}, {}, True),
        ({"name": "n", "zone": "x"}, {"name": UNKNOWN, "zone": "y"}, {}, False),
        ({"name": "n", "zone": "x"}, {"name": "m", "zone": "y"}, {"delete_before_replace": True}, True),
        ({"name": "n", "zone": "x"}, {"name": "n", "zone": "y"}, {"delete_before_replace": False}, False),
    ],
)
def test_the_old_one_goes_first_where_both_cannot_be(
    was: dict[str, Any], now: dict[str, Any], options: dict[str, Any], first: bool
) -> None:
    assert step(old(**was), thing(**now), **options).delete_first is first


def test_what_is_protected_is_not_replaced_and_says_how_it_could_be() -> None:
    held = old(zone="x")
    held.protect = True
    with pytest.raises(EngineError, match=r"protected and therefore not replaced: urn:.*protect=False"):
        step(held, thing(zone="y"))
    assert step(held, thing(zone="x", a=1)).op is Op.UPDATE


def test_a_component_cannot_become_a_resource_of_a_provider() -> None:
    component = Resource(urn=URN, type="test:index:Thing", custom=False)
    with pytest.raises(EngineError, match="was a component and is now a resource of a provider"):
        step(component, thing())


def test_a_path_that_is_none_is_told_with_its_resource() -> None:
    with pytest.raises(EngineError, match=r"::a: 'a\[' is not a property path"):
        step(old(a=1), thing(a=2), ignore_changes=["a["])


@pytest.mark.parametrize(
    ("was", "now", "op"),
    [
        ("default_1::x", "default_2::y", Op.SAME),
        ("mine::x", "mine::x", Op.SAME),
        ("mine::x", "other::y", Op.REPLACE),
        ("default_1::x", "mine::y", Op.REPLACE),
        ("mine::x", f"mine::{UNKNOWN_STRING}", Op.SAME),
    ],
)
def test_another_provider_means_another_resource_but_for_default_ones(was: str, now: str, op: Op) -> None:
    before, after = old(), thing()
    before.provider, after.provider = PROVIDER + was, PROVIDER + now
    assert step(before, after).op is op


def test_a_preview_says_no_more_than_it_can_know() -> None:
    created, same = step(None, thing(a=1)), step(old(a=1), thing(a=1))
    updated, replaced = step(old(a=1), thing(a=2)), step(old(zone="x"), thing(zone="y"))
    assert preview_outputs(created, Shape()) == {"a": 1}
    assert preview_outputs(same, Shape()) == {"a": 1, "stamp": 1, "size": 2}
    assert preview_outputs(updated, Shape()) == {"a": 2, "size": 2}
    assert preview_outputs(replaced, Shape()) == {"zone": "y"}


def test_what_cannot_live_without_a_resource_goes_with_it_and_what_comes_from_that_too() -> None:
    def made(name: str, **sources: list[str]) -> Resource:
        urn = f"urn:pulumi:s::p::test:index:Thing::{name}"
        return Resource(urn=urn, type="test:index:Thing", property_dependencies=sources)

    zone = made("zone")
    record = made("record", zone=[zone.urn])
    deep = made("deep", zone=[record.urn])
    free = made("free", comment=[zone.urn])
    component = Resource(urn="urn:pulumi:s::p::test:index:C::c", type="test:index:C", custom=False)
    everything = [zone, record, deep, free, component]
    shapes = {resource.urn: Shape() if resource.custom else NoProvider() for resource in everything}
    assert dependents_to_replace(zone, everything, lambda resource: shapes[resource.urn]) == [record, deep]
