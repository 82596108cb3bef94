"""A kind of object that the API keeps in a list of its own: made, listed, read, changed, removed.

What a body may hold is a Pydantic model, whose defaults are Cloudflare's: what is kept is the whole object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from lab.cloudflare.context import ACCOUNT, ZONE, changing, check_account, found, json_object, state_of, zone_in
from lab.cloudflare.envelope import page, success
from lab.cloudflare.errors import ApiError
from lab.cloudflare.store import Json, new_id, now


class Body(BaseModel):
    """What POST and PUT take. Fields that Cloudflare has and the lab does not are passed over, as unknown ones are."""

    model_config = ConfigDict(extra="ignore", strict=True)


Context = tuple[Json, Json]
"""The whole state, and the zone or the account that the path names."""


@dataclass(frozen=True)
class Collection:
    """Objects under ``path`` of a zone or an account, kept there as the list ``key``.

    ``check`` raises :class:`ApiError` for a body that does not fit what there is: it gets the context, the object that
    will be kept, and the others. ``view`` is how one is answered. ``stamps`` are the names of the times of making and
    changing. ``live`` adds what the state does not hold: how an object is doing. ``answers_with_id``: POST and PUT
    answer with the id alone.
    """

    path: str
    key: str
    body: type[Body]
    in_zone: bool
    missing: ApiError
    refused: int
    stamps: tuple[str, str] = ("created_on", "modified_on")
    check: Callable[[Context, Json, list[Json]], None] = lambda _context, _item, _others: None
    computed: Callable[[Context, Json], Json] = lambda _context, _item: {}
    view: Callable[[Context, Json], Json] = lambda _context, item: item
    live: Callable[[web.Request, Json], Json] = lambda _request, _item: {}
    in_use: Callable[[Context, Json], None] = lambda _context, _item: None
    new_id: Callable[[], str] = field(default=new_id)
    answers_with_id: bool = False
    paged: bool = False
    id_form: str = "[0-9a-f]{32}"

    def add_to(self, routes: web.RouteTableDef) -> None:
        """Serve it."""
        whole = (ZONE if self.in_zone else ACCOUNT) + self.path
        one = f"{whole}/{{item_id:{self.id_form}}}"
        routes.get(whole)(self._list)
        routes.post(whole)(self._create)
        routes.get(one)(self._get)
        routes.put(one)(self._put)
        routes.patch(one)(self._patch)
        routes.delete(one)(self._delete)

    async def _list(self, request: web.Request) -> web.Response:
        context = self._context(state_of(request), request)
        views = [self._shown(request, context, item) for item in self._items(context)]
        if "name" in request.query:
            views = [item for item in views if item.get("name") == request.query["name"]]
        return page(request.query, views, 25, 1000) if self.paged else success(views)

    async def _create(self, request: web.Request) -> web.Response:
        body = await json_object(request)
        with changing(request) as state:
            context = self._context(state, request)
            stamp = now()
            item = {"id": self.new_id(), **dict.fromkeys(self.stamps, stamp), **self.valid(body)}
            item |= self.computed(context, item)
            self.check(context, item, self._items(context))
            self._items(context).append(item)
        return success({"id": item["id"]} if self.answers_with_id else self._shown(request, context, item))

    async def _get(self, request: web.Request) -> web.Response:
        context = self._context(state_of(request), request)
        return success(self._shown(request, context, self._one(context, request)))

    async def _put(self, request: web.Request) -> web.Response:
        return await self._change(request, lambda _item, body: body)

    async def _patch(self, request: web.Request) -> web.Response:
        return await self._change(request, lambda item, body: {**item, **body})

    async def _delete(self, request: web.Request) -> web.Response:
        with changing(request) as state:
            context = self._context(state, request)
            item = self._one(context, request)
            self.in_use(context, item)
            self._items(context).remove(item)
        return success({"id": item["id"]})

    async def _change(self, request: web.Request, merged: Callable[[Json, Json], Json]) -> web.Response:
        body = await json_object(request)
        with changing(request) as state:
            context = self._context(state, request)
            item = self._one(context, request)
            others = [each for each in self._items(context) if each is not item]
            kept = {key: value for key, value in item.items() if key not in self.body.model_fields}
            changed = {**kept, **self.valid(merged(item, body)), self.stamps[1]: now()}
            self.check(context, changed, others)
            item.clear()
            item.update(changed)
        return success({"id": item["id"]} if self.answers_with_id else self._shown(request, context, item))

    def _context(self, state: Json, request: web.Request) -> Context:
        if self.in_zone:
            return state, zone_in(state, request)
        check_account(state, request.match_info["account_id"])
        return state, state["accounts"][0]

    def _shown(self, request: web.Request, context: Context, item: Json) -> Json:
        return {**self.view(context, item), **self.live(request, item)}

    def _items(self, context: Context) -> list[Json]:
        # A state of an older lab has none of them.
        items: list[Json] = context[1].setdefault(self.key, [])
        return items

    def _one(self, context: Context, request: web.Request) -> Json:
        return found(self._items(context), request.match_info["item_id"], self.missing)

    def valid(self, body: Json) -> dict[str, Any]:
        """What is kept of a body. Raises :class:`ApiError` that names the field."""
        try:
            return self.body.model_validate(body).model_dump(exclude_none=True, by_alias=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(step) for step in first["loc"]) or "the body"
            raise ApiError(400, self.refused, f"{place}: {first['msg']}") from None


def refuse_twin(
    code: int, key: str = "name", what: str = "already exists"
) -> Callable[[Context, Json, list[Json]], None]:
    """A ``check`` that lets no two objects have the same ``key``."""

    def check(_context: Context, item: Json, others: list[Json]) -> None:
        if any(other.get(key) == item.get(key) for other in others):
            raise ApiError(400, code, f"{item.get(key)} {what}")

    return check
