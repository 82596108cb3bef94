"""Who may pass Cloudflare Access: which application a request is for, and what its policies say. No I/O.

Sources: https://developers.cloudflare.com/cloudflare-one/policies/access/ (and "app-paths" below it).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from lab.cloudflare.snapshot import Snapshot

_DURATION: Final = re.compile(r"([0-9]+)(ns|us|ms|s|m|h)")
_UNIT: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_KNOWN: Final = {"everyone", "email", "email_domain", "service_token", "any_valid_service_token", "ip"}
# These are asked first, whatever their precedence beside the others.
_FIRST: Final = ("bypass", "non_identity")


class Outcome(Enum):
    """What the policies of an application say of somebody."""

    OPEN = "nobody has to be known"
    IN = "in"
    LOG_IN = "who is it?"
    REFUSED = "refused"


@dataclass(frozen=True)
class Who:
    """What is known of whoever asks: ``email`` of who has logged in, ``token`` the id of a service token."""

    address: str = ""
    email: str = ""
    token: str = ""


@dataclass(frozen=True)
class ServiceToken:
    """A service token; ``ends`` is in seconds since 1970."""

    id: str
    client_id: str
    secret_sha256: str
    ends: float

    def is_proven_by(self, secret: str, now: float) -> bool:
        """Whether ``secret`` is its own, and it holds still."""
        given = hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
        return hmac.compare_digest(given, self.secret_sha256) and self.holds(now)

    def holds(self, now: float) -> bool:
        """Whether it has not ended."""
        return now < self.ends


@dataclass(frozen=True)
class Application:
    """A self-hosted application. ``policies`` are API objects in their order, ``seconds`` how long a login holds."""

    id: str
    aud: str
    domain: str
    policies: tuple[Mapping[str, Any], ...]
    seconds: int
    http_only: bool
    same_site: str
    preflight: bool

    def outcome(self, who: Who) -> Outcome:
        """What its policies say of ``who``; without any, nobody is let in."""
        for policy in self.policies:
            if policy["decision"] in _FIRST and _fits(policy, who):
                return Outcome.OPEN if policy["decision"] == "bypass" else Outcome.IN
        people = [policy for policy in self.policies if policy["decision"] not in _FIRST]
        if not who.email:
            return Outcome.LOG_IN if any(policy["decision"] == "allow" for policy in people) else Outcome.REFUSED
        for policy in people:
            if _fits(policy, who):
                return Outcome.IN if policy["decision"] == "allow" else Outcome.REFUSED
        return Outcome.REFUSED


@dataclass(frozen=True)
class Access:
    """The account's applications, the most specific place first, and its service tokens by client id."""

    places: tuple[tuple[re.Pattern[str], Application], ...] = ()
    tokens: Mapping[str, ServiceToken] = field(default_factory=dict)

    def application(self, host: str, path: str) -> Application | None:
        """The application that stands before ``path``, normalised, at ``host``."""
        return next((app for place, app in self.places if place.fullmatch(host + path)), None)


def access_of(snapshot: Snapshot, warnings: list[str]) -> Access:
    """Compile what ``snapshot`` declares; what cannot be told goes into ``warnings``, and lets nobody in."""
    places: list[tuple[str, Application]] = []
    tokens: dict[str, ServiceToken] = {}
    for account in snapshot.accounts:
        policies = {policy["id"]: policy for policy in account.access_policies}
        for body in account.access_apps:
            app = _application(body, policies)
            warnings += [f"application {body['name']}: {what}" for what in _not_told(app)]
            places += [(each["uri"], app) for each in body["destinations"] if each["type"] == "public"]
        tokens |= {each["client_id"]: _token(each) for each in account.access_tokens if each.get("secret_sha256")}
    places.sort(key=lambda place: (place[0].count("/"), len(place[0].replace("*", ""))), reverse=True)
    return Access(tuple((_pattern(uri), app) for uri, app in places), tokens)


def _application(body: Mapping[str, Any], policies: Mapping[str, Mapping[str, Any]]) -> Application:
    return Application(
        id=body["id"],
        aud=body["aud"],
        domain=body["domain"],
        policies=tuple(policies[link["id"]] for link in body["policies"]),
        seconds=int(sum(int(number) * _UNIT[unit] for number, unit in _DURATION.findall(body["session_duration"]))),
        http_only=body["http_only_cookie_attribute"],
        same_site=body.get("same_site_cookie_attribute") or "",
        preflight=body["options_preflight_bypass"],
    )


def _token(body: Mapping[str, Any]) -> ServiceToken:
    ends = datetime.fromisoformat(body["expires_at"]).astimezone(UTC).timestamp() if body["enabled"] else 0.0
    return ServiceToken(body["id"], body["client_id"], body["secret_sha256"], ends)


def _pattern(uri: str) -> re.Pattern[str]:
    """``app.example/admin`` is that path and all that is below it; a ``*`` is anything between two slashes or dots."""
    host, slash, path = uri.partition("/")
    text = re.escape(host).replace(r"\*", "[^./]*")
    text += re.escape(slash + path.rstrip("/")).replace(r"\*", "[^/]*") if path else ""
    return re.compile(f"{text}(?:/.*)?", re.DOTALL)


def _fits(policy: Mapping[str, Any], who: Who) -> bool:
    """Whether a policy is about ``who``: one of ``include``, all of ``require``, none of ``exclude``."""
    return (
        any(_is(rule, who) is True for rule in policy["include"])
        and all(_is(rule, who) is True for rule in policy["require"])
        and all(_is(rule, who) is False for rule in policy["exclude"])
    )


def _is(rule: Mapping[str, Mapping[str, Any]], who: Who) -> bool | None:
    """Whether a rule holds of ``who``; None for what the lab cannot tell."""
    [(selector, value)] = rule.items()
    match selector:
        case "everyone":
            return True
        case "email":
            return bool(who.email) and who.email.casefold() == str(value.get("email")).casefold()
        case "email_domain":
            return bool(who.email) and who.email.rpartition("@")[2].casefold() == str(value.get("domain")).casefold()
        case "service_token":
            return bool(who.token) and who.token == value.get("token_id")
        case "any_valid_service_token":
            return bool(who.token)
        case "ip":
            return _inside(who.address, str(value.get("ip")))
    return None


def _inside(address: str, network: str) -> bool | None:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return None


def _not_told(app: Application) -> Iterator[str]:
    """Selectors that the lab knows nothing of."""
    for policy in app.policies:
        rules: Sequence[Mapping[str, Any]] = (*policy["include"], *policy["require"], *policy["exclude"])
        for selector in sorted({each for rule in rules for each in rule} - _KNOWN):
            yield f"policy {policy['name']}: nobody is known to be of a {selector}"
