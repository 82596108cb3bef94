"""Hostile values are what they are said to be; addresses that lead away are told."""

from __future__ import annotations

import json

import pytest

from core.site import Reply
from readiness.rows.inputs.headers import led_away
from readiness.rows.inputs.hostile import BIDIRECTIONAL, broken, look_alikes, odd_texts, outsized, overrides, oversized

ORIGIN = "https://app.community.test"


@pytest.mark.parametrize(
    ("location", "away"),
    [
        ("", False),
        ("/orgs", False),
        ("orgs?next=//evil.example", False),
        ("https://app.community.test/x", False),
        ("https://APP.community.test/x", False),
        ("https://evil.example/x", True),
        ("//evil.example", True),
        ("/\\evil.example", True),
        ("\\\\evil.example", True),
        ("https://app.community.test.evil.example", True),
        ("https://app.community.test@evil.example", True),
        ("javascript:alert(1)", True),
        ("https:evil.example", True),
    ],
)
def test_where_a_redirect_leads(location: str, away: bool) -> None:
    assert bool(led_away(Reply(302, (("Location", location),)), ORIGIN)) is away


def test_look_alikes_are_other_addresses() -> None:
    found = dict(look_alikes("check-mask-skin-1@community.test"))
    assert len(found) == 7
    assert "check-mask-skin-1@community.test" not in found.values()
    assert found["a Kelvin sign (lower case: k)"].lower() == "check-mask-skin-1@community.test"


@pytest.mark.parametrize(("_what", "body"), list(broken("name")))
def test_what_must_be_refused_is_no_json_in_utf_8(_what: str, body: bytes) -> None:
    with pytest.raises(ValueError):
        json.loads(body.decode("utf-8"))


def test_odd_texts_get_there_as_escapes() -> None:
    for _, text in odd_texts("Odd "):
        assert json.loads(f'"{text}"').startswith("Odd ")
        assert text.isascii()


def test_overrides_have_what_is_looked_for() -> None:
    assert all(BIDIRECTIONAL & set(text) for _, text in overrides("x"))


def test_bodies_are_bounded() -> None:
    assert all(len(body) < 1100 * 1024 for _, body in oversized("name"))
    assert all(len(body) < 256 * 1024 for _, body in outsized("name"))
