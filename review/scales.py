"""The security order: which of two values of a property is the weaker one.

A scale names values from the weakest to the strongest, or says that more, or less, is stronger.
Settings: https://developers.cloudflare.com/api/resources/zones/subresources/settings/
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Literal

Compared = Literal["weaker", "stronger", "same", "unclear"]
Scale = tuple[Any, ...] | Literal["more", "less", "fewer", "more of"]

OFF_ON: Final = ("off", "on")
FALSE_TRUE: Final = (False, True)
CHALLENGES: Final = frozenset({"challenge", "js_challenge", "managed_challenge"})
ACTIONS: Final = ("skip", "allow", "log", "managed_challenge", "block")
"""What a rule does to a request that fits, the weakest first; every challenge counts as ``managed_challenge``."""

SETTINGS: Final[Mapping[str, Scale]] = {
    "ssl": ("off", "flexible", "full", "strict"),
    "min_tls_version": ("1.0", "1.1", "1.2", "1.3"),
    "tls_1_3": ("off", "zrt", "on"),
    "always_use_https": OFF_ON,
    "automatic_https_rewrites": OFF_ON,
    "opportunistic_encryption": OFF_ON,
    "tls_client_auth": OFF_ON,
    "security_level": ("off", "essentially_off", "low", "medium", "high", "under_attack"),
    "browser_check": OFF_ON,
    "waf": OFF_ON,
    "hotlink_protection": OFF_ON,
    "email_obfuscation": OFF_ON,
    "advanced_ddos": OFF_ON,
    "0rtt": ("on", "off"),
    "development_mode": ("on", "off"),
    "challenge_ttl": "less",
    "ech": OFF_ON,
    "replace_insecure_js": OFF_ON,
    "server_side_exclude": OFF_ON,
}
HARMLESS_SETTINGS: Final = frozenset(
    {
        *("brotli", "early_hints", "http2", "http3", "h2_prioritization", "ipv6", "websockets", "minify", "polish"),
        *("webp", "rocket_loader", "mirage", "prefetch_preload", "speed_brain", "image_resizing", "fonts"),
        *("browser_cache_ttl", "cache_level", "edge_cache_ttl", "always_online", "sort_query_string_for_cache"),
        *("orange_to_orange", "nel", "ip_geolocation", "response_buffering", "automatic_platform_optimization"),
        *("mobile_redirect", "content_converter", "viewer_image_resizing", "origin_h2_max_streams"),
    }
)
"""Settings that decide over speed alone."""
HSTS: Final[Mapping[str, Scale]] = {
    "enabled": FALSE_TRUE,
    "max_age": "more",
    "include_subdomains": FALSE_TRUE,
    "preload": FALSE_TRUE,
    "nosniff": FALSE_TRUE,
}
DMARC_POLICY: Final = ("none", "quarantine", "reject")
SPF_ALL: Final = ("+", "?", "~", "-")
RATE_LIMIT: Final[Mapping[str, Scale]] = {
    "mitigationTimeout": "more",
    "requestsToOrigin": (True, False),
    "characteristics": "fewer",
    "scorePerPeriod": "less",
}
_BOTS: Final = ("allow", "managed_challenge", "block")
PROPERTIES: Final[Mapping[str, Mapping[str, Scale]]] = {
    "Zone": {"paused": (True, False)},
    "ZoneDnssec": {"status": ("disabled", "pending-disabled", "pending", "active")},
    "AuthenticatedOriginPullsSettings": {"enabled": FALSE_TRUE},
    "LeakedCredentialCheck": {"enabled": FALSE_TRUE},
    "TotalTls": {"enabled": FALSE_TRUE},
    "UrlNormalizationSettings": {"scope": ("none", "incoming", "both")},
    "HostnameTlsSetting": {"value": ("1.0", "1.1", "1.2", "1.3")},
    "BotManagement": {
        "fightMode": FALSE_TRUE,
        "enableJs": FALSE_TRUE,
        "sbfmDefinitelyAutomated": _BOTS,
        "sbfmLikelyAutomated": _BOTS,
        "aiBotsProtection": ("disabled", "only_on_ad_pages", "block"),
    },
    "ZeroTrustAccessPolicy": {
        "decision": ("bypass", "non_identity", "allow", "deny"),
        "includes": "fewer",
        "requires": "more of",
        "excludes": "more of",
        "sessionDuration": "less",
        "approvalRequired": FALSE_TRUE,
        "purposeJustificationRequired": FALSE_TRUE,
        "isolationRequired": FALSE_TRUE,
    },
    "ZeroTrustAccessApplication": {
        "sessionDuration": "less",
        "httpOnlyCookieAttribute": FALSE_TRUE,
        "sameSiteCookieAttribute": ("none", "lax", "strict"),
        "enableBindingCookie": FALSE_TRUE,
        "optionsPreflightBypass": (True, False),
        "serviceAuth401Redirect": FALSE_TRUE,
        "destinations": "more of",
        "selfHostedDomains": "more of",
    },
    "NotificationPolicy": {"enabled": FALSE_TRUE},
    "Healthcheck": {
        "suspended": (True, False),
        "interval": "less",
        "consecutiveFails": "less",
        "checkRegions": "more of",
    },
    "LoadBalancer": {"proxied": FALSE_TRUE},
    "LoadBalancerMonitor": {"allowInsecure": (True, False), "interval": "less"},
    "ZeroTrustAccessServiceToken": {"duration": "less"},
    "SecretsStoreSecret": {"scopes": "fewer"},
    "MtlsCertificate": {},
}
NEUTRAL: Final[Mapping[str, frozenset[str]]] = {
    "ZeroTrustAccessApplication": frozenset(
        {"logoUrl", "appLauncherVisible", "autoRedirectToIdentity", "customDenyMessage", "skipInterstitial"}
    ),
    "Healthcheck": frozenset({"timeout", "retries", "consecutiveSuccesses"}),
    "LoadBalancerMonitor": frozenset({"timeout", "retries", "consecutiveUp", "consecutiveDown"}),
    "LoadBalancer": frozenset({"ttl", "steeringPolicy", "sessionAffinity", "sessionAffinityTtl"}),
    "Zone": frozenset({"vanityNameServers"}),
    "CertificatePack": frozenset({"cloudflareBranding"}),
    "AwsSecret": frozenset({"version"}),
}
"""Properties that weaken nothing, whichever way they change."""
LABELS: Final = frozenset(
    {
        "name",
        "description",
        "comment",
        "tags",
        "notes",
        "note",
        "accountId",
        "account",
        "zoneId",
        "storeId",
        "urn",
        "id",
    }
)
"""What any resource is called, and where it belongs."""
# Weights of the same properties: what is read first.
WEIGHTS: Final[Mapping[str, int]] = {
    "Zone": 5,
    "ZeroTrustAccessPolicy": 15,
    "ZeroTrustAccessApplication": 15,
    "AuthenticatedOriginPullsSettings": 12,
    "ZoneDnssec": 35,
    "SecretsStoreSecret": 40,
    "NotificationPolicy": 60,
    "Healthcheck": 60,
}

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)")
_SECONDS: Final = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800
}  # fmt: skip


def compare(scale: Scale, before: Any, after: Any) -> Compared:
    """How ``after`` stands to ``before``; a value that the scale does not know makes it unclear."""
    if before == after and isinstance(before, bool) == isinstance(after, bool):
        return "same"
    if isinstance(scale, tuple):
        return _by(scale.index(after) - scale.index(before)) if before in scale and after in scale else "unclear"
    if scale in ("fewer", "more of"):
        return _by_members(before, after, more=scale == "more of")
    old, new = _number(before), _number(after)
    if old is None or new is None:
        return "unclear"
    return _by(new - old if scale == "more" else old - new)


def _by(difference: float) -> Compared:
    return "stronger" if difference > 0 else "weaker" if difference < 0 else "same"


def _by_members(before: Any, after: Any, *, more: bool) -> Compared:
    if not isinstance(before, list | None) or not isinstance(after, list | None):
        return "unclear"
    # By their number, too: of two members that are not known yet, both look the same.
    old, new = Counter(map(repr, before or ())), Counter(map(repr, after or ()))
    if old == new:
        return "same"
    if old <= new:
        return "stronger" if more else "weaker"
    if new <= old:
        return "weaker" if more else "stronger"
    # Some came and some went: what came, or what went, may be the hole.
    return "weaker"


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    parts = _DURATION.findall(value)
    if parts and "".join(number + unit for number, unit in parts) == value:
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    try:
        return float(value)
    except ValueError:
        return None
