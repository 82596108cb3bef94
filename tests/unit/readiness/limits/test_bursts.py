"""Bursts against a platform in memory: what a sound one shows, and what each fault changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.settings.readiness import Promise
from core.site import Reply
from readiness.check import Outcome, Table
from readiness.rows.limits import checks
from readiness.rows.limits.burst import Flow, Seen, at_the_edge, in_the_app, later
from readiness.rows.limits.declared import Budget
from readiness.rows.limits.judge import app_result, edge_result, ordinary_result, retry_result, spoofed_result

BUDGET = Budget("login", 10, 60, 600, "block")
PROMISE = Promise(requests=10, seconds=900)


class Client:
    """A visitor at an address; nothing but the platform in memory looks at it."""

    def __init__(self, address: int) -> None:
        self.address = address


@dataclass
class Platform:
    """Counts as an edge and an app would, with faults."""

    edge: int | None = 10
    app: int | None = 10
    edge_retry: str | None = "run down"
    app_retry: str | None = "run down"
    trusts: str = ""
    app_by_all: bool = False
    breaks: int = 0
    passed: float = 0.0
    by_address: dict[Any, int] = field(default_factory=dict)
    by_account: dict[Any, int] = field(default_factory=dict)
    clients: int = 0
    requests: int = 0

    def twin(self) -> Any:
        self.clients += 1
        return Client(self.clients)

    def sleep(self, seconds: float) -> None:
        self.passed += seconds

    def monotonic(self) -> float:
        return self.passed

    def now(self) -> datetime:
        return datetime(2026, 11, 30, tzinfo=UTC) + timedelta(seconds=self.passed)

    def ask(self, account: str) -> Any:
        def asked(visitor: Any, headers: Mapping[str, str]) -> Reply:
            return self._answer(account, visitor.address, headers)

        return asked

    def _answer(self, account: str, address: int, headers: Mapping[str, str]) -> Reply:
        self.requests += 1
        if self.breaks and self.requests > self.breaks:
            return Reply(502)
        forged = headers.get("X-Forwarded-For", "")
        seen_by_edge = forged if self.trusts == "edge" and forged else address
        if self.edge is not None and self.by_address.get(seen_by_edge, 0) >= self.edge:
            return Reply(429, _retry(self.edge_retry, 600, self.passed))
        self.by_address[seen_by_edge] = self.by_address.get(seen_by_edge, 0) + 1
        key = "all" if self.app_by_all else (account, forged if self.trusts == "app" else "")
        taken = self.by_account.get(key, 0)
        if self.app is not None and taken >= self.app:
            return Reply(429, (("X-Release", "1.0.0"), *_retry(self.app_retry, 900, self.passed)))
        self.by_account[key] = taken + 1
        return Reply(401, (("X-Release", "1.0.0"),))


def _retry(how: str | None, seconds: int, now: float) -> tuple[tuple[str, str], ...]:
    if how is None:
        return ()
    return (("Retry-After", str(int(seconds - now)) if how == "run down" else how),)


def flow(platform: Platform, budget: Budget | None = BUDGET, promise: Promise | None = PROMISE) -> Flow:
    return Flow(
        name="login",
        line="POST /api/auth/login",
        edge=checks.EDGE_LOGIN,
        app=checks.APP_LOGIN,
        budget=budget,
        promise=promise,
        ask=platform.ask("here"),
        other=platform.ask("there"),
        twin=platform.twin,
        other_twin=platform.twin,
        good=(401,),
    )


def burst(platform: Platform, budget: Budget | None = BUDGET, promise: Promise | None = PROMISE) -> Seen:
    seen = at_the_edge(flow(platform, budget, promise), platform, own_addresses=True)
    if promise:
        in_the_app(seen, promise, platform, platform.twin)
    later(seen, platform)
    return seen


def outcomes(seen: Seen) -> dict[str, Outcome]:
    results = [
        edge_result(seen),
        app_result(seen),
        retry_result([seen]),
        ordinary_result([seen], own_addresses=True),
        spoofed_result([seen]),
    ]
    return {result.check.id.removeprefix("rate-limits."): result.outcome for result in results if result}


ALL_GOOD = dict.fromkeys(("edge-login", "app-login", "retry-after", "ordinary-use", "spoofed-address"), Outcome.PASS)


def test_a_sound_platform_passes_with_few_requests() -> None:
    platform = Platform()
    seen = burst(platform)
    assert outcomes(seen) == ALL_GOOD
    assert (seen.edge and seen.edge.at, seen.app and seen.app.at) == (11, 11)
    assert platform.requests <= 25


@pytest.mark.parametrize(
    ("platform", "wrong"),
    [
        (Platform(edge=None), {"edge-login": Outcome.FAIL}),
        (Platform(app=None), {"app-login": Outcome.FAIL}),
        (Platform(app=14), {"app-login": Outcome.FAIL}),
        (Platform(edge_retry=None), {"retry-after": Outcome.FAIL}),
        (Platform(app_retry=None), {"retry-after": Outcome.FAIL}),
        (Platform(app_retry="0"), {"retry-after": Outcome.FAIL}),
        (Platform(app_retry="soon"), {"retry-after": Outcome.FAIL}),
        (Platform(app_retry="99999999999999"), {"retry-after": Outcome.FAIL}),
        (Platform(app_retry="600"), {"retry-after": Outcome.FAIL}),
        (Platform(app_retry="3"), {"retry-after": Outcome.FAIL}),
        (Platform(trusts="edge"), {"spoofed-address": Outcome.FAIL}),
        (Platform(trusts="app"), {"spoofed-address": Outcome.FAIL}),
        (Platform(edge=4), {"ordinary-use": Outcome.FAIL}),
        (Platform(app=4), {"ordinary-use": Outcome.FAIL}),
        (Platform(app_by_all=True), {"ordinary-use": Outcome.FAIL}),
    ],
)
def test_each_fault_is_told_by_its_own_check(platform: Platform, wrong: dict[str, Outcome]) -> None:
    assert outcomes(burst(platform)) == {**ALL_GOOD, **wrong}


def test_without_any_limit_nothing_that_needs_one_passes() -> None:
    got = outcomes(burst(Platform(edge=None, app=None)))
    assert got == {
        "edge-login": Outcome.FAIL,
        "app-login": Outcome.FAIL,
        "retry-after": Outcome.CANNOT_TELL,
        "ordinary-use": Outcome.CANNOT_TELL,
        "spoofed-address": Outcome.CANNOT_TELL,
    }


def test_a_platform_that_breaks_is_not_one_that_limits() -> None:
    got = outcomes(burst(Platform(breaks=3)))
    assert got["edge-login"] is got["app-login"] is Outcome.CANNOT_TELL


def test_a_burst_is_bounded() -> None:
    platform = Platform(edge=None, app=None)
    seen = burst(platform)
    assert seen.sent == 20
    assert platform.requests <= 20 + 20


def test_what_is_not_declared_fails_at_the_edge_and_in_the_app() -> None:
    seen = burst(Platform(), budget=None, promise=None)
    assert edge_result(seen).outcome is Outcome.FAIL
    result = app_result(seen)
    assert result
    assert result.outcome is Outcome.FAIL


def test_a_rule_that_only_logs_protects_nobody() -> None:
    result = edge_result(burst(Platform(), budget=Budget("login", 10, 60, 600, "log")))
    assert result.outcome is Outcome.FAIL
    assert "only logs" in result.summary


def test_both_layers_stand_apart_in_the_table() -> None:
    result = edge_result(burst(Platform()))
    (table, _said) = result.evidence
    assert isinstance(table, Table)
    assert [row[1:] for row in table.rows] == [
        ("edge", "10 in 60 s (login)", "request 11", "edge (429)", "600 s"),
        ("app", "10 in 900 s", "request 11", "app (429)", "900 s"),
    ]


def test_one_address_alone_cannot_tell_of_the_app() -> None:
    seen = at_the_edge(flow(Platform()), Platform(), own_addresses=False)
    result = app_result(seen, "one address")
    assert result
    assert result.outcome is Outcome.CANNOT_TELL
    assert ordinary_result([seen], own_addresses=False).outcome is Outcome.CANNOT_TELL
