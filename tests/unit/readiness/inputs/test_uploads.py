"""How a file may come back, and under which name."""

from __future__ import annotations

import pytest

from core.site import Reply
from readiness.rows.inputs.files import samples
from readiness.rows.inputs.uploads import mistyped, path_in, runs_here

ORIGIN = "https://app.community.test"
NOSNIFF = ("X-Content-Type-Options", "nosniff")
ATTACHED = ("Content-Disposition", "attachment; filename=x")


def _reply(*headers: tuple[str, str], status: int = 200) -> Reply:
    return Reply(status, headers)


@pytest.mark.parametrize(
    ("reply", "safe"),
    [
        (_reply(("Content-Type", "application/octet-stream"), ATTACHED, NOSNIFF), True),
        (_reply(("Content-Type", "text/html"), ATTACHED, NOSNIFF), True),
        (_reply(("Content-Type", "image/png"), NOSNIFF), True),
        (_reply(("Content-Type", "image/svg+xml"), NOSNIFF), False),
        (_reply(("Content-Type", "TEXT/HTML; charset=utf-8"), NOSNIFF), False),
        (_reply(("Content-Type", "application/xml"), ("Content-Disposition", "inline"), NOSNIFF), False),
        (_reply(NOSNIFF), False),
        (_reply(("Content-Type", "image/svg+xml"), NOSNIFF, ("Content-Security-Policy", "sandbox")), True),
        (
            _reply(("Content-Type", "image/svg+xml"), NOSNIFF, ("Content-Security-Policy", "sandbox allow-scripts")),
            False,
        ),
        (_reply(("Content-Type", "application/octet-stream"), ATTACHED), False),
        (_reply(("Location", "https://files.elsewhere.example/1"), status=302), True),
        (_reply(("Location", "https://files.community.test/1"), status=302), False),
        (_reply(status=404), True),
    ],
)
def test_nothing_runs_in_the_sites_own_pages(reply: Reply, safe: bool) -> None:
    assert (runs_here(reply, ORIGIN) == "") is safe


@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.what)
def test_a_type_is_the_contents_or_none(sample: object) -> None:
    for kind, right in (("application/octet-stream", True), (sample.kind, True), ("video/mp4", False), ("", False)):  # type: ignore[attr-defined]
        assert (mistyped(sample, _reply(("Content-Type", kind))) == "") is right  # type: ignore[arg-type]


def test_a_picture_called_a_page_is_no_page() -> None:
    picture = next(one for one in samples() if one.name == "photo.html")
    assert mistyped(picture, _reply(("Content-Type", "text/html")))


@pytest.mark.parametrize(
    ("header", "is_path"),
    [
        ("attachment; filename=a.txt", False),
        ('attachment; filename="a b.txt"', False),
        ("attachment; filename*=UTF-8''a%20b.txt", False),
        ("attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", True),
        ('attachment; filename="../x"', True),
        ('attachment; filename="..\\\\x"', True),
        ("attachment; filename=..", True),
        ("attachment; filename*=UTF-8''a%00.html", True),
        ("attachment", False),
    ],
)
def test_a_name_to_save_under_is_no_path(header: str, is_path: bool) -> None:
    assert bool(path_in(_reply(("Content-Disposition", header)))) is is_path
