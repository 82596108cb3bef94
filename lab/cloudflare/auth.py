"""Who may ask: the one token of the lab, as ``Authorization: Bearer``."""

from __future__ import annotations

import hmac
import re

from aiohttp import web

from core.secret import Secret
from lab.cloudflare.errors import ApiError

VERIFY = "/client/v4/user/tokens/verify"
_BEARER = re.compile(r"Bearer ([A-Za-z0-9._~+/=-]{10,})")


def check_token(request: web.Request, token: Secret) -> None:
    """Raise :class:`ApiError` unless the request carries ``token``.

    400 for a header that is missing or malformed, 401 where the token itself is asked about, 403 elsewhere: that is how
    Cloudflare has it.
    """
    header = request.headers.get("Authorization")
    if header is None:
        raise ApiError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
    form = _BEARER.fullmatch(header)
    if form is None:
        chain = ((6111, "Invalid format for Authorization header"),)
        raise ApiError(400, 6003, "Invalid request headers", chain=chain)
    if not hmac.compare_digest(form[1].encode(), token.reveal().encode()):
        if request.path == VERIFY:
            raise ApiError(401, 1000, "Invalid API Token")
        raise ApiError(403, 9109, "Invalid access token")
