"""Encryption: from visitors to the edge, and from the edge to the hosts."""

from __future__ import annotations

from collections.abc import Iterator

from core.resources import is_open
from stacks.policies.rule import Facts, Rule, Said, judged, ok, settings, undecided, violated

_LEAST_HSTS = 15_552_000
_NEW = ("1.2", "1.3")


def _strict(facts: Facts) -> Iterator[Said]:
    found = list(settings(facts, "ssl"))
    for one, value in found:
        yield judged(one.name, value, value == "strict", f"it is {value}", one)
    if not found:
        yield violated("ssl", "the setting is not declared, so it is whatever it was")


def _by_config_rules(facts: Facts) -> Iterator[Said]:
    """A rule of the phase ``http_config_settings`` sets SSL anew for what fits it."""
    for rule in facts.environment.rulesets.get("http_config_settings", ()):
        ssl = (rule.get("action_parameters") or {}).get("ssl")
        if ssl is not None and rule.get("enabled", True):
            name = str(rule.get("ref") or rule.get("description"))
            yield judged(name, ssl, ssl == "strict", f"for what fits it, SSL is {ssl}")


def _version(facts: Facts) -> Iterator[Said]:
    found = list(settings(facts, "min_tls_version"))
    for one, value in found:
        yield judged(one.name, value, value in _NEW, f"it is {value}", one)
    if not found:
        yield violated("min_tls_version", "the setting is not declared, and Cloudflare's own is 1.0")
    for one in facts.environment.of("HostnameTlsSetting"):
        value = one.properties.get("value")
        if one.properties.get("settingId") == "min_tls_version":
            yield judged(one.name, value, value in _NEW, f"it is {value}", one)


def _https(facts: Facts) -> Iterator[Said]:
    found = list(settings(facts, "always_use_https"))
    for one, value in found:
        yield judged(one.name, value, value == "on", f"it is {value}", one)
    if not found:
        yield violated("always_use_https", "the setting is not declared, and Cloudflare's own is off")


def _hsts(facts: Facts) -> Iterator[Said]:
    found = list(settings(facts, "security_header"))
    for one, value in found:
        inner = value.get("strict_transport_security") if isinstance(value, dict) else None
        if is_open(value) or is_open(inner):
            yield undecided(one.name, "its value is not known before it is applied", one)
        elif not isinstance(inner, dict) or inner.get("enabled") is not True:
            yield violated(one.name, "it is off", one)
        elif int(inner.get("max_age") or 0) < _LEAST_HSTS:
            yield violated(one.name, f"a browser remembers it for {inner.get('max_age') or 0} s", one)
        else:
            yield ok(one.name)
    if not found:
        yield violated("security_header", "the setting is not declared, so it is whatever it was")


def _early_data(facts: Facts) -> Iterator[Said]:
    for one, value in settings(facts, "0rtt"):
        yield judged(one.name, value, value == "off", f"it is {value}", one)


RULES = (
    Rule(
        "tls.strict",
        "Below Full (strict), the edge takes any certificate of a host, or none",
        "set tls.ssl to strict",
        _strict,
    ),
    Rule(
        "tls.strict-everywhere",
        "A configuration rule that lowers SSL undoes Full (strict) for what fits it",
        "take ssl out of the rule, or set it to strict",
        _by_config_rules,
    ),
    Rule(
        "tls.min-version",
        "TLS 1.0 and 1.1 are deprecated (RFC 8996)",
        "set tls.min_version to 1.2 or 1.3",
        _version,
    ),
    Rule("tls.https", "What is served by HTTP can be read and changed on its way", "set tls.always_https", _https),
    Rule(
        "tls.hsts",
        "Without HSTS of half a year or more, a visitor's first request can be taken over (RFC 6797)",
        "set tls.hsts, with a max_age of 15552000 or more",
        _hsts,
    ),
    Rule(
        "tls.early-data",
        "Early data can be replayed, so a request can count twice (RFC 8446 §8)",
        "turn tls.zero_rtt off",
        _early_data,
    ),
)
