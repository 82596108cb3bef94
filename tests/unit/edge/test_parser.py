"""The grammar: precedence, literals, types; and errors that name the place."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from core.errors import LaunchReadyError
from edge.parser import MAX_LENGTH, parse
from edge.syntax import (
    Check,
    Combined,
    Comparison,
    ExpressionError,
    Logical,
    Not,
    NotEvaluatedError,
    OneOf,
    Pattern,
    Span,
    Wildcard,
)


def shape(tree: Logical) -> str:
    """The tree with all its parentheses, fields by the last part of their names."""
    if isinstance(tree, Not):
        return f"!{shape(tree.operand)}"
    if isinstance(tree, Combined):
        return f"({f' {tree.operator} '.join(shape(one) for one in tree.operands)})"
    assert isinstance(tree, Check)
    return str(getattr(tree.subject.base, "name", "call")).rpartition(".")[2]


def test_of(expression: str) -> object:
    tree = parse(expression)
    assert isinstance(tree, Check)
    return tree.test


test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ssl or ssl and ssl", "(ssl or (ssl and ssl))"),
        ("ssl and ssl or ssl", "((ssl and ssl) or ssl)"),
        ("ssl or ssl xor ssl", "(ssl or (ssl xor ssl))"),
        ("ssl xor ssl and ssl", "(ssl xor (ssl and ssl))"),
        ("ssl and ssl xor ssl or ssl", "(((ssl and ssl) xor ssl) or ssl)"),
        ("not ssl and ssl", "(!ssl and ssl)"),
        ("not (ssl and ssl)", "!(ssl and ssl)"),
        ("!not!ssl", "!!!ssl"),
        ("ssl&&ssl||ssl^^ssl", "((ssl and ssl) or (ssl xor ssl))"),
        ("ssl and ssl and ssl", "(ssl and ssl and ssl)"),
        ('not http.host eq "a" and ssl', "(!host and ssl)"),
    ],
)
def test_operators_bind_in_cloudflares_order(text: str, expected: str) -> None:
    assert shape(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('http.host eq "a b"', b"a b"),
        (r'http.host eq "\"\\\x41\101"', b'"\\AA'),
        (r'http.host eq "\xff\377"', b"\xff\xff"),
        ('http.host eq "é"', "é".encode()),
        (r'http.host eq r"a\b"', rb"a\b"),
        ('http.host eq r#"a"b"#', b'a"b'),
        ("http.host eq 61:62:63:64", b"abcd"),
        ("cf.threat_score eq -5", -5),
        ("cf.threat_score eq 0x1F", 31),
        ("cf.threat_score eq 017", 15),
        ("ip.src eq 192.0.2.1", ip_address("192.0.2.1")),
        ("ip.src eq 2001:db8::1", ip_address("2001:db8::1")),
    ],
)
def test_a_literal_is_read_by_the_type_on_its_left(text: str, value: object) -> None:
    assert test_of(text) == Comparison("eq", value)  # type: ignore[arg-type]


def test_sets_hold_strings_ranges_and_blocks() -> None:
    assert test_of('http.host in {"a" r"b" 63:64}') == OneOf(frozenset({b"a", b"b", b"cd"}), ())
    assert test_of("cf.threat_score in {1 5..7}") == OneOf(frozenset(), (Span(1, 1), Span(5, 7)))
    assert test_of("ip.src in {192.0.2.0/30 ::1..::2}") == OneOf(
        frozenset(),
        (Span(ip_address("192.0.2.0"), ip_address("192.0.2.3")), Span(ip_address("::1"), ip_address("::2"))),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'http.host matches "a\.b\"[\"]"', Pattern(rb'a\.b"[\"]')),
        ('http.host ~ r"^a$"', Pattern(b"^a$")),
        ('http.host matches "["]"', Pattern(b'["]')),
        ('http.host wildcard "*.a*"', Wildcard((b"", b".a", b""), strict=False)),
        (r'http.host strict wildcard r"\*a\\*"', Wildcard((b"*a\\", b""), strict=True)),
    ],
)
def test_patterns_have_escapes_of_their_own(text: str, expected: object) -> None:
    assert test_of(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, "empty"),
        ("   ", 1, "empty"),
        ("ssl and", 8, "name of a field"),
        ("ssl ssl", 4, "nothing can be made of"),
        ("sslandssl", 1, "no field or function 'sslandssl'"),
        ("(ssl", 5, "expected ')'"),
        ('http.host eq "a', 16, "no end"),
        (r'http.host eq "\n"', 15, "after \\"),
        (r'http.host eq "\400"', 15, "after \\"),
        ("http.host eq 61", 14, "expected a string"),
        ("ip.src eq 192.0.2.0/24", 20, "nothing can be made of '/24'"),
        ("ip.src in {192.0.2.1/24}", 12, "host bits set"),
        ("ip.src in {192.0.2.9..192.0.2.1}", 12, "ends before it begins"),
        ("ip.src in {192.0.2.1..::1}", 12, "mixes IPv4 and IPv6"),
        ("cf.threat_score in {9..1}", 21, "ends before it begins"),
        ("cf.threat_score eq 9223372036854775808", 20, "64 bits"),
        ("cf.threat_score eq 018", 20, "octal"),
        ("ssl eq 1", 4, "nothing can be made of"),
        ("ip.src contains 1", 8, "'contains' cannot be used on IP address"),
        ("http.host strict  wildcard r", 11, "expected an operator"),
        ('http.host wildcard "a**"', 20, "two stars"),
        ('http.host wildcard "' + "a*" * 11 + '"', 20, "at most 10 stars"),
        (r'http.host wildcard r"\a"', 20, "escapes"),
        ('http.request.headers["x"] eq "y"', 27, "'eq' cannot be used on Array<String>"),
        ('http.request.headers["x"][*] eq "y"', 36, "put any(…) or all(…) around it"),
        ('http.request.headers[0] eq "y"', 22, "has no such index"),
        (r'http.request.headers["\xff"][0] eq "y"', 28, "UTF-8"),
        ('http.request.headers["x"][08] eq "y"', 27, "08 is not an index"),
        ('http.request.headers["x"][4294967296] eq "y"', 27, "is not an index"),
        ("any(ssl)", 5, "any has Boolean as argument 1; it takes"),
        ('lower("A") eq "a"', 7, "a field or a call of type String"),
        ("starts_with(http.host) and ssl", 22, "too few"),
        ('lower(http.host, "a") eq "b"', 18, "too many"),
        ('any(http.request.headers["x"][*] eq "y" or ssl)', 41, "expected ','"),
        ("(" * 129 + "ssl" + ")" * 129, 129, "nested deeper than 128"),
        ("ssl" + " " * MAX_LENGTH, MAX_LENGTH + 1, "longer than 4,096"),
    ],
)
def test_what_cloudflare_refuses_is_refused_with_its_place(text: str, column: int, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert reason in caught.value.reason
    assert caught.value.column == column
    assert not isinstance(caught.value, NotEvaluatedError)
    assert isinstance(caught.value, LaunchReadyError)


@pytest.mark.parametrize(
    "text",
    [
        'http.host matches "(?=a)"',
        'http.host matches "[a-z&&[^b]]"',
        r'http.host matches r"\<a"',
        'regex_replace(http.host, "(?=a)", "b") eq "c"',
        'wildcard_replace(http.host, "a**", "b") eq "c"',
    ],
)
def test_what_is_not_evaluated_says_so_rather_than_guess(text: str) -> None:
    with pytest.raises(NotEvaluatedError):
        parse(text)
