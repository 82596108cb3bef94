"""What the platform's administrators see; for everybody else there is nothing here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from ..database import Db
from ..forms import Marked
from ..sessions import Administrator
from ..tracker import Told
from ..views import AdminOrgView, AdminUserView

router = APIRouter(prefix="/api/admin", tags=["administration"])

Most = Annotated[int, Query(ge=1, le=1000)]


@router.get("/users")
async def users(_: Administrator, connection: Db, limit: Most = 100) -> list[AdminUserView]:
    """The newest accounts."""
    rows = await connection.fetch(
        "SELECT id, email, name, verified_at IS NOT NULL AS verified, created_at FROM users"
        " ORDER BY created_at DESC, id LIMIT $1",
        limit,
    )
    return [AdminUserView(**row) for row in rows]


@router.get("/orgs")
async def orgs(_: Administrator, connection: Db, limit: Most = 100) -> list[AdminOrgView]:
    """The newest organisations."""
    rows = await connection.fetch(
        "SELECT o.id, o.name, o.created_at, (SELECT count(*) FROM memberships m WHERE m.org_id = o.id) AS members"
        " FROM orgs o ORDER BY o.created_at DESC, o.id LIMIT $1",
        limit,
    )
    return [AdminOrgView(**row) for row in rows]


@router.post("/test-error", status_code=500)
async def fail(form: Marked, _: Administrator) -> None:
    """Fail, so that it can be seen that the error tracker gets to know."""
    raise Told(f"a test error was asked for: {form.marker}", form.marker)
