"""The zone that decisions are timed with is what the figure says it is."""

from __future__ import annotations

from edge import Counters, Policy
from lab.bench import decisions


def test_the_zone_has_forty_rules_that_all_can_be_decided() -> None:
    rulesets = decisions.rulesets()
    assert sum(map(len, rulesets.values())) == decisions.RULES
    policy = Policy({}, rulesets)
    made = [
        policy.decide(decisions._request(n, kind), Counters(lambda: 0.0)) for n, kind in enumerate(decisions._passing())
    ]
    assert {one.action for one in made} == {"pass"}
    assert {one.undecided for one in made} == {()}
    stopped = [
        policy.decide(decisions._request(n, kind), Counters(lambda: 0.0)) for n, kind in enumerate(decisions._stopped())
    ]
    assert {one.rule for one in stopped} == {"hidden", "admin", "query", "methods"}
