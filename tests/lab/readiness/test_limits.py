"""Rate limits that somebody changed by hand at the edge: taken out, disabled, too high, about something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, TypeAlias

import pytest

from readiness.check import Outcome
from readiness.rows.monitoring.live import live_of
from readiness.target import Target
from tests.lab.readiness.conftest import Decide, DecideAll, edge_follows, told

PHASE = "http_ratelimit"
Rule: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Rule], Rule]


def _ten_times(rule: Rule) -> Rule:
    limit = rule["ratelimit"]
    return {**rule, "ratelimit": {**limit, "requests_per_period": limit["requests_per_period"] * 10}}


def _disabled(rule: Rule) -> Rule:
    return {**rule, "enabled": False}


def _elsewhere(rule: Rule) -> Rule:
    return {**rule, "expression": 'http.request.uri.path eq "/api/before-it-moved"'}


# What was done → the check that must fail, the rule, and what becomes of it: None for nothing at all.
FAULTS: Mapping[str, tuple[str, str, Change | None]] = {
    "the rule of logins is taken out": ("rate-limits.edge-login", "login", None),
    "the rule of reset mails is disabled": ("rate-limits.edge-reset", "password-reset", _disabled),
    "the rule of invites lets ten times as many through": ("rate-limits.edge-invite", "invite", _ten_times),
    "the rule of posts is disabled": ("rate-limits.edge-post", "post", _disabled),
    "the rule of other writes is about another path": ("rate-limits.edge-writes", "other-writes", _elsewhere),
}
# Those of one burst are made at once: each rule counts by itself.
BURSTS = (tuple(FAULTS)[:3], tuple(FAULTS)[3:])


@contextmanager
def changed(target: Target, ref: str, change: Change | None) -> Iterator[None]:
    """The rule is another at Cloudflare, or none, until the block ends."""
    live, changes = live_of(target), target.live_changes
    assert changes is not None
    (ruleset,) = (one for one in live.api.items(f"{live.zone_path}/rulesets") if one["phase"] == PHASE)
    path = f"{live.zone_path}/rulesets/{ruleset['id']}/rules"
    rules = (live.api.get(f"{live.zone_path}/rulesets/{ruleset['id']}") or {})["rules"]
    (found,) = (rule for rule in rules if rule["ref"] == ref)
    was = {key: value for key, value in found.items() if key not in ("id", "version", "last_updated")}
    if change is None:
        changes.remove(f"{path}/{found['id']}")
    else:
        changes.change(f"{path}/{found['id']}", change(was))
    try:
        yield
    finally:
        if change is None:
            changes.make(path, {**was, "position": {"index": rules.index(found) + 1}})
        else:
            changes.change(f"{path}/{found['id']}", was)


@pytest.mark.parametrize("names", BURSTS, ids=["tight", "wide"])
def test_a_rule_that_was_changed_at_the_edge_is_found(
    target: Target, honest: Decide, decide_all: DecideAll, names: tuple[str, ...]
) -> None:
    meant = {FAULTS[name][0] for name in names}
    clean = {check: honest(check) for check in meant}
    assert {one.outcome for one in clean.values()} == {Outcome.PASS}, told(clean)
    with ExitStack() as stack:
        for name in names:
            with edge_follows(target):
                stack.enter_context(changed(target, *FAULTS[name][1:]))
        results = decide_all(FAULTS[names[0]][0])
    assert {check for check, one in results.items() if one.outcome is Outcome.FAIL} == meant, told(results)
