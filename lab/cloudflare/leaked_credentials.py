"""Whether logins are looked up among leaked credentials: ``/zones/{zone_id}/leaked-credential-checks``.

Source: https://developers.cloudflare.com/waf/detections/leaked-credentials/api-calls/
"""

from __future__ import annotations

from aiohttp import web

from lab.cloudflare.context import ZONE, changing, json_object, state_of, zone_in
from lab.cloudflare.envelope import success
from lab.cloudflare.errors import bad_body

routes = web.RouteTableDef()

_CHECKS = f"{ZONE}/leaked-credential-checks"
# In the zone's state; a zone that has not got it yet looks nothing up.
_KEY = "leaked_credential_checks"


@routes.get(_CHECKS)
async def get_status(request: web.Request) -> web.Response:
    """Whether it is on."""
    return success({"enabled": zone_in(state_of(request), request).get(_KEY, False)})


@routes.post(_CHECKS)
async def set_status(request: web.Request) -> web.Response:
    """Turn it on or off."""
    enabled = (await json_object(request)).get("enabled")
    if not isinstance(enabled, bool):
        raise bad_body("Request body is invalid: enabled must be true or false.")
    with changing(request) as state:
        zone_in(state, request)[_KEY] = enabled
    return success({"enabled": enabled})
