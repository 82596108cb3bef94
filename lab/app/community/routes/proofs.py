"""What is done by a token out of a mail: prove the address, set a forgotten password anew."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks

from .. import accounts, limits
from ..database import PoolOf
from ..forms import ByToken, Forgotten, NewPassword
from ..sessions import Known
from ..views import Told
from .accounts import DeskOf

router = APIRouter(prefix="/api/auth", tags=["accounts"])


@router.post("/verify", status_code=204)
async def verify(form: ByToken, pool: PoolOf) -> None:
    """Prove the address that the token was mailed to."""
    await accounts.verify(pool, form.token)


@router.post("/verify/again", status_code=202)
async def verify_again(user: Known, desk: DeskOf, after: BackgroundTasks) -> Told:
    """Mail another token, which ends the one before."""
    after.add_task(desk.mailer.send, await accounts.verify_again(desk, user))
    return Told(detail="Look into your mail: there is a link to go on with.")


@router.post("/reset", status_code=202)
async def reset(form: Forgotten, desk: DeskOf, after: BackgroundTasks) -> Told:
    """Mail a token to set a new password with. The same answer where the address has no account."""
    await limits.require(desk.pool, limits.RESETS, desk.subject(form.email))
    after.add_task(accounts.forgotten, desk, form.email)
    return Told(detail="If the address has an account, there is a mail with a link to go on with.")


@router.post("/reset/confirm", status_code=204)
async def confirm(form: NewPassword, desk: DeskOf, after: BackgroundTasks) -> None:
    """Set a new password by the token. Every session of the account ends."""
    after.add_task(desk.mailer.send, await accounts.set_password(desk, form))
