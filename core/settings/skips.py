"""Exceptions of the firewall, narrow by construction: what is skipped is named, and so are the paths and who may.

Source: https://developers.cloudflare.com/waf/custom-rules/skip/options/
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from core.settings.rules import Identifier, Method, Network, RuleName
from core.settings.section import Section, matching

ExactPath = Annotated[
    str,
    matching(
        r"/[a-z0-9._~/-]{0,199}",
        "one exact path of lower-case letters, digits and -._~/ that begins with /; a skip takes no *",
    ),
]
Ruleset = Literal["cloudflare", "owasp", "free"]
SkippedPhase = Literal["http_ratelimit", "http_request_firewall_managed", "http_request_sbfm"]
Product = Literal["bic", "hot", "rateLimit", "securityLevel", "uaBlock", "waf", "zoneLockdown"]
# Shorter prefixes are more addresses: a provider of IPv6 gets a /32 at least (RIPE-738), and a company has no /15.
_SHORTEST_PREFIX = {4: 16, 6: 32}


def _no_expression(_text: str) -> str:
    raise ValueError(
        "a skip has no expression of its own, so that none is broad, as a host alone or true would be: give exact "
        "paths, and methods, networks or verified_bots"
    )


NoExpression = Annotated[str, AfterValidator(_no_expression)]


class ManagedRules(Section):
    """Some rules of a managed ruleset."""

    ruleset: Ruleset
    """`cloudflare`, `owasp` or `free`."""
    ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=100)]
    """The rules' ids, as the security events show them."""


class Skip(Section):
    """One exception. It takes exact paths and one of methods, networks and verified bots, and names what it skips."""

    name: RuleName
    """What it is called in messages, and its lasting reference at Cloudflare."""
    description: Annotated[str, Field(min_length=1, max_length=500)]
    """Why it is needed."""
    paths: Annotated[tuple[ExactPath, ...], Field(min_length=1, max_length=20)]
    """Exact paths, in lower case; no `*`."""
    methods: tuple[Method, ...] = ()
    """Only with these methods."""
    networks: tuple[Network, ...] = ()
    """Only from these addresses; no network larger than a /16 of IPv4 or a /32 of IPv6."""
    verified_bots: bool = False
    """Only for the bots that Cloudflare has verified, such as search engines."""
    expression: NoExpression | None = None
    """Never given: what an expression lets through cannot be bounded, and what the keys above say can."""
    managed_rulesets: tuple[Ruleset, ...] = ()
    """Managed rulesets that are skipped whole: `cloudflare`, `owasp` or `free`."""
    managed_rules: tuple[ManagedRules, ...] = ()
    """Single rules of them, which is better than the whole."""
    phases: tuple[SkippedPhase, ...] = ()
    """Phases that are skipped whole. `http_ratelimit` only with networks or verified_bots."""
    products: tuple[Product, ...] = ()
    """Older products: `bic` is the Browser Integrity Check, `hot` hotlink protection, `uaBlock` user agent blocking."""
    other_custom_rules: bool = False
    """Whether the other rules of this section are skipped."""
    enabled: bool = True
    """Whether it is in force."""

    @model_validator(mode="after")
    def _narrow(self) -> Skip:
        if not (self.methods or self.networks or self.verified_bots):
            raise ValueError(f"the skip {self.name} is for anyone: narrow it by methods, networks or verified_bots")
        for network in self.networks:
            parsed = ipaddress.ip_network(network)
            if parsed.prefixlen < _SHORTEST_PREFIX[parsed.version]:
                raise ValueError(f"the skip {self.name} is for {network}, which is too many to be narrow")
        if "http_ratelimit" in self.phases and not (self.networks or self.verified_bots):
            raise ValueError(
                f"the skip {self.name} takes the rate limits from everybody: narrow it by networks or verified_bots"
            )
        return self

    @model_validator(mode="after")
    def _skips_something(self) -> Skip:
        if not (self.in_managed_phase or self.in_custom_phase):
            raise ValueError(
                f"the skip {self.name} skips nothing: give managed_rules, managed_rulesets, phases, products or "
                "other_custom_rules"
            )
        if self.managed_rulesets and self.managed_rules:
            raise ValueError(f"the skip {self.name} has managed_rulesets and managed_rules: give one of them")
        named = [item.ruleset for item in self.managed_rules]
        if len(set(named)) < len(named):
            raise ValueError(f"the skip {self.name} names a ruleset twice in managed_rules: give all its ids at once")
        return self

    @property
    def in_managed_phase(self) -> bool:
        """Whether it needs a rule among the managed rulesets."""
        return bool(self.managed_rulesets or self.managed_rules)

    @property
    def in_custom_phase(self) -> bool:
        """Whether it needs a rule among the custom rules."""
        return bool(self.phases or self.products or self.other_custom_rules)
