"""Plans of a zone and what they let a rule do.

Sources, each page's table of availability: https://developers.cloudflare.com/waf/custom-rules/,
https://developers.cloudflare.com/waf/rate-limiting-rules/, https://developers.cloudflare.com/waf/managed-rules/,
https://developers.cloudflare.com/rules/url-forwarding/single-redirects/, https://developers.cloudflare.com/rules/transform/
and https://developers.cloudflare.com/cache/how-to/cache-rules/ (with edge-browser-cache-ttl for the shortest TTL).
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.cloudflare.store import Json

_DAY = 86400
_PERIODS = (10, 60, 120, 300, 600, 3600)

CLOUDFLARE_MANAGED = "efb7b8c949ac4650a09736fc376e9aee"
OWASP = "4814384a9e5d4991b9815dcfc25d2f1f"
FREE_MANAGED = "77454fe2d30c4220b5701f6fdfb893ba"
_PAID = frozenset({CLOUDFLARE_MANAGED, OWASP})
_MODIFYING = frozenset(
    {
        *("http_request_dynamic_redirect", "http_request_transform", "http_request_late_transform"),
        *("http_response_headers_transform", "http_request_cache_settings", "http_config_settings"),
        *("http_request_origin", "http_response_compression"),
    }
)


@dataclass(frozen=True)
class Plan:
    """A plan by ``name`` (its ``legacy_id``). Periods, the longest mitigation and the shortest edge TTL are in seconds.

    ``modifying_rules`` is how many each of the phases may have that change a request or an answer.
    """

    name: str
    id: str
    title: str
    price: int
    custom_rules: int
    rate_limits: int
    periods: tuple[int, ...]
    longest_mitigation: int
    modifying_rules: int
    shortest_edge_ttl: int
    regular_expressions: bool = False
    log_action: bool = False

    def rules_in(self, phase: str) -> int:
        """How many rules the entry point of a zone's phase may have."""
        if phase == "http_ratelimit":
            return self.rate_limits
        return self.modifying_rules if phase in _MODIFYING else self.custom_rules

    def may_execute(self, ruleset_id: str) -> bool:
        """Whether a managed ruleset is sold with the plan."""
        return self.name != "free" or ruleset_id not in _PAID

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
    Plan("free", "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Free Website", 0, 5, 1, _PERIODS[:1], 10, 10, 7200),
    Plan("pro", "1feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Pro Website", 20, 20, 2, _PERIODS[:2], 3600, 25, 3600),
    Plan(
        "business", "2feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Business Website", 200, 100, 5, _PERIODS[:5], _DAY, 50, 1, True
    ),
    Plan(
        "enterprise", "94f3b7b768b0458b56d2cac4fe5ec0f9", "Enterprise", 0, 1000, 100, _PERIODS, _DAY, 300, 1, True, True
    ),
)
# What a zone of the lab gets unless it is made with another one.
DEFAULT = "enterprise"


def plan_named(name: str) -> Plan:
    """The plan of a zone by the name in the state; raises KeyError for a name that is in no state."""
    return {plan.name: plan for plan in PLANS}[name]


def find_plan(identifier: object) -> Plan | None:
    """The plan with this ``id`` or ``legacy_id``."""
    return next((plan for plan in PLANS if identifier in (plan.id, plan.name)), None)
