"""Health checks of a zone; :mod:`lab.cloudflare.monitoring` probes them.

Source: https://developers.cloudflare.com/api/resources/healthchecks/
"""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from lab.cloudflare.collection import Body, Collection, Context, refuse_twin
from lab.cloudflare.context import watch_of
from lab.cloudflare.errors import ApiError
from lab.cloudflare.store import Json

routes = web.RouteTableDef()

_INVALID = 1002
MOST = {"free": 0, "pro": 10, "business": 50, "enterprise": 1000}


class HttpConfig(Body):
    """How HTTP is asked."""

    method: Literal["GET", "HEAD"] = "GET"
    path: str = "/"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    expected_codes: list[str] = Field(default_factory=lambda: ["200"])
    expected_body: str = ""
    follow_redirects: bool = False
    allow_insecure: bool = False
    header: dict[str, list[str]] = Field(default_factory=dict)


class TcpConfig(Body):
    """How TCP is asked."""

    method: Literal["connection_established"] = "connection_established"
    port: Annotated[int, Field(ge=1, le=65535)] = 80


class Healthcheck(Body):
    """What a check is."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
    address: Annotated[str, Field(min_length=1)]
    type: Literal["HTTP", "HTTPS", "TCP"] = "HTTP"
    description: str = ""
    http_config: HttpConfig | None = None
    tcp_config: TcpConfig | None = None
    check_regions: list[str] | None = None
    interval: Annotated[int, Field(ge=5, le=3600)] = 60
    timeout: Annotated[int, Field(ge=1, le=60)] = 5
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    consecutive_fails: Annotated[int, Field(ge=1)] = 1
    consecutive_successes: Annotated[int, Field(ge=1)] = 1
    suspended: bool = False


def _check(context: Context, item: Json, others: list[Json]) -> None:
    refuse_twin(_INVALID)(context, item, others)
    most = MOST[context[1]["plan"]]
    if len(others) >= most:
        raise ApiError(400, 1003, f"maximum number of health checks reached: the plan has {most}")
    if item["type"] == "TCP":
        item.setdefault("tcp_config", TcpConfig().model_dump())
    else:
        config = item.setdefault("http_config", HttpConfig().model_dump())
        config["port"] = config["port"] or (443 if item["type"] == "HTTPS" else 80)


HEALTHCHECKS = Collection(
    "/healthchecks",
    "healthchecks",
    Healthcheck,
    True,
    ApiError(404, 1001, "healthcheck not found"),
    _INVALID,
    check=_check,
    live=lambda request, item: watch_of(request).of_check(item),
    paged=True,
)
HEALTHCHECKS.add_to(routes)
