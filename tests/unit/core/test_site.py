"""What a reply says of itself."""

from __future__ import annotations

import pytest

from core.site import Reply

LOGIN = "https://team.cloudflareaccess.com/cdn-cgi/access/login/app.community.test?kid=1&redirect_url=%2Fadmin"


@pytest.mark.parametrize(
    ("status", "location", "at_access"),
    [
        (302, LOGIN, True),
        (200, LOGIN, False),
        (302, "https://app.community.test/login?next=/cdn-cgi/access/login/x", False),
        (302, "/cdn-cgi/access/login/x", False),
        (302, "", False),
        (302, "https://[nonsense/cdn-cgi/access/login/x", False),
    ],
)
def test_a_redirection_to_the_teams_login_is_access(status: int, location: str, at_access: bool) -> None:
    assert Reply(status, (("Location", location),) if location else ()).at_access is at_access
