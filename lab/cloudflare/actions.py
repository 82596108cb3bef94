"""What a rule does: the actions of each phase of a zone, and their ``action_parameters``.

Source: https://developers.cloudflare.com/ruleset-engine/rules-language/actions/
"""

from __future__ import annotations

from lab.cloudflare import firewall_actions, traffic_actions
from lab.cloudflare.action import CHALLENGES, Check, wrong
from lab.cloudflare.plans import Plan
from lab.cloudflare.store import Json

_MANAGED = {"execute", "skip", "block", "log", *CHALLENGES}
PHASES: dict[str, frozenset[str]] = {
    "ddos_l7": frozenset({"execute"}),
    "http_config_settings": frozenset({"set_config"}),
    "http_custom_errors": frozenset({"serve_error"}),
    "http_log_custom_fields": frozenset({"log_custom_field"}),
    "http_ratelimit": frozenset({"block", "log", "execute", *CHALLENGES}),
    "http_request_cache_settings": frozenset({"set_cache_settings"}),
    "http_request_dynamic_redirect": frozenset({"redirect"}),
    "http_request_firewall_custom": frozenset({"block", "log", "skip", "execute", *CHALLENGES}),
    "http_request_firewall_managed": frozenset(_MANAGED),
    "http_request_late_transform": frozenset({"rewrite"}),
    "http_request_origin": frozenset({"route"}),
    "http_request_sanitize": frozenset({"execute"}),
    "http_request_sbfm": frozenset(_MANAGED),
    "http_request_transform": frozenset({"rewrite"}),
    "http_response_cache_settings": frozenset({"set_cache_control", "set_cache_tags"}),
    "http_response_compression": frozenset({"compress_response"}),
    "http_response_firewall_managed": frozenset({"block", "log", "execute", "skip"}),
    "http_response_headers_transform": frozenset({"rewrite"}),
}
_WITHOUT_PARAMETERS = frozenset({"log", *CHALLENGES})
_CHECKS: dict[str, Check] = {**firewall_actions.CHECKS, **traffic_actions.CHECKS}


def check_parameters(action: str, value: object, phase: str, plan: Plan, pointer: str) -> Json | None:
    """Return the parameters if ``action`` takes them in ``phase`` on ``plan``, else raise :class:`ApiError`."""
    if value is not None and not isinstance(value, dict):
        raise wrong("action_parameters must be an object", pointer)
    if value and action in _WITHOUT_PARAMETERS:
        raise wrong(f"action parameters are not allowed with the action {action}", pointer)
    check = _CHECKS.get(action)
    if check is not None:
        check(value or {}, phase, plan, pointer)
    elif not value and action not in _WITHOUT_PARAMETERS:
        raise wrong(f"action_parameters are required with the action {action}", pointer)
    return value
