"""What holds of every text, every truth, every rule and every request."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import Decision, Expression, ExpressionError, Request, RequestError, decide
from edge.cases.run import said_of
from edge.fields import DERIVED
from edge.phases import ORDER, RESPONSE_HEADERS
from edge.scheme import BOOL, BYTES, FIELDS, INT, IP, ArrayOf, MapOf, Type
from edge.syntax import NotEvaluatedError

# Truths by a field that is given, or is not.
YES, NO, OPEN = "cf.client.bot", "cf.bot_management.verified_bot", "cf.llm.prompt.detected"
KNOWN = Request("GET", "https://a.test/", fields={YES: True, NO: False})
TRUTHS = {YES: True, NO: False, OPEN: None}


def say(text: str) -> bool | None:
    return Expression.parse(text).matches(KNOWN)


def kleene(operator: str, left: bool | None, right: bool | None) -> bool | None:
    """By Kleene's tables: what holds whichever of yes and no the open ones are."""
    table: dict[str, Callable[[bool, bool], bool]] = {
        "and": lambda a, b: a and b,
        "or": lambda a, b: a or b,
        "xor": lambda a, b: a != b,
    }
    whole = [(True, False) if one is None else (one,) for one in (left, right)]
    outcomes = {table[operator](a, b) for a, b in product(*whole)}
    return outcomes.pop() if len(outcomes) == 1 else None


@pytest.mark.parametrize("operator", ["and", "or", "xor"])
@pytest.mark.parametrize(("left", "right"), list(product(TRUTHS, TRUTHS)))
def test_operators_are_kleenes(operator: str, left: str, right: str) -> None:
    expected = kleene(operator, TRUTHS[left], TRUTHS[right])
    assert say(f"{left} {operator} {right}") is expected
    assert say(f"{right} {operator} {left}") is expected


def refusal(text: str) -> ExpressionError | None:
    try:
        Expression.parse(text).matches(KNOWN)
    except ExpressionError as error:
        return error
    return None


atoms = st.sampled_from(sorted(TRUTHS))


@given(atoms, atoms, atoms)
def test_the_laws_of_three_truths(a: str, b: str, c: str) -> None:
    assert say(f"not not {a}") is say(a)
    assert say(f"not ({a} and {b})") is say(f"not {a} or not {b}")
    assert say(f"not ({a} or {b})") is say(f"not {a} and not {b}")
    assert say(f"{a} and ({b} or {c})") is say(f"({a} and {b}) or ({a} and {c})")
    assert say(f"({a} and {b}) and {c}") is say(f"{a} and ({b} and {c})")
    assert say(f"{a} or ({a} and {b})") is say(a)


@given(st.text(max_size=80) | st.text("()!&|^\"'\\*{}[]$.,=<>~ aeinorstx01r#", max_size=60))
def test_any_text_gives_an_expression_or_an_error_with_its_place(text: str) -> None:
    error = refusal(text)
    if error is not None:
        assert 1 <= error.column <= len(text) + 1
        assert str(error).startswith(f"column {error.column}: ")
        assert "\n" not in error.reason


def values(kind: Type) -> st.SearchStrategy[Any]:
    if isinstance(kind, ArrayOf):
        return st.lists(values(kind.item), max_size=2)
    if isinstance(kind, MapOf):
        return st.dictionaries(st.text(max_size=3), values(kind.item), max_size=2)
    texts = st.text(max_size=6) | st.binary(max_size=6)
    return {BOOL: st.booleans(), INT: st.integers(), IP: st.ip_addresses().map(str), BYTES: texts}[kind]


@st.composite
def requests(draw: st.DrawFn) -> Request:
    names = draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=6))
    fields = {name: draw(st.none() | values(FIELDS[name])) for name in sorted(names)}
    path = draw(st.text(max_size=12).map(lambda text: "/" + text))
    headers = draw(
        st.lists(st.tuples(st.sampled_from(["x", "Cookie", "Content-Type", "é"]), st.text(max_size=8)), max_size=4)
    )
    method = draw(st.sampled_from(["GET", "POST", "", "\ud800"]))
    body = draw(st.none() | st.binary(max_size=20))
    return Request(method, f"https://a.test{path}", headers, body, fields, draw(st.none() | st.floats(0, 4e9)))


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_field_can_be_given_and_what_is_given_is_what_rules_see(name: str) -> None:
    @settings(max_examples=15)
    @given(values(FIELDS[name]))
    def check(value: Any) -> None:
        request = Request("GET", "https://a.test/", fields={name: value})
        if FIELDS[name] == INT:
            text = f"{name} eq {max(-(2**63), min(value, 2**63 - 1))}"
            assert Expression.parse(text).matches(request) is (-(2**63) <= value < 2**63)
        elif FIELDS[name] == BOOL:
            assert Expression.parse(name).matches(request) is value
        elif FIELDS[name] == IP:
            assert Expression.parse(f"{name} eq {value}").matches(request) is True

    check()
    if name not in DERIVED and FIELDS[name] == BOOL:
        assert Expression.parse(name).matches(Request("GET", "https://a.test/")) is None


@pytest.mark.parametrize("fields", [{"ip.source": "192.0.2.1"}, {"ip.src": "x"}, {"cf.threat_score": "5"}, {"ssl": 1}])
def test_a_field_that_is_none_is_refused_by_its_name(fields: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match=next(iter(fields)).replace(".", r"\.")):
        Request("GET", "https://a.test/", fields=fields)


@pytest.mark.parametrize("url", ["", "a.test/", "ftp://a.test/", "https:///a", "https://a b/", "https://u:p@a.test/"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(RequestError, match="is no URL of a request"):
        Request("GET", url)


EXPRESSIONS = (
    "true",
    'http.request.uri.path contains "a"',
    'any(http.request.body.form.values[*] contains "a")',
    "ip.src in {10.0.0.0/8} or cf.threat_score gt 5",
    'any(http.request.body.multipart.names[*][*] eq "a")',
    'lookup_json_string(http.request.body.raw, "a") eq "b"',
    'len(http.request.cookies["a"][0]) gt 1',
    'http.request.accepted_languages[0] eq "en"',
    "nonsense",
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["value", "expression", "uri", "headers", "path", "id", "from_value", "target_url", "phases", "ruleset"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
rules = st.fixed_dictionaries(
    {
        "action": st.sampled_from(
            ["block", "log", "skip", "redirect", "rewrite", "execute", "set_cache_settings", "route", "challenge", "x"]
        ),
        "expression": st.sampled_from(EXPRESSIONS),
    },
    optional={
        "ref": st.sampled_from(["a", "b"]),
        "enabled": st.booleans(),
        "action_parameters": anything,
        "ratelimit": anything
        | st.just({"requests_per_period": 1.0, "period": 10, "characteristics": ["ip.src", "http.host"]}),
    },
)


@given(
    st.dictionaries(st.sampled_from([*ORDER, RESPONSE_HEADERS, "other"]), st.lists(rules, max_size=3), max_size=5),
    st.lists(requests(), max_size=4),
)
def test_nothing_in_a_rule_or_a_request_makes_a_decision_fail(rulesets: dict[str, Any], sent: list[Request]) -> None:
    decisions = decide(rulesets, sent, settings={"always_use_https": "on"})
    assert len(decisions) == len(sent)
    for one in decisions:
        assert isinstance(one, Decision)
        assert one.action in ("pass", "block", "challenge", "redirect")
        assert said_of(one)


def test_what_is_not_evaluated_is_an_expression_error_too() -> None:
    assert issubclass(NotEvaluatedError, ExpressionError)
