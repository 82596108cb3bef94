"""What is the token's and the account's: ``/user/tokens/verify`` and ``/accounts``."""

from __future__ import annotations

from aiohttp import web

from lab.cloudflare.context import ACCOUNT, check_account, state_of
from lab.cloudflare.envelope import page, success
from lab.cloudflare.store import Json

routes = web.RouteTableDef()

_TOKEN_ID = "10c00000000000000000000000000001"  # noqa: S105 (an identifier, not the token)


@routes.get("/user/tokens/verify")
async def verify_token(_request: web.Request) -> web.Response:
    """Whoever gets here has the right token: see :mod:`lab.cloudflare.auth`."""
    message = {"code": 10000, "message": "This API Token is valid and active", "type": None}
    return success({"id": _TOKEN_ID, "status": "active"}, messages=[message])


@routes.get("/accounts")
async def list_accounts(request: web.Request) -> web.Response:
    """The lab's account."""
    return page(request.query, [_view(account) for account in state_of(request)["accounts"]], 20, 50)


@routes.get(ACCOUNT)
async def get_account(request: web.Request) -> web.Response:
    """One account."""
    state = state_of(request)
    check_account(state, request.match_info["account_id"])
    return success(_view(state["accounts"][0]))


def _view(account: Json) -> Json:
    return {**account, "type": "standard", "settings": {"enforce_twofactor": False}}
