"""The pages of accounts: the front page, in and out, and what links in mail lead to. Those act by a button alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Form, Query, Request, Response
from fastapi.responses import HTMLResponse

from .. import accounts, limits
from ..database import PoolOf
from ..forms import Forgotten, LogIn, NewPassword, SignUp
from ..pages import PageRoute, filled, go, page, unreferred
from ..problems import Problem
from ..sessions import Known, Visitor, sign_in, sign_out
from .accounts import DeskOf

router = APIRouter(include_in_schema=False, route_class=PageRoute, default_response_class=HTMLResponse)

Field = Annotated[str, Form()]
TokenInAddress = Annotated[str, Query(max_length=100)]
_LOOK = ["GET", "HEAD"]


@router.api_route("/", methods=_LOOK)
async def home(request: Request, visitor: Visitor) -> Response:
    """The front page."""
    return page(request, "home.html", visitor=visitor)


@router.api_route("/login", methods=_LOOK)
async def login_form(request: Request) -> Response:
    """Where one logs in."""
    return page(request, "login.html")


@router.post("/login")
async def login(request: Request, desk: DeskOf, email: Field = "", password: Field = "") -> Response:
    """Log in and go home, or show the form again."""
    try:
        form = filled(LogIn, email=email, password=password)
        user = await accounts.authenticate(desk, form)
    except Problem as problem:
        if problem.status_code != 422:
            raise
        user = None
    if user is None:
        return page(request, "login.html", 401, email=email, wrong="The address or the password is wrong.")
    response = go("/")
    await sign_in(desk.pool, request, user.id, response)
    return response


@router.post("/logout")
async def logout(request: Request, pool: PoolOf) -> Response:
    """Log out and go home."""
    response = go("/")
    await sign_out(pool, request, response)
    return response


@router.api_route("/signup", methods=_LOOK)
async def signup_form(request: Request) -> Response:
    """Where an account is made."""
    return page(request, "signup.html")


@router.post("/signup")
async def signup(
    request: Request, desk: DeskOf, after: BackgroundTasks, email: Field = "", name: Field = "", password: Field = ""
) -> Response:
    """Make an account, and say where to go on."""
    try:
        letter = await accounts.sign_up(desk, filled(SignUp, email=email, name=name, password=password))
    except Problem as problem:
        if problem.status_code != 422:
            raise
        return page(request, "signup.html", 422, email=email, name=name, wrong=problem.detail)
    if letter:
        after.add_task(desk.mailer.send, letter)
    return page(request, "mailed.html", sends=desk.mailer.sends)


@router.api_route("/verify", methods=_LOOK)
async def verify_form(request: Request, token: TokenInAddress = "") -> Response:
    """What the link in the mail shows: a button. Programs that open every link of a mail prove nothing by that."""
    return unreferred(page(request, "verify.html", token=token))


@router.post("/verify")
async def verify(request: Request, pool: PoolOf, token: Field = "") -> Response:
    """Prove the address."""
    await accounts.verify(pool, token)
    return page(request, "done.html", detail="Your address is proven.")


@router.post("/verify/again")
async def verify_again(request: Request, user: Known, desk: DeskOf, after: BackgroundTasks) -> Response:
    """Mail another link."""
    after.add_task(desk.mailer.send, await accounts.verify_again(desk, user))
    return page(request, "mailed.html", sends=True)


@router.api_route("/reset", methods=_LOOK)
async def reset_form(request: Request, token: TokenInAddress = "") -> Response:
    """Where a link is asked for; with a token, where the new password is set."""
    return unreferred(page(request, "password.html" if token else "reset.html", token=token))


@router.post("/reset")
async def reset(request: Request, desk: DeskOf, after: BackgroundTasks, email: Field = "") -> Response:
    """Mail a link, if the address has an account."""
    form = filled(Forgotten, email=email)
    await limits.require(desk.pool, limits.RESETS, desk.subject(form.email))
    after.add_task(accounts.forgotten, desk, form.email)
    return page(request, "mailed.html", sends=True)


@router.post("/reset/confirm")
async def confirm(
    request: Request, desk: DeskOf, after: BackgroundTasks, token: Field = "", password: Field = ""
) -> Response:
    """Set the new password, or show the form again."""
    try:
        letter = await accounts.set_password(desk, filled(NewPassword, token=token, password=password))
    except Problem as problem:
        if problem.status_code != 422:
            raise
        return unreferred(page(request, "password.html", 422, token=token, wrong=problem.detail))
    after.add_task(desk.mailer.send, letter)
    return page(request, "done.html", detail="Your new password is set, and every session was ended.")
