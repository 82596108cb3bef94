"""Markup is seen where it takes effect, and nowhere else."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.rows.inputs.payloads import EXPRESSIONS, PRODUCT, injected, names, texts

MARK = "m12ab"


@pytest.mark.parametrize("payload", [*names(MARK), *texts(MARK)])
def test_escaped_it_is_text(payload: str) -> None:
    assert injected(f"<p>{escape(payload)}</p><input value='{escape(payload)}'>", MARK) == []


@pytest.mark.parametrize("payload", [*names(MARK), *list(texts(MARK))[:5]])
def test_raw_it_is_an_element(payload: str) -> None:
    assert injected(f"<p>{payload}</p>", MARK)


def test_in_an_attribute_it_breaks_out_with_a_quote() -> None:
    assert injected(f'<input value="{list(names(MARK))[1]}">', MARK) == ["svg"]


def test_what_is_decoded_twice_is_an_element() -> None:
    assert injected(f"<p>&lt;img src=x data-lr={MARK}&gt;</p>", MARK) == []
    assert injected(f"<p><img src=x data-lr={MARK}></p>", MARK) == ["img"]


def test_a_link_that_is_a_script_counts_with_our_mark_alone() -> None:
    assert injected(f'<a href=" JavaScript:alert(1)//{MARK}">x</a>', MARK) == ["a"]
    assert injected('<a href="javascript:void(0)">x</a>', MARK) == []


def test_somebody_elses_mark_is_not_ours() -> None:
    assert injected("<img data-lr=m999>", MARK) == []


@given(st.text(max_size=300))
def test_any_page_is_read_without_an_error(html: str) -> None:
    assert injected(html, "mark-that-is-not-there") == []


def test_names_fit_where_names_go() -> None:
    assert all(len(name) <= 80 for name in (*names("m12345678"), EXPRESSIONS))


def test_the_product_stands_in_no_expression() -> None:
    assert PRODUCT not in EXPRESSIONS
    assert str(48_611 * 10_007) == PRODUCT
