"""Canaries are found however they are spelt."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.rows.monitoring.canaries import Canary, _luhn, make, spellings
from readiness.rows.monitoring.redaction import _kinds_in, _struck

CANARIES = {canary.kind: canary for canary in make()}


def test_each_run_has_its_own_and_no_two_share_a_core() -> None:
    cores = [core for canary in [*make(), *make()] for core in canary.cores]
    assert len(cores) == len(set(cores))
    assert len(CANARIES) == 10


@pytest.mark.parametrize("kind", CANARIES)
def test_it_is_found_in_every_spelling(kind: str) -> None:
    canary = CANARIES[kind]
    for text in (
        canary.value,
        canary.value.upper(),
        quote(canary.value, safe=""),
        json.dumps({"x": canary.value}),
        canary.value.encode().hex(),
    ):
        assert kind in _kinds_in(f'12:00 "GET /{text} HTTP/1.1"', CANARIES), text


@given(st.sampled_from(sorted(CANARIES)), st.binary(max_size=9), st.binary(max_size=9), st.booleans())
def test_it_is_found_in_base64_of_a_longer_text(kind: str, before: bytes, behind: bytes, url_safe: bool) -> None:
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    line = encode(before + CANARIES[kind].value.encode() + behind).decode()
    assert kind in _kinds_in(line, CANARIES)


@given(st.text())
def test_nothing_else_is_taken_for_one(text: str) -> None:
    assert _kinds_in(text, CANARIES) == []


def test_the_card_number_passes_luhns_check_and_is_of_the_range_for_tests() -> None:
    # ISO/IEC 7812-1, annex B
    assert _luhn("7992739871") == "3"
    number = CANARIES["card number"].value
    assert number.startswith("411111")
    assert len(number) == 16
    assert _luhn(number[:-1]) == number[-1]


def test_a_line_is_shown_without_what_was_found_in_it() -> None:
    canary = CANARIES["JWT"]
    shown = _struck(f"Bearer {canary.value.upper()} and {base64.b64encode(canary.value.encode()).decode()}", CANARIES)
    assert "[JWT]" in shown
    assert not _kinds_in(shown, CANARIES)


def test_short_pieces_are_not_looked_for() -> None:
    assert spellings(Canary("x", "abc", ("abc",))) == set()
