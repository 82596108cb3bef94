"""A rate limit that is missing at the edge, as somebody who took it out by hand leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from readiness.check import Outcome
from readiness.rows.monitoring.live import live_of
from readiness.target import Target
from tests.lab.readiness.conftest import Decide

PHASE = "http_ratelimit"


@contextmanager
def rule_missing(target: Target, ref: str) -> Iterator[None]:
    """The rule is not at Cloudflare, until the block ends."""
    live, changes = live_of(target), target.live_changes
    assert changes is not None
    (ruleset,) = (one for one in live.api.items(f"{live.zone_path}/rulesets") if one["phase"] == PHASE)
    path = f"{live.zone_path}/rulesets/{ruleset['id']}/rules"
    rules = (live.api.get(f"{live.zone_path}/rulesets/{ruleset['id']}") or {})["rules"]
    (was,) = (rule for rule in rules if rule["ref"] == ref)
    changes.remove(f"{path}/{was['id']}")
    try:
        yield
    finally:
        changes.make(path, {key: value for key, value in was.items() if key not in ("id", "version", "last_updated")})


@pytest.mark.parametrize(("ref", "check"), [("login", "rate-limits.edge-login"), ("invite", "rate-limits.edge-invite")])
def test_a_rule_that_is_missing_at_the_edge_is_found(target: Target, decide: Decide, ref: str, check: str) -> None:
    with rule_missing(target, ref):
        assert decide(check).outcome is Outcome.FAIL
