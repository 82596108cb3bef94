"""The settings of a zone: their defaults, their values, and the plan from which each can be changed.

Source: https://developers.cloudflare.com/api/resources/zones/subresources/settings/ and the models of the official
client, which the tests hold this table against.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.cloudflare.context import whole

Check = Callable[[Any], bool]

_PLANS = ("free", "pro", "business", "enterprise")
_HSTS_FLAGS = ("enabled", "include_subdomains", "preload", "nosniff")
_MAX_AGE = 31_536_000 * 2


@dataclass(frozen=True)
class Setting:
    """One setting: ``plan`` is the lowest plan that may change it."""

    id: str
    default: Any
    allows: Check
    plan: str = "free"

    def editable(self, plan: str) -> bool:
        """Whether a zone of this plan may change it."""
        return _PLANS.index(plan) >= _PLANS.index(self.plan)


def _one_of(*values: Any) -> Check:
    return lambda value: not isinstance(value, bool) and value in values


def _between(least: int, most: int) -> Check:
    def check(value: Any) -> bool:
        number = whole(value)
        return number is not None and least <= number <= most

    return check


def _strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _record(**fields: Check) -> Check:
    """An object with some of ``fields`` and no others."""

    def check(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and value.keys() <= fields.keys()
            and all(fields[name](field) for name, field in value.items())
        )

    return check


def _is(kind: type) -> Check:
    return lambda value: isinstance(value, kind)


_flag = _is(bool)
_toggle = _one_of("on", "off")
_hsts = _record(strict_transport_security=_record(max_age=_between(0, _MAX_AGE), **dict.fromkeys(_HSTS_FLAGS, _flag)))
_apo = _record(
    enabled=_flag, cf=_flag, wordpress=_flag, wp_plugin=_flag, hostnames=_strings, cache_by_device_type=_flag
)
_BROWSER_TTLS = (
    0, 30, 60, 120, 300, 1200, 1800, 3600, 7200, 10800, 14400, 18000, 28800, 43200, 57600, 72000, 86400, 172800, 259200,
    345600, 432000, 691200, 1382400, 2073600, 2678400, 5356800, 16070400, 31536000,
)  # fmt: skip
_EDGE_TTLS = (
    30, 60, 300, 1200, 1800, 3600, 7200, 10800, 14400, 18000, 28800, 43200, 57600, 72000, 86400, 172800, 259200, 345600,
    432000, 518400, 604800,
)  # fmt: skip
_CHALLENGE_TTLS = (
    300, 900, 1800, 2700, 3600, 7200, 10800, 14400, 28800, 57600, 86400, 604800, 2592000, 31536000,
)  # fmt: skip
_UPLOADS = (*range(100, 501, 25), *range(1000, 5001, 500))
_NO_HSTS = {"strict_transport_security": {**dict.fromkeys(_HSTS_FLAGS, False), "max_age": 0}}
_NO_APO = {
    "enabled": False, "cf": False, "wordpress": False, "wp_plugin": False, "hostnames": [],
    "cache_by_device_type": False,
}  # fmt: skip

# Plain switches, by what a new zone has.
_ON = (
    "advanced_ddos", "always_online", "brotli", "browser_check", "email_obfuscation", "http2", "http3",
    "ip_geolocation", "ipv6", "opportunistic_encryption", "opportunistic_onion", "replace_insecure_js",
    "server_side_exclude", "websockets",
)  # fmt: skip
_OFF = (
    "0rtt", "always_use_https", "automatic_https_rewrites", "china_network_enabled", "content_converter",
    "development_mode", "early_hints", "hotlink_protection", "orange_to_orange", "pre_render", "privacy_pass",
    "redirects_for_ai_training", "rocket_loader", "search_for_agents", "sha1_support", "tls_1_2_only",
    "tls_client_auth", "webmcp_enabled",
)  # fmt: skip
_PRO_OFF = ("mirage", "waf", "webp")
_ENTERPRISE_OFF = (
    "origin_error_page_pass_thru", "prefetch_preload", "response_buffering", "sort_query_string_for_cache",
    "true_client_ip_header",
)  # fmt: skip

_TABLE = (
    *(Setting(name, "on", _toggle) for name in _ON),
    *(Setting(name, "off", _toggle) for name in _OFF),
    *(Setting(name, "off", _toggle, "pro") for name in _PRO_OFF),
    *(Setting(name, "off", _toggle, "enterprise") for name in _ENTERPRISE_OFF),
    Setting("aegis", {"enabled": False, "pool_id": ""}, _record(enabled=_flag, pool_id=_is(str)), "enterprise"),
    Setting("automatic_platform_optimization", _NO_APO, _apo),
    Setting("browser_cache_ttl", 14400, _one_of(*_BROWSER_TTLS)),
    Setting("cache_level", "aggressive", _one_of("aggressive", "basic", "simplified")),
    Setting("challenge_ttl", 1800, _one_of(*_CHALLENGE_TTLS)),
    Setting("ciphers", [], _strings),
    Setting("cname_flattening", "flatten_at_root", _one_of("flatten_at_root", "flatten_all"), "pro"),
    Setting("edge_cache_ttl", 7200, _one_of(*_EDGE_TTLS)),
    Setting("h2_prioritization", "off", _one_of("on", "off", "custom"), "pro"),
    Setting("image_resizing", "off", _one_of("on", "off", "open"), "pro"),
    Setting("max_upload", 100, _one_of(*_UPLOADS)),
    Setting("min_tls_version", "1.0", _one_of("1.0", "1.1", "1.2", "1.3")),
    Setting("nel", {"enabled": False}, _record(enabled=_flag)),
    Setting("origin_h2_max_streams", 100, _between(1, 1000), "enterprise"),
    Setting("origin_max_http_version", "2", _one_of("1", "2")),
    Setting("polish", "off", _one_of("off", "lossless", "lossy"), "pro"),
    Setting("proxy_read_timeout", 100, _between(1, 6000), "enterprise"),
    Setting("pseudo_ipv4", "off", _one_of("off", "add_header", "overwrite_header")),
    Setting("security_header", _NO_HSTS, _hsts),
    Setting("security_level", "medium", _one_of("off", "essentially_off", "low", "medium", "high", "under_attack")),
    Setting("ssl", "full", _one_of("off", "flexible", "full", "strict")),
    Setting("tls_1_3", "on", _one_of("on", "off", "zrt")),
    Setting("transformations", "off", _one_of("on", "off", "open")),
    Setting("transformations_allowed_origins", "", _is(str)),
    Setting("webmcp_packs", "", _is(str)),
)
SETTINGS = {setting.id: setting for setting in sorted(_TABLE, key=lambda setting: setting.id)}


def initial_settings() -> dict[str, Any]:
    """The settings of a new zone, by id."""
    return {name: copy.deepcopy(setting.default) for name, setting in SETTINGS.items()}


def complete(setting: Setting, value: Any) -> Any:
    """``value`` as it is kept: what an object of the caller leaves out has its default, and 300.0 is 300."""
    if isinstance(value, dict) and isinstance(setting.default, dict):
        return _completed(setting.default, value)
    number = whole(value)
    return value if number is None else number


def _completed(default: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(default)
    for name, field in value.items():
        merged[name] = _completed(default[name], field) if isinstance(field, dict) else field
    return merged
