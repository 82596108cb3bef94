"""What the rules do to requests, found out by asking the evaluator: not by what rules are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from core.resources import Resource, has_open, is_open
from core.settings.names import full_name
from core.visitor import BROWSER, VISITOR
from edge import Decision, Policy, Request, decide
from stacks.policies.rule import Facts, Rule, Said, ok, undecided, violated

BURST = 600
"""Requests of one address in a minute that no person sends."""

_STAR = "x1"
_PHASES = ("http_request_firewall_custom", "http_ratelimit", "http_request_firewall_managed", "http_request_sbfm")
_MOST_NAMES = 10


def _url(facts: Facts, path: str, name: str = "") -> str:
    # Where visitors are: a name that leads them elsewhere answers none of their requests.
    host = name or full_name(facts.stack.redirects.canonical or facts.stack.dns.web[0], facts.zone)
    return f"https://{host}{path.replace('*', _STAR)}"


def _request(method: str, url: str, at: float = 0.0) -> Request:
    return Request(method, url, (("user-agent", BROWSER),), b"", VISITOR, at)


def _decisions(facts: Facts, requests: Sequence[Request]) -> list[Decision]:
    environment, kept = facts.environment, facts.kept
    if "edge" not in kept:
        kept["edge"] = Policy(environment.settings, environment.rulesets)
    policy: Policy = kept["edge"]
    return policy.over(requests)


def _admin(facts: Facts) -> Iterator[Said]:
    """A stranger, at every web name."""
    for label in facts.stack.dns.web[:_MOST_NAMES]:
        name = full_name(label, facts.zone)
        for path in facts.stack.platform.admin:
            requests = [_request(method, _url(facts, path, name)) for method in ("GET", "POST")]
            subject = f"{name}{path}"
            access = _by_access(facts, name, requests[0].target)
            if access == "covered":
                yield ok(subject)
                continue
            decisions = _decisions(facts, requests)
            # A name that leads elsewhere shows nothing itself, and the name that it leads to is asked, too.
            if all(one.stopped or (one.action == "redirect" and one.certain) for one in decisions):
                yield ok(subject)
            elif access == "unknown" or not all(one.stopped or one.certain for one in decisions):
                yield undecided(subject, "whether anything stops a stranger there is not known")
            else:
                yield violated(subject, "anyone reaches it: neither Access nor a rule stops a stranger")


def _by_access(facts: Facts, name: str, path: str) -> str:
    """Whether an Access application stands before a path: "covered", "unknown" or ""."""
    found = ""
    for one in facts.environment.of("ZeroTrustAccessApplication"):
        uris = _uris(one)
        if uris is None:
            found = "unknown"
        elif any(_covers(uri, name, path) for uri in uris):
            return "covered"
    return found


def _uris(application: Resource) -> list[str] | None:
    destinations = application.properties.get("destinations")
    listed = (
        [one.get("uri") for one in destinations or () if isinstance(one, dict)] if not is_open(destinations) else None
    )
    domains = [application.properties.get("domain"), *(application.properties.get("selfHostedDomains") or ())]
    if listed is None or has_open([*listed, *domains]):
        return None
    return [str(one) for one in (*listed, *domains) if one]


def _covers(uri: str, name: str, path: str) -> bool:
    """Access covers a path and all below it ("Application paths" of Cloudflare One)."""
    host, _, below = uri.removeprefix("https://").partition("/")
    wanted = f"/{below}".rstrip("/")
    inside = path == wanted or path.startswith(f"{wanted}/") or fnmatchcase(path, wanted)
    return fnmatchcase(name, host) and inside


def _limited(facts: Facts, method: str, paths: Sequence[str]) -> Iterator[Said]:
    for path in paths:
        url = _url(facts, path)
        decisions = _decisions(facts, [_request(method, url, at * 60 / BURST) for at in range(BURST)])
        stopped = next((index for index, one in enumerate(decisions) if one.stopped), None)
        subject = f"{method} {path}"
        if stopped is not None:
            yield ok(subject)
        elif all(one.certain for one in decisions):
            yield violated(subject, f"{BURST} requests of one address in a minute all pass")
        else:
            reasons = "; ".join(sorted({str(one) for each in decisions for one in each.undecided})[:3])
            yield undecided(subject, f"whether {BURST} requests in a minute are stopped cannot be told: {reasons}")


def _writes(facts: Facts) -> Iterator[Said]:
    for method in ("POST", "DELETE"):
        yield from _limited(facts, method, facts.stack.platform.api)


def _narrow(facts: Facts) -> Iterator[Said]:
    """A skip that an ordinary visitor falls under, at an ordinary place, is no exception any more."""
    platform = facts.stack.platform
    places = (platform.homepage, platform.login[0], platform.post[0], *platform.admin[:1], "/anything/else")
    requests = [_request(method, _url(facts, path)) for path in places for method in ("GET", "POST")]
    for phase in _PHASES:
        for rule in facts.environment.rulesets.get(phase, ()):
            if rule.get("action") != "skip" or rule.get("enabled", True) is False:
                continue
            name = str(rule.get("ref") or rule.get("id") or rule.get("description"))
            # By itself, in the place of a rule that blocks: what it stops then, it would have let past.
            alone = {phase: [{**rule, "action": "block", "action_parameters": {}}]}
            decisions = decide(alone, requests, settings={})
            caught = [request for request, one in zip(requests, decisions, strict=True) if one.stopped]
            if caught:
                yield violated(name, f"any visitor falls under it, with {caught[0].method} {caught[0].target}")
            elif all(one.certain for one in decisions):
                yield ok(name)
            else:
                yield undecided(name, "whether any visitor falls under it cannot be told")


def _mail_policy(facts: Facts) -> Iterator[Said]:
    """RFC 8461 §3.3: a policy behind a redirect is no policy."""
    zones = {str(one.properties.get("name")) for one in facts.environment.of("Zone")} | {facts.zone}
    for zone in sorted(zones):
        name = f"mta-sts.{zone}"
        if not facts.environment.records(f"_mta-sts.{zone}", "TXT"):
            continue
        (one,) = _decisions(facts, [_request("GET", f"https://{name}/.well-known/mta-sts.txt")])
        if one.action == "redirect":
            yield violated(name, f"{one.rule or one.phase} redirects the policy")
        elif one.stopped:
            yield violated(name, f"{one.rule} stops a mail server that fetches the policy")
        else:
            yield ok(name) if one.certain else undecided(name, "whether a rule redirects the policy cannot be told")


def _limit_rule(what: str, why: str, method: str, paths: str) -> Rule:
    def check(facts: Facts) -> Iterator[Said]:
        return _limited(facts, method, getattr(facts.stack.platform, paths))

    return Rule(f"limits.{what}", why, f"add a rate limit for platform.{paths} to launch-ready:rate_limits", check)


RULES = (
    Rule(
        "access.admin",
        "What administrators alone may reach must not be there for a stranger to try passwords on",
        "put Access before it (launch-ready:access), or a WAF rule",
        _admin,
    ),
    _limit_rule("login", "Without a limit, passwords are tried by the thousand", "POST", "login"),
    _limit_rule("reset", "Without a limit, mailboxes are flooded and reset codes guessed", "POST", "reset"),
    _limit_rule("invite", "Without a limit, the platform sends anybody's spam", "POST", "invite"),
    _limit_rule("post", "Without a limit, one account fills the platform", "POST", "post"),
    Rule(
        "limits.write",
        "Without a limit, one client keeps the database busy",
        "add a rate limit for platform.api to launch-ready:rate_limits",
        _writes,
    ),
    Rule(
        "waf.skip-narrow",
        "A skip rule that fits any visitor turns protection off for all",
        "narrow it to an address, a token's header or a path of its own",
        _narrow,
    ),
    Rule(
        "mail.mta-sts-reachable",
        "A mail server that is redirected while it fetches the policy has none (RFC 8461 §3.3)",
        "leave mta-sts.* out of the redirect",
        _mail_policy,
    ),
)
