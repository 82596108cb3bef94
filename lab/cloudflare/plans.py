"""Plans of a zone and what they let a rule do.

Sources: https://developers.cloudflare.com/waf/custom-rules/#availability and
https://developers.cloudflare.com/waf/rate-limiting-rules/#availability
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.cloudflare.store import Json

_DAY = 86400
_PERIODS = (10, 60, 120, 300, 600, 3600)


@dataclass(frozen=True)
class Plan:
    """A plan by ``name`` (its ``legacy_id``). Counting periods and the longest mitigation are in seconds."""

    name: str
    id: str
    title: str
    price: int
    custom_rules: int
    rate_limits: int
    periods: tuple[int, ...]
    longest_mitigation: int
    regular_expressions: bool = False
    log_action: bool = False

    def view(self, *, subscribed: bool) -> Json:
        """The plan as the API gives it in a zone and in the list of plans."""
        return {
            "id": self.id,
            "name": self.title,
            "price": self.price,
            "currency": "USD",
            "frequency": "monthly",
            "is_subscribed": subscribed,
            "can_subscribe": True,
            "legacy_id": self.name,
            "legacy_discount": False,
            "externally_managed": False,
        }


PLANS = (
    Plan("free", "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Free Website", 0, 5, 1, _PERIODS[:1], 10),
    Plan("pro", "1feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Pro Website", 20, 20, 2, _PERIODS[:2], 3600),
    Plan("business", "2feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Business Website", 200, 100, 5, _PERIODS[:5], _DAY, True),
    Plan("enterprise", "94f3b7b768b0458b56d2cac4fe5ec0f9", "Enterprise", 0, 1000, 100, _PERIODS, _DAY, True, True),
)
# What a zone of the lab gets unless it is made with another one.
DEFAULT = "enterprise"


def plan_named(name: str) -> Plan:
    """The plan of a zone by the name in the state; raises KeyError for a name that is in no state."""
    return {plan.name: plan for plan in PLANS}[name]


def find_plan(identifier: object) -> Plan | None:
    """The plan with this ``id`` or ``legacy_id``."""
    return next((plan for plan in PLANS if identifier in (plan.id, plan.name)), None)
