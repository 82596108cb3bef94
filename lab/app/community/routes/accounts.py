"""Sign up, log in, log out, who am I."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response

from ..database import Db, Pool, PoolOf
from ..forms import LogIn, SignUp
from ..problems import Problem
from ..sessions import SignedIn, User, sign_in, sign_out
from ..views import UserView

router = APIRouter(prefix="/api/auth", tags=["accounts"])


@router.post("/signup", status_code=202)
async def signup(form: SignUp, request: Request, pool: PoolOf) -> dict[str, str]:
    """Make an account. The answer is the same, and as slow, where the address has one already."""
    digest = await request.app.state.passwords.hash(form.password)
    await pool.execute(
        "INSERT INTO users (email, name, password_hash) VALUES ($1, $2, $3) ON CONFLICT (email) DO NOTHING",
        form.email,
        form.name,
        digest,
    )
    return {"detail": "If the address had no account, it has one now: log in."}


@router.post("/login")
async def login(form: LogIn, request: Request, response: Response, pool: PoolOf) -> UserView:
    """Start a session. One answer for a wrong password and for no such account."""
    user = await authenticate(request, pool, form)
    if user is None:
        raise Problem(401, "The address or the password is wrong.", {"WWW-Authenticate": "Cookie"})
    await sign_in(pool, request.app.state.settings.session_key, user.id, response)
    return UserView(id=user.id, email=user.email, name=user.name)


@router.post("/logout", status_code=204)
async def logout(request: Request, response: Response, connection: Db) -> None:
    """End this session."""
    await sign_out(connection, request.app.state.settings.session_key, request, response)


@router.get("/me")
async def me(user: SignedIn) -> UserView:
    """The signed-in user."""
    return UserView(id=user.id, email=user.email, name=user.name)


async def authenticate(request: Request, pool: Pool, form: LogIn) -> User | None:
    """The user whom ``form`` names and proves to be, else None; both take as long."""
    row = await pool.fetchrow("SELECT id, email, name, password_hash FROM users WHERE email = $1", form.email)
    stored = row["password_hash"] if row else None
    if not await request.app.state.passwords.matches(stored, form.password):
        return None
    return User(UUID(str(row["id"])), row["email"], row["name"])
