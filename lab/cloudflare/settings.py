"""Settings of a zone over the API: ``/zones/{zone_id}/settings``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from lab.cloudflare.context import ZONE, changing, json_object, state_of, zone_in
from lab.cloudflare.envelope import success
from lab.cloudflare.errors import ApiError
from lab.cloudflare.setting import SETTINGS, Setting, complete
from lab.cloudflare.store import Json, now

routes = web.RouteTableDef()

_SETTINGS = f"{ZONE}/settings"
_SETTING = f"{_SETTINGS}/{{setting_id}}"
# Development mode turns itself off after three hours.
_DEVELOPMENT_SECONDS = 3 * 3600


@routes.get(_SETTINGS)
async def list_settings(request: web.Request) -> web.Response:
    """All settings of a zone."""
    zone = zone_in(state_of(request), request)
    return success([_view(zone, setting) for setting in SETTINGS.values()])


@routes.get(_SETTING)
async def get_setting(request: web.Request) -> web.Response:
    """One setting."""
    zone = zone_in(state_of(request), request)
    return success(_view(zone, _setting(request)))


@routes.patch(_SETTING)
async def edit_setting(request: web.Request) -> web.Response:
    """Give one setting a value."""
    body = await json_object(request)
    setting = _setting(request)
    with changing(request) as state:
        zone = zone_in(state, request)
        if not setting.editable(zone["plan"]):
            raise ApiError(400, 1057, f"{setting.id} cannot be modified for this zone")
        zone["settings"][setting.id] = _value(setting, body)
        zone["settings_modified"][setting.id] = now()
    return success(_view(zone, setting))


def _setting(request: web.Request) -> Setting:
    name = request.match_info["setting_id"]
    if name not in SETTINGS:
        raise ApiError(400, 1006, f"Unrecognized zone setting name: {name}")
    return SETTINGS[name]


def _value(setting: Setting, body: Json) -> Any:
    if "value" not in body or not setting.allows(body["value"]):
        raise ApiError(400, 1007, f"Invalid value for zone setting {setting.id}")
    return complete(setting, body["value"])


def _view(zone: Json, setting: Setting) -> Json:
    modified = zone["settings_modified"].get(setting.id)
    value = zone["settings"][setting.id]
    seen = {
        "id": setting.id,
        "value": value,
        "modified_on": modified,
        "editable": setting.editable(zone["plan"]),
    }
    if setting.id == "development_mode":
        left = _left(modified) if value == "on" else 0
        seen |= {"value": "on" if left else "off", "time_remaining": left}
    return seen


def _left(modified: str) -> int:
    """Seconds until development mode, turned on at ``modified``, turns itself off."""
    passed = datetime.now(UTC) - datetime.fromisoformat(modified)
    return max(0, _DEVELOPMENT_SECONDS - int(passed.total_seconds()))
