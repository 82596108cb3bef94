"""Our parser against Cloudflare's own (wirefilter, through octorules-wirefilter): they accept the same texts.

Left out is what the binding's table of functions has otherwise than Cloudflare's documentation: the options of
``url_decode``, ``substring`` without an end, and ``len`` of an array.
"""

from __future__ import annotations

import octorules_wirefilter
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.parser import read_tree
from edge.scheme import FIELDS
from edge.signatures import FUNCTIONS
from edge.syntax import ExpressionError, NotEvaluatedError

STRINGS = ("http.host", "http.request.uri.path", 'http.request.headers["x"][0]', "lower(http.user_agent)")
EACH = ('http.request.headers["x"][*]', "http.request.uri.args.names[*]", "lower(http.request.headers.values[*])[*]")

quoted = st.text(st.characters(codec="utf-8", exclude_characters='"\\'), max_size=4).map(lambda text: f'"{text}"')
strings = st.one_of(quoted, st.sampled_from(['r"a"', 'r#"a"b"#', "61:62", r'"\x41\101"', r'"\q"', '"', "61", 'r"a']))
numbers = st.one_of(st.integers(-3, 300).map(str), st.sampled_from(["0x1f", "017", "018", "1a", "-0x1", "1..3", ""]))
addresses = st.one_of(
    st.ip_addresses().map(str), st.sampled_from(["10.0.0.0/8", "10.0.0.1/8", "1.2.3", "::/0", "1.2.3.4..1.2.3.9", "x"])
)
spaces = st.sampled_from([" ", " ", " ", "", "  ", "\n", "\t"])
order = st.sampled_from(
    ["eq", "ne", "lt", "le", "gt", "ge", "==", "!=", "<", "<=", ">", ">=", "in", "contains", "&", "~"]
)


def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


def sets(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return joined(st.just("{"), st.lists(items, max_size=3).map(" ".join), st.sampled_from(["}", "}", "}", ""]))


string_tests = st.one_of(
    joined(spaces, order, spaces, strings),
    joined(spaces, st.sampled_from(["wildcard", "strict wildcard", "matches"]), spaces, strings),
    joined(spaces, st.just("in"), spaces, sets(strings)),
)
checks = st.one_of(
    st.sampled_from(["ssl", "cf.client.bot", 'starts_with(http.host, "a")', "ends_with( http.host ,http.referer)"]),
    joined(st.sampled_from(STRINGS), string_tests),
    joined(
        st.sampled_from(["cf.threat_score", "len(http.host)"]), spaces, order, spaces, st.one_of(numbers, sets(numbers))
    ),
    joined(st.just("ip.src"), spaces, order, spaces, st.one_of(addresses, sets(addresses), st.just("$office"))),
    joined(st.sampled_from(["any(", "all(", "any(not "]), st.sampled_from(EACH), string_tests, st.just(")")),
)
expressions = st.recursive(
    checks,
    lambda inner: st.one_of(
        joined(inner, spaces, st.sampled_from(["and", "or", "xor", "&&", "||", "^^"]), spaces, inner),
        joined(st.sampled_from(["not", "!", "not "]), spaces, inner),
        joined(st.just("("), spaces, inner, spaces, st.sampled_from([")", ")", ")", ""])),
    ),
    max_leaves=6,
)


def theirs(text: str) -> bool:
    return "error" not in octorules_wirefilter.parse_expression(text)


def ours(text: str) -> bool | None:
    """None: not evaluated here, so that nothing is said of what Cloudflare would do."""
    try:
        read_tree(text)
    except NotEvaluatedError:
        return None
    except ExpressionError:
        return False
    return True


@given(expressions)
def test_both_accept_the_same(text: str) -> None:
    accepted = ours(text)
    assert accepted is None or accepted == theirs(text)


@given(expressions, st.data())
def test_both_accept_the_same_after_an_accident(text: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(text)))
    removed = data.draw(st.integers(0, 3))
    added = data.draw(st.text('"\\()[]{}*.,$!&|^~ aeinrx01', max_size=3))
    mangled = text[:position] + added + text[position + removed :]
    if mangled.strip():
        accepted = ours(mangled)
        assert accepted is None or accepted == theirs(mangled)


@given(st.text(max_size=60))
def test_no_text_crashes_the_parser(text: str) -> None:
    ours(text)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_field_is_one_of_cloudflares(name: str) -> None:
    """A field by itself is a Boolean, or an error about its operator: never an unknown name."""
    error = octorules_wirefilter.parse_expression(name).get("error", "")
    assert "unknown identifier" not in error


def test_every_field_and_function_of_cloudflares_is_known() -> None:
    schema = octorules_wirefilter.get_schema_info()
    assert {field["name"] for field in schema["fields"]} <= set(FIELDS)
    assert set(schema["functions"]) == set(FUNCTIONS)
