"""The redirects: old paths first, then the canonical name, so that a request takes one at most."""

from __future__ import annotations

from collections.abc import Iterator

from core.rulesets.expressions import equals, every
from core.rulesets.rule import Rule
from core.settings.dns import Dns
from core.settings.finding import Finding
from core.settings.names import APEX, full_name
from core.settings.plans import LIMITS
from core.settings.redirects import Moved, Redirects
from core.settings.zone import Zone

# An MTA-STS policy behind a redirect is none (RFC 8461 §3.3); a certificate's challenge is answered where it stands.
UNTOUCHED = (
    'not starts_with(http.host, "mta-sts.")',
    'not starts_with(http.request.uri.path, "/.well-known/acme-challenge/")',
)
_STATUSES = {(True, False): 301, (False, False): 302, (True, True): 308, (False, True): 307}


def redirect_rule(
    ref: str,
    description: str,
    condition: str,
    target: str,
    *,
    status: int = 301,
    keep_query: bool = True,
    literal: bool = False,
) -> Rule:
    """A redirect where ``condition`` and :data:`UNTOUCHED` hold; ``condition`` binds stronger than ``and``.

    ``target`` is an expression, or with ``literal`` a URL.
    """
    url = {"value" if literal else "expression": target}
    return Rule(
        ref=ref,
        description=description,
        expression=every([condition, *UNTOUCHED]),
        action="redirect",
        parameters={
            "from_value": {"status_code": status, "target_url": url, "preserve_query_string": keep_query},
        },
    )


def to_host(host: str) -> str:
    """The expression of the same path at another host, by HTTPS."""
    return f'concat("https://{host}", http.request.uri.path)'


def redirect_rules(redirects: Redirects, zone: Zone) -> tuple[Rule, ...]:
    """The rules of the phase ``http_request_dynamic_redirect``."""
    rules = [_moved(item, redirects, zone.name) for item in redirects.moved]
    if redirects.canonical:
        host, other = (full_name(name, zone.name) for name in (redirects.canonical, _other(redirects.canonical)))
        said = f"{other} is {host}"
        rules.append(redirect_rule("canonical", said, equals("http.host", [other]), to_host(host)))
    return tuple(rules)


def check_redirects(redirects: Redirects, dns: Dns, zone: Zone) -> Iterator[Finding]:
    """Names that the edge does not serve, and more rules than the plan has."""
    if redirects.canonical:
        for name in (APEX, "www"):
            if name not in dns.web:
                yield Finding(("redirects", "canonical"), f"{name} is not in dns.web: a name must be there to lead on")
    for index, item in enumerate(redirects.moved):
        if item.at not in dns.web:
            yield Finding(("redirects", "moved", index, "at"), f"{item.at} is not in dns.web")
    most = LIMITS[zone.plan].modifying_rules
    for index in range(most - bool(redirects.canonical), len(redirects.moved)):
        reason = f"rule {redirects.moved[index].name}: the plan {zone.plan} has {most} redirects, and this is one more"
        yield Finding(("redirects", "moved", index), reason)


def _other(canonical: str) -> str:
    return "www" if canonical == APEX else APEX


def _moved(item: Moved, redirects: Redirects, zone: str) -> Rule:
    twins = redirects.canonical and item.at in (APEX, "www")
    names = [redirects.canonical or APEX, _other(redirects.canonical or APEX)] if twins else [item.at]
    hosts = [full_name(name, zone) for name in names]
    condition = f'{equals("http.host", hosts)} and http.request.uri.path wildcard r"{item.old}"'
    target = item.new if item.new.startswith("https://") else f"https://{hosts[0]}{item.new}"
    literal = not target.endswith("*")
    if not literal:
        pattern, replacement = item.old, f"{target[:-1]}${{1}}"
        target = f'wildcard_replace(http.request.uri.path, r"{pattern}", r"{replacement}")'
    return redirect_rule(
        item.name,
        f"{item.old} is {item.new}",
        condition,
        target,
        status=_STATUSES[item.permanent, item.keep_method],
        keep_query=item.keep_query,
        literal=literal,
    )
