"""What a name may be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lab.app.community.forms import NewOrg


@pytest.mark.parametrize("name", ["Ōtautahi", "אגודה", "x" * 80, "<b>", "👨‍👩‍👧", "a\u200bb"])
def test_names_of_all_scripts_are_names(name: str) -> None:
    assert NewOrg(name=name).name == name


@pytest.mark.parametrize(
    "name", ["a\x00b", "a\nBcc: x", "a\x7fb", "a\x9bb", "\u202egnp.exe", "a\u2066b", "a\u2069", "", " ", "x" * 81]
)
def test_a_name_that_shows_itself_as_another_is_none(name: str) -> None:
    with pytest.raises(ValidationError):
        NewOrg(name=name)
