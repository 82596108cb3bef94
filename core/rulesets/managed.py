"""The rulesets that Cloudflare keeps: which run on a plan, and with what changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.rulesets.expressions import EVERYTHING
from core.rulesets.rule import Rule
from core.settings.plans import LIMITS
from core.settings.waf import Waf
from core.settings.waf_managed import Managed, Owasp
from core.settings.zone import Plan

RULESETS: Mapping[str, str] = {
    "cloudflare": "efb7b8c949ac4650a09736fc376e9aee",
    "owasp": "4814384a9e5d4991b9815dcfc25d2f1f",
    "free": "77454fe2d30c4220b5701f6fdfb893ba",
}
# The last rule of the OWASP ruleset: it compares the score with its threshold.
ANOMALY_SCORE = "6179ae15870a4bb7b2d480d4843b323c"
_THRESHOLDS = {"low": 60, "medium": 40, "high": 25}
_LEVELS = 4


def managed_rulesets(waf: Waf, plan: Plan) -> list[Rule]:
    """A rule for each ruleset that is turned on and that ``plan`` has."""
    rules = []
    paid = LIMITS[plan].paid_rulesets
    if waf.managed.enabled:
        rules.append(_managed(waf.managed, "cloudflare" if paid else "free"))
    owasp = waf.owasp or Owasp()
    if paid and owasp.enabled:
        rules.append(_owasp(owasp))
    return rules


def _execute(ref: str, description: str, identifier: str, overrides: Mapping[str, Any]) -> Rule:
    parameters = {"id": identifier, **({"overrides": overrides} if overrides else {})}
    return Rule(ref=ref, description=description, expression=EVERYTHING, action="execute", parameters=parameters)


def _managed(managed: Managed, name: str) -> Rule:
    overrides = {
        "action": managed.action,
        "categories": [item.model_dump(exclude_none=True) for item in managed.categories],
        "rules": [item.model_dump(exclude_none=True) for item in managed.rules],
    }
    said = "Managed" if name == "cloudflare" else "Free Managed"
    return _execute(
        f"{name}-managed",
        f"Cloudflare {said} Ruleset",
        RULESETS[name],
        {key: value for key, value in overrides.items() if value},
    )


def _owasp(owasp: Owasp) -> Rule:
    above = [f"paranoia-level-{level}" for level in range(owasp.paranoia + 1, _LEVELS + 1)]
    threshold = _THRESHOLDS[owasp.sensitivity]
    overrides: dict[str, Any] = {
        "rules": [
            *({"id": identifier, "enabled": False} for identifier in owasp.disabled),
            {"id": ANOMALY_SCORE, "action": owasp.action, "score_threshold": threshold},
        ]
    }
    if above:
        overrides["categories"] = [{"category": category, "enabled": False} for category in above]
    said = f"OWASP Core Ruleset: paranoia level {owasp.paranoia}, a score of {threshold} and over"
    return _execute("owasp-core", said, RULESETS["owasp"], overrides)
