"""How many requests a second one core decides, for a zone of forty rules of the kinds that zones have.

``python -m lab.bench.decisions`` shows it alone; it needs no lab.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Any, Final

from edge import Counters, Policy, Request

RULES: Final = 40
_REQUESTS: Final = 6_000
_CLIENT: Final = ["cf.colo.id", "ip.src"]
_AGENT: Final = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
_FIELDS: Final = {
    "cf.client.bot": False,
    "cf.threat_score": 0,
    "cf.waf.credential_check.password_leaked": False,
    "ip.src.asnum": 64496,
    "ip.src.country": "NL",
}
_PATH: Final = "lower(http.request.uri.path)"
_POST: Final = 'http.request.method eq "POST"'
_TYPE: Final = 'http.request.headers["content-type"]'
_LOGIN: Final = f'{_PATH} in {{"/api/auth/login" "/login"}}'


@dataclass(frozen=True)
class Figure:
    """``per_second`` is the median over the rounds; a round makes its requests anew, and decides each once.

    Seconds are those of the processor, for others may be at work on the machine."""

    what: str
    rules: int
    rounds: int
    per_second: float

    def row(self) -> str:
        """A line of the table."""
        return f"{self.what:<34}{self.rules:>6}{self.per_second:>14,.0f}"


def heading() -> str:
    """The table's first line."""
    return f"{'decisions on one core':<34}{'rules':>6}{'a second':>14}"


def figures(runs: int) -> list[Figure]:
    """Requests that pass, and of those among which some are stopped; with their making and without it."""
    policy = Policy({"always_use_https": "on"}, rulesets())
    return [
        _figure("requests that pass, made and decided", policy, _passing(), runs, making=True),
        _figure("requests that pass, decided", policy, _passing(), runs, making=False),
        _figure("all sorts, made and decided", policy, _passing() + _stopped(), runs, making=True),
    ]


def rulesets() -> dict[str, list[dict[str, Any]]]:
    """A zone's rules, :data:`RULES` of them."""
    custom = [_rule(f"path-{n}", f'{_PATH} eq "/old/{n}" or starts_with({_PATH}, "/old/{n}/")') for n in range(8)]
    custom += [
        _rule(f"country-{n}", f'ip.src.country in {{"K{n}" "L{n}"}} and {_PATH} contains "/pay"') for n in range(4)
    ]
    custom += [
        _rule(
            "admin", f'({_PATH} eq "/admin" or starts_with({_PATH}, "/admin/")) and not ip.src in {{203.0.113.0/24}}'
        ),
        _rule(
            "hidden", 'http.request.uri.path contains "/." and not starts_with(http.request.uri.path, "/.well-known/")'
        ),
        _rule("methods", 'not http.request.method in {"GET" "HEAD" "POST" "PUT" "PATCH" "DELETE" "OPTIONS"}'),
        _rule(
            "leaked",
            f"{_POST} and {_LOGIN} and cf.waf.credential_check.password_leaked",
        ),
        _rule(
            "agents",
            f'{_LOGIN} and (http.user_agent eq "" or lower(http.user_agent) contains "sqlmap")',
        ),
        _rule("threat", "cf.threat_score gt 50 and not cf.client.bot"),
        _rule("asn", "ip.src.asnum in {64511 64512..64520}"),
        _rule(
            "query", 'http.request.uri.query contains "%3Cscript" or http.request.uri.query contains "union%20select"'
        ),
        _rule(
            "uploads",
            f'{_PATH} wildcard r"/api/orgs/*/spaces/*/uploads" and any({_TYPE}[*] contains "html")',
        ),
        _rule("referer", f'{_PATH} wildcard r"/embed/*" and not http.referer contains "community.example"'),
    ]
    limits = [
        _limit(name, paths)
        for name, paths in (
            ("login", f'{_PATH} in {{"/api/auth/login" "/login"}} and {_POST}'),
            (
                "reset",
                f'({_PATH} eq "/api/auth/reset" or {_PATH} wildcard r"/api/auth/reset/*") and {_POST}',
            ),
            ("invite", f'{_PATH} wildcard r"/api/orgs/*/invites" and {_POST}'),
            ("post", f'{_PATH} wildcard r"/api/orgs/*/spaces/*/posts" and {_POST}'),
            ("writes", f'{_PATH} wildcard r"/api/*" and http.request.method in {{"POST" "PUT" "PATCH" "DELETE"}}'),
        )
    ]
    redirects = [
        _rule(
            "www",
            'http.host eq "www.community.example"',
            "redirect",
            {
                "from_value": {
                    "target_url": {"expression": 'concat("https://community.example", http.request.uri.path)'}
                }
            },
        ),
        *(
            _rule(
                f"moved-{n}",
                f'http.request.uri.path eq "/moved/{n}"',
                "redirect",
                {"from_value": {"target_url": {"value": "https://community.example/"}}},
            )
            for n in range(4)
        ),
    ]
    cache = [
        _rule("static", f'{_PATH} wildcard r"/static/*"', "set_cache_settings", {"cache": True}),
        _rule(
            "never",
            f'{_PATH} wildcard r"/api/*" or {_PATH} in {{"/login" "/me"}}',
            "set_cache_settings",
            {"cache": False},
        ),
    ]
    managed = [_rule(f"managed-{n}", "true", "execute", {"id": f"ruleset-{n}"}) for n in range(2)]
    headers = [
        _rule(f"header-{n}", "true", "rewrite", {"headers": {f"X-{n}": {"operation": "set", "value": "1"}}})
        for n in range(RULES - len(custom) - len(limits) - len(redirects) - len(cache) - len(managed))
    ]
    return {
        "http_request_dynamic_redirect": redirects,
        "http_request_firewall_custom": custom,
        "http_ratelimit": limits,
        "http_request_firewall_managed": managed,
        "http_request_cache_settings": cache,
        "http_response_headers_transform": headers,
    }


def _rule(ref: str, expression: str, action: str = "block", parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"ref": ref, "expression": expression, "action": action, "action_parameters": parameters}


def _limit(ref: str, expression: str) -> dict[str, Any]:
    limit = {"characteristics": _CLIENT, "period": 60, "requests_per_period": 100, "mitigation_timeout": 60}
    return {**_rule(ref, expression), "ratelimit": limit}


def _passing() -> list[tuple[str, str]]:
    return [
        ("GET", "/"),
        ("GET", "/static/site.css?v=3"),
        ("GET", "/orgs/7/spaces/2"),
        ("GET", "/api/orgs/7/spaces/2/posts?page=2"),
        ("POST", "/api/orgs/7/spaces/2/posts"),
        ("POST", "/api/auth/login"),
    ]


def _stopped() -> list[tuple[str, str]]:
    return [("GET", "/.env"), ("GET", "/admin/users"), ("GET", "/a%2f../b?x=<script"), ("TRACE", "/")]


def _request(number: int, sent: tuple[str, str]) -> Request:
    address = f"198.51.{number // 250 % 100}.{number % 250}"
    url = f"https://app.community.example{sent[1]}"
    return Request(sent[0], url, (_AGENT, ("Accept", "*/*")), None, {**_FIELDS, "ip.src": address}, number / 1000)


def _figure(what: str, policy: Policy, kinds: list[tuple[str, str]], runs: int, *, making: bool) -> Figure:
    taken = [_round(policy, kinds, making=making) for _ in range(runs)]
    return Figure(what, RULES, runs, statistics.median(_REQUESTS / seconds for seconds in taken))


def _round(policy: Policy, kinds: list[tuple[str, str]], *, making: bool) -> float:
    counters = Counters(time.monotonic)
    numbered = [(number, kinds[number % len(kinds)]) for number in range(_REQUESTS)]
    if making:
        began = time.process_time()
        for number, kind in numbered:
            policy.decide(_request(number, kind), counters)
        return time.process_time() - began
    requests = [_request(number, kind) for number, kind in numbered]
    began = time.process_time()
    for request in requests:
        policy.decide(request, counters)
    return time.process_time() - began


if __name__ == "__main__":
    print("\n".join([heading(), *(one.row() for one in figures(5))]))
