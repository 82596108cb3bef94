"""The pages that a browser sees, rendered here: no script."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from pydantic import ValidationError

from ..accounts import authenticate
from ..database import PoolOf
from ..forms import LogIn
from ..sessions import Visitor, sign_in, sign_out
from .accounts import DeskOf

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(directory=Path(__file__).parent.parent / "templates")


@router.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
async def home(request: Request, visitor: Visitor) -> Response:
    """The front page."""
    return _page(request, "home.html", visitor=visitor)


@router.api_route("/login", methods=["GET", "HEAD"], response_class=HTMLResponse)
async def login_form(request: Request) -> Response:
    """The form."""
    return _page(request, "login.html", failed=False)


@router.post("/login", response_class=HTMLResponse)
async def login(
    request: Request, desk: DeskOf, email: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
) -> Response:
    """Log in and go home, or show the form again."""
    try:
        user = await authenticate(desk, LogIn(email=email, password=password))
    except ValidationError:
        user = None
    if user is None:
        return _page(request, "login.html", status=401, failed=True)
    response = RedirectResponse("/", 303)
    await sign_in(desk.pool, request, user.id, response)
    return response


@router.post("/logout")
async def logout(request: Request, pool: PoolOf) -> Response:
    """Log out and go home."""
    response = RedirectResponse("/", 303)
    await sign_out(pool, request, response)
    return response


def _page(request: Request, name: str, status: int = 200, **values: object) -> Response:
    context = {"settings": request.app.state.settings, **values}
    return templates.TemplateResponse(request, name, context, status_code=status)
