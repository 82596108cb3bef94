"""Passwords that everybody tries."""

from __future__ import annotations

import pytest

from lab.app.community.passwords import Passwords
from lab.app.community.problems import Problem


@pytest.mark.parametrize(
    "password",
    ["password1234", "123456789012", "qwertyuiop12", "passwordpassword", "Iloveyou1234", "x" * 200, "annanna2026"],
)
async def test_what_anybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(Problem, match="among the first") as caught:
        await Passwords().require_good(password, "annanna@example.test", "Ann Anna")
    assert caught.value.status_code == 422


@pytest.mark.parametrize(
    "password", ["correct horse battery", "xK9#mLp2qRt7", "четыре слова подряд", "A" + "x7?b" * 49]
)
async def test_others_are_taken(password: str) -> None:
    await Passwords().require_good(password, "ann@example.test", "Ann")
