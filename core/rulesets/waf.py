"""The firewall's rules: exceptions first, then templates in the platform's terms, then the user's own.

Block comes before challenge: who passes a challenge goes on to the rules after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.rulesets.expressions import addresses, every, methods, paths
from core.rulesets.joining import join
from core.rulesets.managed import RULESETS, managed_rulesets
from core.rulesets.rule import Rule
from core.rulesets.templates import templates
from core.settings.finding import Finding
from core.settings.plans import LIMITS, LONGEST_EXPRESSION, beyond_plan
from core.settings.platform import Platform
from core.settings.skips import Skip
from core.settings.waf import Waf
from core.settings.zone import Plan


def custom_rules(waf: Waf, platform: Platform, plan: Plan) -> tuple[Rule, ...]:
    """The rules of the phase ``http_request_firewall_custom``; templates are joined where the plan has no room."""
    skips = [_skip(skip, _skipped_here(skip)) for skip in waf.skips if skip.in_custom_phase]
    own = [
        Rule(ref=r.name, description=r.description, expression=r.expression, action=r.action, enabled=r.enabled)
        for r in waf.rules
    ]
    made = sorted(templates(waf, platform, plan), key=lambda rule: rule.action != "block")
    if len(skips) + len(made) + len(own) > LIMITS[plan].custom_rules:
        made = _joined(made)
    return (*skips, *made, *own)


def managed_rules(waf: Waf, plan: Plan) -> tuple[Rule, ...]:
    """The rules of the phase ``http_request_firewall_managed``: exceptions, then the rulesets that the plan has."""
    rules = [_skip(skip, _skipped_managed(skip)) for skip in waf.skips if skip.in_managed_phase]
    return (*rules, *managed_rulesets(waf, plan))


def check_waf(waf: Waf, platform: Platform, plan: Plan) -> Iterator[Finding]:
    """What of the section ``plan`` cannot do, with the rule's name."""
    for index, rule in enumerate(waf.rules):
        for reason in beyond_plan(rule.expression, plan):
            yield Finding(("waf", "rules", index), f"rule {rule.name}: {reason}")
    rules = custom_rules(waf, platform, plan)
    yield from _too_many(waf, rules, plan)
    for made in (*rules, *managed_rules(waf, plan)):
        if made.action == "log" and not LIMITS[plan].log_action:
            reason = f"the action log needs the plan enterprise, and the zone's is {plan}"
            yield Finding(_place(waf, made.ref), f"rule {made.ref}: {reason}")
        if len(made.expression) > LONGEST_EXPRESSION:
            reason = f"its expression is over {LONGEST_EXPRESSION} characters: give it fewer paths, networks or types"
            yield Finding(_place(waf, made.ref), f"rule {made.ref}: {reason}")
    yield from _paid(waf, plan)


def _too_many(waf: Waf, rules: tuple[Rule, ...], plan: Plan) -> Iterator[Finding]:
    most = LIMITS[plan].custom_rules
    for rule in rules[most:]:
        reason = f"the plan {plan} has {most} custom rules, and this is one more"
        yield Finding(_place(waf, rule.ref), f"rule {rule.ref}: {reason}")


def _paid(waf: Waf, plan: Plan) -> Iterator[Finding]:
    """What is sold with other plans."""
    if waf.owasp and waf.owasp.enabled and not LIMITS[plan].paid_rulesets:
        reason = f"the OWASP Core Ruleset needs the plan pro or above, and the zone's is {plan}"
        yield Finding(("waf", "owasp"), reason)
    if waf.bots.enabled and waf.bots.score_below and plan != "enterprise":
        reason = f"rule bots: cf.bot_management.score needs the plan enterprise, and the zone's is {plan}"
        yield Finding(("waf", "bots", "score_below"), reason)
    if waf.leaked_credentials.enabled and waf.leaked_credentials.checked == "pair" and plan == "free":
        reason = "rule leaked-credentials: pair needs the plan pro or above, and the zone's is free: check password"
        yield Finding(("waf", "leaked_credentials", "checked"), reason)
    for index, skip in enumerate(waf.skips):
        for name in (*skip.managed_rulesets, *(item.ruleset for item in skip.managed_rules)):
            if (name == "free") == LIMITS[plan].paid_rulesets:
                reason = f"rule {skip.name}: the managed ruleset {name} does not run on the plan {plan}"
                yield Finding(("waf", "skips", index), reason)


def _place(waf: Waf, ref: str) -> tuple[str | int, ...]:
    """Where the rule that became ``ref`` stands."""
    names = {"skips": [skip.name for skip in waf.skips], "rules": [rule.name for rule in waf.rules]}
    for key, known in names.items():
        if ref in known:
            return ("waf", key, known.index(ref))
    key_of = {
        "admin-from-outside": "admin",
        "dotfiles": "hidden_files",
        "bad-methods": "methods",
        "leaked-credentials": "leaked_credentials",
        "cloudflare-managed": "managed",
        "free-managed": "managed",
    }
    made_from = key_of.get(ref, ref)
    return ("waf", made_from) if made_from in type(waf).model_fields else ("waf",)


def _joined(rules: list[Rule]) -> list[Rule]:
    """Those that block in one rule: which of them a request meets makes no difference to it."""
    block = [rule for rule in rules if rule.action == "block"]
    if len(block) < 2:
        return rules
    whole = Rule(
        ref=join(rule.ref for rule in block),
        description="; ".join(rule.description for rule in block),
        expression=" or ".join(f"({rule.expression})" for rule in block),
        action="block",
    )
    return [whole, *(rule for rule in rules if rule.action != "block")]


def _skip(skip: Skip, skipped: Mapping[str, Any]) -> Rule:
    conditions = [paths(skip.paths)]
    conditions += [methods(skip.methods)] if skip.methods else []
    conditions += [addresses(skip.networks)] if skip.networks else []
    conditions += ["cf.client.bot"] if skip.verified_bots else []
    return Rule(
        ref=skip.name,
        description=skip.description,
        expression=every(conditions),
        action="skip",
        enabled=skip.enabled,
        parameters=skipped,
        logged=True,
    )


def _skipped_here(skip: Skip) -> Mapping[str, Any]:
    lists = {"phases": list(skip.phases), "products": list(skip.products)}
    here = {"ruleset": "current"} if skip.other_custom_rules else {}
    return {**here, **{key: value for key, value in lists.items() if value}}


def _skipped_managed(skip: Skip) -> Mapping[str, Any]:
    if skip.managed_rulesets:
        return {"rulesets": [RULESETS[name] for name in skip.managed_rulesets]}
    return {"rules": {RULESETS[item.ruleset]: list(item.ids) for item in skip.managed_rules}}
