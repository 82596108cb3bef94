"""The preview that reviews are timed with is one that a review takes, with the steps that the figure says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from core.resources import Resource
from lab.bench import review
from lab.engine.declared import Declared
from review.reading import preview_from

ZONE = Resource("cloudflare:index/zone:Zone", "zone", "urn:pulumi:s::p::cloudflare:index/zone:Zone::zone")


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [{"ref": "admin", "expression": "true", "action": "block"}, {"ref": "b", "expression": "true"}]
    given = {"phase": "http_request_firewall_custom", "rules": rules}
    waf = Resource("cloudflare:index/ruleset:Ruleset", "waf", "urn:pulumi:s::p::x::waf", given, zone=ZONE.urn)
    monkeypatch.setattr(review, "declared", lambda *_args, **_more: [Declared(ZONE), Declared(waf)])


def test_every_step_is_taken_and_a_rule_goes(own: Any) -> None:
    seen = preview_from(review.preview(102))
    assert seen.complete
    assert Counter(one.op for one in seen.steps) == {
        "same": 21,
        "create": 30,
        "update": 31,
        "delete": 10,
        "replace": 10,
    }
    (waf,) = [one for one in seen.steps if one.subject.kind == "Ruleset"]
    assert waf.before is not None
    assert waf.after is not None
    assert [len(one.properties["rules"]) for one in (waf.before, waf.after)] == [2, 1]
