"""Work in order of dependency."""

from __future__ import annotations

import threading

import pytest

from core.errors import EngineError
from lab.engine.graph import for_each, users_first
from lab.engine.model import Resource


def made(name: str, *needs: str) -> Resource:
    return Resource(urn=urn(name), type="test:index:T", dependencies=[urn(need) for need in needs])


def urn(name: str) -> str:
    return f"urn:pulumi:s::p::test:index:T::{name}"


def test_what_needs_a_resource_is_done_before_it() -> None:
    order: list[str] = []
    resources = [made("zone"), made("a", "zone"), made("b", "a"), made("c", "zone")]
    for_each(users_first(resources), lambda resource: order.append(resource.name), 4)
    assert sorted(order) == ["a", "b", "c", "zone"]
    assert order.index("b") < order.index("a") < order.index("zone")
    assert order[-1] == "zone"


def test_what_is_independent_is_done_at_once_and_never_more_than_asked() -> None:
    together = threading.Barrier(3, timeout=5)

    def meet(_resource: Resource) -> None:
        together.wait()

    for_each(users_first([made(name) for name in "abc"]), meet, 3)

    running, most, lock = [0], [0], threading.Lock()

    def count(_resource: Resource) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1

    for_each(users_first([made(str(number)) for number in range(30)]), count, 2)
    assert most[0] <= 2


def test_after_a_failure_nothing_new_is_begun() -> None:
    done: list[str] = []

    def work(resource: Resource) -> None:
        if resource.name == "b":
            raise EngineError("no")
        done.append(resource.name)

    with pytest.raises(EngineError, match="no"):
        for_each(users_first([made("a"), made("b", "a")]), work, 1)
    assert done == []


def test_two_instances_of_one_urn_both_go_before_what_they_need() -> None:
    order: list[tuple[str, str]] = []
    zone = made("zone")
    instances = [made("a", "zone"), made("a", "zone")]
    instances[0].id, instances[1].id = "old", "new"
    for_each(users_first([zone, *instances]), lambda resource: order.append((resource.name, resource.id)), 1)
    assert order[-1] == ("zone", "")
    assert len(order) == 3


def test_a_circle_in_a_damaged_state_is_named() -> None:
    with pytest.raises(EngineError, match="in a circle: urn:"):
        for_each(users_first([made("a", "b"), made("b", "a")]), lambda _resource: None, 1)
