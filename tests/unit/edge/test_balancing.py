"""Which origin of a load balancer gets a request."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.edge.balancing import Balancer, Choice, Live, Pool, not_done

CLIENTS = [f"203.0.113.{number}" for number in range(250)]


def origin(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "address": f"address-of-{name}", "enabled": True, "weight": 1, "port": 0, **more}


def pool(name: str, *origins: dict[str, Any], policy: str = "random", **more: Any) -> dict[str, Any]:
    kept = {"id": name, "name": name, "enabled": True, "minimum_origins": 1, "origins": list(origins)}
    return {**kept, "origin_steering": {"policy": policy}, **more}


def balancer(*pools: dict[str, Any], live: Live | None = None, fallback: str = "", **more: Any) -> Balancer:
    """Over ``pools``, of which the last is the fallback unless another is named."""
    body = {
        "default_pools": [one["id"] for one in pools],
        "fallback_pool": fallback or pools[-1]["id"],
        "steering_policy": "off",
        "session_affinity": "none",
        **more,
    }
    return Balancer(body, {one["id"]: Pool.of(one) for one in pools}, live or Live(chance=random.Random(7)))


def ill(*names: str, of: str = "p") -> Live:
    return Live({of: {f"address-of-{name}": False for name in names}}, chance=random.Random(7))


def names(choice: Choice | None) -> list[str]:
    assert choice is not None
    return [one.name for one in choice.origins]


def firsts(made: Balancer, clients: list[str] = CLIENTS) -> Counter[str]:
    return Counter(names(made.choose(client, ""))[0] for client in clients)


ABC = (origin("a"), origin("b"), origin("c"))


@pytest.mark.parametrize("policy", ["random", "hash", "least_outstanding_requests", "least_connections"])
def test_every_policy_shares_out_over_the_origins_that_are_well(policy: str) -> None:
    shares = firsts(balancer(pool("p", *ABC, policy=policy), live=ill("b")))
    assert set(shares) == {"a", "c"}
    assert min(shares.values()) > len(CLIENTS) / 4


@pytest.mark.parametrize("policy", ["random", "hash"])
def test_weights_are_shares(policy: str) -> None:
    light = (origin("light", weight=0.2), origin("heavy", weight=0.8), origin("none", weight=0))
    shares = firsts(balancer(pool("p", *light, policy=policy)))
    assert set(shares) == {"light", "heavy"}
    assert shares["heavy"] > 2 * shares["light"]


def test_the_second_try_is_another_origin_of_the_pool_that_is_well_and_there_is_no_third() -> None:
    made = balancer(pool("p", *ABC), pool("q", origin("other")))
    assert all(len(set(names(made.choose(client, "")))) == 2 for client in CLIENTS)
    assert names(balancer(pool("p", *ABC), live=ill("a", "b")).choose("x", "")) == ["c"]


def test_hash_keeps_a_client_where_it_is_whoever_else_goes() -> None:
    before = balancer(pool("p", *ABC, policy="hash"))
    after = balancer(pool("p", *ABC, policy="hash"), live=ill("b"))
    for client in CLIENTS:
        first = names(before.choose(client, ""))[0]
        assert names(before.choose(client, ""))[0] == first
        assert first == "b" or names(after.choose(client, ""))[0] == first


@pytest.mark.parametrize("policy", ["least_outstanding_requests", "least_connections"])
def test_an_origin_with_less_in_hand_for_its_weight_is_taken(policy: str) -> None:
    live = Live(chance=random.Random(7))
    made = balancer(pool("p", origin("a"), origin("b", weight=0.25), policy=policy), live=live)
    busy = made.choose("x", "")
    assert busy is not None
    assert names(busy)[0] == "a"
    with live.serving(busy.origins[0]), live.serving(busy.origins[0]), live.serving(busy.origins[0]):
        assert set(firsts(made)) == {"a", "b"}
        with live.serving(busy.origins[0]):
            assert set(firsts(made)) == {"b"}
    assert set(firsts(made)) == {"a"}


FIRST, SECOND = pool("p", origin("a"), origin("b"), minimum_origins=2), pool("q", origin("c"))
OFF = {"enabled": False}


@pytest.mark.parametrize(
    ("pools", "health", "taken"),
    [
        ([FIRST, SECOND], {}, {"a", "b"}),
        ([FIRST, SECOND], {"p": {"address-of-a": False}}, {"c"}),
        ([{**FIRST, **OFF}, SECOND], {}, {"c"}),
        # No pool is well: the fallback takes it, whatever its health, and whoever of it is well before who is not.
        ([FIRST, SECOND], {"p": {"address-of-a": False}, "q": {"address-of-c": False}}, {"c"}),
        ([FIRST], {"p": {"address-of-a": False}}, {"b"}),
        ([FIRST], {"p": {"address-of-a": False, "address-of-b": False}}, {"a", "b"}),
        ([{**FIRST, "minimum_origins": 0}, SECOND], {"p": {"address-of-a": False, "address-of-b": False}}, {"c"}),
        # What is said of an address in another pool is of that pool.
        ([FIRST, SECOND], {"q": {"address-of-a": False}}, {"a", "b"}),
    ],
)
def test_a_pool_under_its_threshold_leaves_its_requests_to_the_next(
    pools: list[dict[str, Any]], health: dict[str, dict[str, bool]], taken: set[str]
) -> None:
    assert set(firsts(balancer(*pools, live=Live(health, chance=random.Random(7))))) == taken


@pytest.mark.parametrize(
    "pools", [[{**FIRST, **OFF}], [{**FIRST, **OFF}, {**SECOND, **OFF}], [pool("p", origin("a", enabled=False))]]
)
def test_where_every_pool_is_off_a_request_goes_nowhere(pools: list[dict[str, Any]]) -> None:
    assert balancer(*pools).choose("x", "") is None


def test_random_steering_goes_by_the_pools_shares_and_passes_over_what_is_ill() -> None:
    pools = (pool("p", origin("a")), pool("q", origin("b")), pool("r", origin("c")))
    shares: dict[str, Any] = {"random_steering": {"default_weight": 0.2, "pool_weights": {"q": 0.8, "r": 0}}}
    found = firsts(balancer(*pools, steering_policy="random", **shares))
    assert set(found) == {"a", "b"}
    assert found["b"] > 2 * found["a"]
    assert set(firsts(balancer(*pools, steering_policy="random", live=ill("b", of="q"), **shares))) == {"a"}


def test_least_steering_goes_to_the_pool_with_less_in_hand() -> None:
    live = Live(chance=random.Random(7))
    made = balancer(pool("p", origin("a")), pool("q", origin("b")), live=live, steering_policy="least_connections")
    busy = made.choose("x", "")
    assert busy is not None
    with live.serving(busy.origins[0]):
        assert names(made.choose("x", "")) != names(busy)


def test_a_cookie_keeps_a_client_with_its_origin_as_long_as_that_is_well() -> None:
    live = Live(chance=random.Random(7))
    made = balancer(pool("p", *ABC), pool("q", origin("d")), live=live, session_affinity="cookie")
    given_ = made.choose("x", "")
    assert given_ is not None
    assert given_.cookie
    for client in CLIENTS:
        again = made.choose(client, given_.cookie)
        assert again is not None
        assert (again.origins[0], again.cookie) == (given_.origins[0], "")
    live.health = {"p": {given_.origins[0].address: False}}
    moved = made.choose("x", given_.cookie)
    assert moved is not None
    assert moved.origins[0] != given_.origins[0]
    assert moved.cookie not in ("", given_.cookie)
    assert moved.origins[0].address not in moved.cookie


def test_without_affinity_there_is_no_cookie_and_none_counts() -> None:
    made = balancer(pool("p", *ABC))
    kept = balancer(pool("p", *ABC), session_affinity="cookie").choose("x", "")
    assert kept is not None
    found = [made.choose(client, kept.cookie) for client in CLIENTS]
    assert {one.cookie for one in found if one} == {""}
    assert len({one.origins[0] for one in found if one}) == 3


def test_by_address_and_cookie_the_first_choice_is_the_addresss() -> None:
    made = balancer(pool("p", *ABC), session_affinity="ip_cookie")
    assert all(len({names(made.choose(client, ""))[0] for _ in range(5)}) == 1 for client in CLIENTS)
    assert len(firsts(made)) == 3


@given(st.text(max_size=60), st.sampled_from(["none", "cookie", "ip_cookie"]), st.sets(st.sampled_from("abc")))
def test_no_cookie_leads_to_an_origin_that_is_ill_while_another_is_well(
    cookie: str, affinity: str, sick: set[str]
) -> None:
    made = balancer(pool("p", *ABC), live=ill(*sick), session_affinity=affinity)
    found = set(names(made.choose("203.0.113.9", cookie)))
    assert found <= ({"a", "b", "c"} - sick or {"a", "b", "c"})


def test_what_is_asked_for_and_not_done_is_said() -> None:
    body = {"proxied": False, "steering_policy": "geo", "session_affinity": "header"}
    body["adaptive_routing"] = {"failover_across_pools": True}
    said = " / ".join(not_done(body, [pool("p", origin("a", port=8443))]))
    for what in ("not proxied", "geo", "by header", "its own pool", "pool p"):
        assert what in said
    plain = {"proxied": True, "steering_policy": "off", "session_affinity": "cookie"}
    assert list(not_done(plain, [pool("p", origin("a"))])) == []
