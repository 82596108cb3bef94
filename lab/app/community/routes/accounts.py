"""Sign up, log in, log out, who am I, change the password, leave."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Request, Response

from .. import accounts
from ..accounts import Desk
from ..database import PoolOf
from ..forms import ChangedPassword, Farewell, LogIn, SignUp
from ..problems import Problem
from ..sessions import Known, User, forget_cookie, session_digest, sign_in, sign_out
from ..views import Told, UserView

router = APIRouter(prefix="/api/auth", tags=["accounts"])


def _desk(request: Request) -> Desk:
    state = request.app.state
    return Desk(state.pool, state.settings, state.passwords, state.mailer)


DeskOf = Annotated[Desk, Depends(_desk)]


@router.post("/signup", status_code=202)
async def signup(form: SignUp, desk: DeskOf, after: BackgroundTasks) -> Told:
    """Make an account, and mail a token to its address. The same answer where the address has an account already."""
    if letter := await accounts.sign_up(desk, form):
        after.add_task(desk.mailer.send, letter)
    if desk.mailer.sends:
        return Told(detail="Look into your mail: there is a link to go on with.")
    return Told(detail="If the address had no account, it has one now: log in.")


@router.post("/login")
async def login(form: LogIn, request: Request, response: Response, desk: DeskOf) -> UserView:
    """Start a session. One answer for a wrong password and for no such account."""
    user = await accounts.authenticate(desk, form)
    if user is None:
        raise Problem(401, "The address or the password is wrong.", {"WWW-Authenticate": "Cookie"})
    await sign_in(desk.pool, request, user.id, response)
    return _view(user)


@router.post("/logout", status_code=204)
async def logout(request: Request, response: Response, pool: PoolOf) -> None:
    """End this session."""
    await sign_out(pool, request, response)


@router.get("/me")
async def me(user: Known) -> UserView:
    """The signed-in user."""
    return _view(user)


@router.delete("/me", status_code=204)
async def leave(form: Farewell, user: Known, response: Response, desk: DeskOf) -> None:
    """Remove the account and all that is its own, for good."""
    await accounts.require_password(desk, user, form.password)
    await accounts.remove(desk.pool, user)
    forget_cookie(response)


@router.post("/password", status_code=204)
async def password(form: ChangedPassword, request: Request, user: Known, desk: DeskOf, after: BackgroundTasks) -> None:
    """Change the password. Every other session of the account ends."""
    letter = await accounts.change_password(desk, user, form, session_digest(request))
    after.add_task(desk.mailer.send, letter)


def _view(user: User) -> UserView:
    return UserView(id=user.id, email=user.email, name=user.name, verified=user.proven, is_admin=user.admin)
