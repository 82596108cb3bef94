"""Values survive Pulumi's wire, and secrets stay closed."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from core.pulumi_crypt import SECRET_SIGNATURE, SIGNATURE_KEY
from lab.engine import wire
from lab.engine.wire import UNKNOWN, Secret

SIGNATURES = {SIGNATURE_KEY, wire.UNKNOWN_STRING}
texts = st.text(max_size=20).filter(lambda text: text not in SIGNATURES)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: not number.is_integer()
)
plain = st.none() | st.booleans() | numbers | texts | st.just(UNKNOWN)
values: st.SearchStrategy[Any] = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4) | st.builds(wire.secret, inner)
    ),
    max_leaves=20,
)
properties = st.dictionaries(texts, values, max_size=5)
FEW = settings(max_examples=40)


@FEW
@given(properties)
def test_what_goes_over_the_wire_comes_back(sent: wire.Properties) -> None:
    bytes_ = wire.to_struct(sent).SerializeToString()
    came = wire.from_struct(struct_pb2.Struct.FromString(bytes_))
    assert came == sent
    assert kinds(came) == kinds(sent)


def kinds(value: Any) -> Any:
    """The types in a value: ``==`` takes ``True`` for 1."""
    if isinstance(value, dict):
        return {key: kinds(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kinds(item) for item in value]
    return kinds(value.value) if isinstance(value, Secret) else type(value)


@FEW
@given(properties)
def test_no_secret_is_left_after_a_mask_and_none_after_a_reveal(sent: wire.Properties) -> None:
    assert not wire.has_secret(wire.mask(sent))
    assert not wire.has_secret(wire.reveal(sent))


@FEW
@given(values, values)
def test_closing_like_a_secret_closes_at_least_as_much(value: Any, pattern: Any) -> None:
    closed = wire.close_like(value, pattern)
    assert wire.reveal(closed) == wire.reveal(value)
    if wire.has_secret(pattern) and not isinstance(value, dict):
        assert wire.has_secret(closed) or value == []


def test_an_output_on_the_wire_is_its_value_and_a_secret_one_stays_closed() -> None:
    output = {SIGNATURE_KEY: wire.OUTPUT_SIGNATURE, "value": "a"}
    sent = wire.to_struct(
        {"open": output, "closed": {**output, "secret": True}, "unknown": {SIGNATURE_KEY: wire.OUTPUT_SIGNATURE}}
    )
    assert wire.from_struct(sent) == {"open": "a", "closed": Secret("a"), "unknown": UNKNOWN}


def test_a_secret_shows_itself_in_no_text() -> None:
    closed = {"key": Secret("hunter2")}
    assert "hunter2" not in f"{closed} {closed!r} {wire.mask(closed)}"
    assert wire.to_struct(closed)["key"][SIGNATURE_KEY] == SECRET_SIGNATURE


def test_what_is_no_property_value_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        wire.to_struct({"key": b"raw"})
