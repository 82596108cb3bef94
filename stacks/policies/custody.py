"""Secrets, and who may read them; rulesets and plans; alerts that reach somebody; waivers that have ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from core.resources import PLAIN_SECRET, UNKNOWN, Resource, has_open, is_open
from core.settings.plans import LIMITS, uses_regex
from stacks.policies.rule import Facts, Rule, Said, judged, ok, undecided, violated

_PHASES = {
    "http_request_firewall_custom": {plan: can.custom_rules for plan, can in LIMITS.items()},
    "http_ratelimit": {plan: can.rate_limits for plan, can in LIMITS.items()},
}
_KEPT = ("SecretsStoreSecret",)
# Days: somebody looks at every exception once a year.
_LONGEST_WAIVER = 400


def _owned(facts: Facts) -> Iterator[Said]:
    """Every secret of a store stands in the stack's file, where it has an owner and an age."""
    known = {item.name: item for item in facts.stack.secrets.items}
    for one in (one for kind in _KEPT for one in facts.environment.of(kind)):
        name = one.properties.get("name")
        if is_open(name):
            yield undecided(one.name, "its name is not known", one)
            continue
        item = known.get(str(name))
        fine = item is not None and bool(item.owner) and bool(item.max_age_days)
        yield ok(one.name) if fine else violated(one.name, "nobody is named who answers for it and replaces it", one)


def _fresh(facts: Facts) -> Iterator[Said]:
    """No secret is older than its file lets it be; one whose day nobody wrote down may be."""
    for item in facts.stack.secrets.items:
        over = item.over_age(facts.today)
        if over is None:
            said = f"it says {item.made}, a day that is to come" if item.made else "nobody wrote it down"
            yield undecided(item.name, f"when its value was made is not known: {said}")
        elif over:
            days = item.age_days(facts.today)
            yield violated(item.name, f"it is {days} days old, and {item.max_age_days} is the most")
        else:
            yield ok(item.name)


def _closed(facts: Facts) -> Iterator[Said]:
    """Pulumi takes some secrets as plain text, and so they stand in its state for all to read."""
    for one in facts.environment.resources.values():
        for place, value in _secret_texts(one.properties, ""):
            if value == PLAIN_SECRET:
                yield violated(f"{one.name} {place}", "its value is in the clear in the program and in the state", one)
            else:
                yield ok(f"{one.name} {place}")


def _secret_texts(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        if value.get("type") == "secret_text":
            yield from ((f"{place}.{key}".lstrip("."), value[key]) for key in ("text", "value") if value.get(key))
        for key, inner in value.items():
            yield from _secret_texts(inner, f"{place}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _secret_texts(inner, f"{place}[{index}]")


def _one_a_phase(facts: Facts) -> Iterator[Said]:
    found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for one in facts.environment.of("Ruleset"):
        if one.properties.get("kind", "zone") == "zone":
            owner = facts.environment.zone_of(one) or one.zone or str(one.properties.get("zoneId"))
            found[(owner, str(one.properties.get("phase")))].append(one)
    for (owner, phase), rulesets in found.items():
        subject = f"{owner} {phase}"
        if len(rulesets) == 1:
            yield ok(subject)
        elif UNKNOWN in (owner, phase):
            yield undecided(subject, f"{len(rulesets)} rulesets may be of one zone and phase", rulesets[1])
        else:
            yield violated(subject, f"{len(rulesets)} rulesets: {', '.join(one.name for one in rulesets)}", rulesets[1])


def _plan(facts: Facts) -> Iterator[Said]:
    plan = facts.stack.zone.plan
    for phase, rules in facts.environment.rulesets.items():
        most = _PHASES[phase][plan] if phase in _PHASES else None
        if most is not None:
            said = f"{len(rules)} rules, and the plan {plan} has {most}"
            yield ok(phase) if len(rules) <= most else violated(phase, said)
        for rule in rules:
            name = str(rule.get("ref") or rule.get("description"))
            if plan not in ("business", "enterprise") and uses_regex(str(rule.get("expression", ""))):
                yield violated(name, f"regular expressions need the plan business, and the zone's is {plan}")
            if plan != "enterprise" and rule.get("action") == "log" and phase in _PHASES:
                yield violated(name, f"the action log needs the plan enterprise, and the zone's is {plan}")


def _routed(facts: Facts) -> Iterator[Said]:
    for one in facts.environment.of("NotificationPolicy"):
        mechanisms = one.properties.get("mechanisms")
        if is_open(mechanisms):
            yield undecided(one.name, "who is told is not known", one)
            continue
        routes = [value for value in mechanisms.values() if value] if isinstance(mechanisms, Mapping) else []
        enabled = one.properties.get("enabled", True)
        fine = bool(routes) and enabled is not False
        yield judged(one.name, enabled, fine, "it is off" if routes else "it tells nobody", one)


def _guarded(facts: Facts) -> Iterator[Said]:
    """An Access policy that lets everyone in."""
    for one in facts.environment.of("ZeroTrustAccessPolicy"):
        decision, includes = one.properties.get("decision"), one.properties.get("includes")
        if is_open(decision) or is_open(includes):
            yield undecided(one.name, "whom it lets in is not known", one)
            continue
        everyone = any(isinstance(rule, Mapping) and "everyone" in rule for rule in includes or ())
        lets_in = decision == "bypass" or (decision in ("allow", "non_identity") and everyone)
        requires = one.properties.get("requires")
        fine = not lets_in or (decision != "bypass" and bool(requires) and not has_open(requires))
        yield judged(one.name, decision, fine, f"it lets everyone in ({decision})", one)


def _current(facts: Facts) -> Iterator[Said]:
    for waiver in facts.stack.waivers.items:
        subject = f"{waiver.rule} for {waiver.subject}"
        if waiver.until < facts.today:
            yield violated(subject, f"it ended on {waiver.until}, and {waiver.owner} answers for it")
        elif (days := (waiver.until - facts.today).days) > _LONGEST_WAIVER:
            yield violated(subject, f"it stands for {days:,} days more, and {_LONGEST_WAIVER} are the most")
        else:
            yield ok(subject)


RULES = (
    Rule(
        "secrets.owner",
        "A secret that nobody answers for is never replaced",
        "declare it in launch-ready:secrets, with an owner and max_age_days",
        _owned,
    ),
    Rule(
        "secrets.age",
        "The older a secret is, the more people and machines have seen it",
        "run invoke secrets.rotate, which writes down the day (made)",
        _fresh,
    ),
    Rule(
        "secrets.closed",
        "A secret_text goes into Pulumi's state as it is, unless the program makes it a secret",
        "wrap the value in pulumi.Output.secret, or take it from a config secret",
        _closed,
    ),
    Rule(
        "rules.one-per-phase",
        "A zone has one entry point ruleset a phase: the second one fails, or replaces the first",
        "put all rules of the phase into one ruleset",
        _one_a_phase,
    ),
    Rule(
        "rules.plan", "Cloudflare refuses what the zone's plan does not have", "use fewer rules, or another plan", _plan
    ),
    Rule("alerts.routed", "An alert that reaches nobody is none", "name a mailbox or a webhook for it", _routed),
    Rule(
        "access.somebody",
        "An Access policy for everyone is none",
        "name mail addresses, domains, groups or service tokens",
        _guarded,
    ),
    Rule(
        "waivers.current",
        "An exception that has ended is none any more, and one that stands for years is a rule",
        "take it out, or have its owner set a day within 400 days",
        _current,
    ),
)
