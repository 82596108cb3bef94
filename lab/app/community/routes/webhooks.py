"""What other services send, signed as Standard Webhooks has it (standardwebhooks.com, specification 1.0.0)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from standardwebhooks import Webhook, WebhookVerificationError

from ..database import PoolOf
from ..problems import Problem, conflict, not_found
from ..settings import Settings

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


@router.post(
    "/billing",
    status_code=204,
    openapi_extra={
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in _HEADERS
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    },
)
async def billing(request: Request, pool: PoolOf) -> None:
    """Take one webhook, once: signed with the shared secret, at most five minutes old, with an id not seen before."""
    body = await request.body()
    _verify(request.app.state.settings, request, body)
    taken = await pool.fetchval(
        "INSERT INTO webhooks (id, source) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id",
        request.headers["webhook-id"],
        "billing",
    )
    if taken is None:
        raise conflict("A webhook with this id was taken already.")


@router.post("/{_}", include_in_schema=False)
async def nobody(_: str) -> None:
    """Nobody else sends any. GET is 405 for every path here, which is what a health check of webhooks asks for."""
    raise not_found()


def _verify(settings: Settings, request: Request, body: bytes) -> None:
    if not settings.webhook_key:
        raise Problem(503, "No webhooks are taken here.")
    try:
        Webhook(settings.webhook_key).verify(body, dict(request.headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        # ValueError: headers that are no list of signatures, a body that is no text.
        raise Problem(401, "The signature is missing, wrong or too old.", {"WWW-Authenticate": "Signature"}) from None
