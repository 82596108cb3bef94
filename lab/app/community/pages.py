"""How pages are made: rendered here from templates, without any script; what goes wrong is a page too."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from .problems import Problem

HERE = Path(__file__).parent
STATIC = HERE / "static"
_FormT = TypeVar("_FormT", bound=BaseModel)

templates = Jinja2Templates(directory=HERE / "templates")
# A page asks for the style of its own release, whatever a cache on the way holds of another one.
_DIGEST = hashlib.sha256((STATIC / "site.css").read_bytes()).hexdigest()
templates.env.globals["style"] = f"/static/site.css?{_DIGEST[:12]}"


class Assets(StaticFiles):
    """What is the same for everybody, and may be kept. An edge that has a rule of its own for these has its way."""

    def file_response(self, *given: Any, **named: Any) -> Response:
        """Starlette's own answer, with an ETag; browsers ask again after five minutes."""
        response = super().file_response(*given, **named)
        response.headers["Cache-Control"] = "public, max-age=300"
        return response


def page(request: Request, name: str, status: int = 200, /, **values: object) -> Response:
    """The page ``name`` with ``values``."""
    context = {"settings": request.app.state.settings, "visitor": None, **values}
    return templates.TemplateResponse(request, name, context, status_code=status)


def unreferred(response: Response) -> Response:
    """For a page whose address holds a token: no link on it, and no style of it, tells anybody that address."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def go(path: str) -> RedirectResponse:
    """What a form that was done leads to (RFC 9110, section 15.4.4)."""
    return RedirectResponse(path, 303)


def filled(form: type[_FormT], **values: object) -> _FormT:
    """A form with what a page's fields had. Raises 422 with the first reason, which repeats nothing that was sent."""
    try:
        return form(**values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Problem(422, f"{str(first['loc'][0]).capitalize()}: {first['msg']}.") from None


class PageRoute(APIRoute):
    """A route whose errors are pages; who has to sign in first is led to where that is done."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own way to put something around a route."""
        handler = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handler(request)
            except HTTPException as error:
                if error.status_code == 401:
                    return go("/login")
                answer = page(request, "error.html", error.status_code, detail=error.detail)
                answer.headers.update(error.headers or {})
                return answer
            except RequestValidationError:
                return page(request, "error.html", 404, detail="There is no such page.")

        return shown
