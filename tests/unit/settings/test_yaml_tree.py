"""A stack's file becomes plain values with their lines, or one sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import SettingsError
from core.settings.yaml_tree import Tree, parse_tree, read_tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("a: 1\nb: -2\nc: 0", {"a": 1, "b": -2, "c": 0}),
        ("a: 1.5\nb: 1e3\nc: -0.25", {"a": 1.5, "b": 1000.0, "c": -0.25}),
        ("a: true\nb: False\nc: TRUE", {"a": True, "b": False, "c": True}),
        ("a: ~\nb: null\nc:", {"a": None, "b": None, "c": None}),
        ("a: on\nb: yes\nc: no\nd: y", {"a": "on", "b": "yes", "c": "no", "d": "y"}),
        (
            "a: 12:30\nb: 192.0.2.1\nc: 192.0.2.0/24\nd: 1.2.3",
            {"a": "12:30", "b": "192.0.2.1", "c": "192.0.2.0/24", "d": "1.2.3"},
        ),
        ("a: '012'\nb: \"2026-01-31\"\nc: '0x1F'", {"a": "012", "b": "2026-01-31", "c": "0x1F"}),
        ("a: >-\n  two\n  lines", {"a": "two lines"}),
        ("\ufeffa: 1", {"a": 1}),
        ("- a\n- [b, {c: d}]", ["a", ["b", {"c": "d"}]]),
    ],
)
def test_values_are_those_of_json(text: str, value: Any) -> None:
    assert parse_tree(text, "f.yaml").value == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3: the key 'a' stands twice: keep one of them"),
        ("a: &x 1", "f.yaml:1: an anchor or alias (x) is used: write the value out in each place"),
        ("a: &x [*x]", "f.yaml:1: an anchor or alias (x) is used: write the value out in each place"),
        ("a:\n  - !!binary aGk=", "f.yaml:2: the tag tag:yaml.org,2002:binary is not allowed: use plain values"),
        ("a: !secret x", "f.yaml:1: the tag !secret is not allowed: use plain values"),
        ("a: !!str 1", "f.yaml:1: the tag tag:yaml.org,2002:str is not allowed: use plain values"),
        ("1: a", "f.yaml:1: a key must be text: put it in quotes"),
        ("[a]: b", "f.yaml:1: a key must be text: put it in quotes"),
        ("a: 1e400", "f.yaml:1: 1e400 is too large a number"),
        (
            "a:\n\tb: c",
            "f.yaml:2 is not valid YAML: found character that cannot start any token: it is a tab, and YAML takes "
            "spaces alone before a key",
        ),
        (
            "a: @",
            "f.yaml:1 is not valid YAML: found character that cannot start any token: put a value that begins with "
            "a sign such as @ in quotes",
        ),
        ("a: b: c", "f.yaml:1 is not valid YAML: mapping values are not allowed in this context"),
        ("a: [1", "f.yaml:2 is not valid YAML: did not find expected ',' or ']'"),
        ("a: 1\n---\nb: 2", "f.yaml:2 is not valid YAML: but found another document"),
        ("\x00", "f.yaml is not valid YAML: control characters are not allowed"),
        ("[" * 100_000, "f.yaml:1: values nest deeper than 60 levels"),
        ("- " * 100_000, "f.yaml:1: values nest deeper than 60 levels"),
        ("{a: " * 100_000, "f.yaml:1: values nest deeper than 60 levels"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_tree(text, "f.yaml")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        *("012", "0x1F", "0o17", "0b11", "1_000", "08", ".5", "5.", ".inf", "-.INF", ".nan", "+1_0.5", "9" * 32),
        *("2026-01-31", "2026-1-3", "2001-12-15T02:59:43.1Z", "2001-12-14 21:59:43", "1" * 29 + "e45"),
    ],
)
def test_what_the_cli_would_read_as_a_number_or_a_date_must_be_quoted(text: str) -> None:
    with pytest.raises(SettingsError, match="put it in quotes"):
        parse_tree(f"a: {text}", "f.yaml")
    assert parse_tree(f"a: '{text}'", "f.yaml").value == {"a": text}


def test_each_place_has_its_line_and_an_unknown_one_that_of_what_is_around_it() -> None:
    tree = parse_tree("a:\n  - b: 1\n\n    c: 2\n  - x\n", "f.yaml")
    assert tree.where(("a",)) == "f.yaml:1"
    assert tree.where(("a", 0, "b")) == "f.yaml:2"
    assert tree.where(("a", 0, "c")) == "f.yaml:4"
    assert tree.where(("a", 1)) == "f.yaml:5"
    assert tree.where(("a", 0, "missing", "deeper")) == "f.yaml:2"
    assert tree.where(("nowhere",)) == "f.yaml"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff", "is not UTF-8 text (byte 3): save it as UTF-8"),
        (b"a" * 1_000_001, "has more than 1000000 bytes, which is the most of a stack's file"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read_tree(path)
    assert str(caught.value) == f"{path} {message}"


# PyYAML writes the text 1E5 without quotes: in its YAML 1.1 a number with an exponent needs a dot, elsewhere not.
_TEXT = st.text(st.characters(exclude_categories=["C"])).filter(
    lambda text: not re.fullmatch(r"[-+.\d]+[eE][-+\d]+", text)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc-:#", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_any_yaml_writer_quotes_as_needed_comes_back(value: Any) -> None:
    # JSON is YAML, and PyYAML quotes more than is needed here, never less.
    assert parse_tree(json.dumps(value, ensure_ascii=False), "f.yaml").value == value
    assert parse_tree(yaml.safe_dump(value, allow_unicode=True), "f.yaml").value == value


def _told(read: Callable[[], Tree]) -> str:
    """The sentence that a file is refused with, or its name; anything but a value of JSON raises."""
    try:
        tree = read()
    except SettingsError as error:
        return str(error)
    json.dumps(tree.value, allow_nan=False)
    return tree.name


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("%TAG ! x\n--- a")
@example("? a\n? b")
@example("'")
@example("a: |9\n x")
def test_any_text_gives_a_tree_or_one_sentence(text: str) -> None:
    assert _told(lambda: parse_tree(text, "f.yaml")).startswith("f.yaml")


@given(st.text("abz019 _.-:#&*!|>'\"[]{},\n\t%?~eExo+TZ", max_size=60))
def test_yaml_like_text_gives_a_tree_or_one_sentence(text: str) -> None:
    assert _told(lambda: parse_tree(text, "f.yaml")).startswith("f.yaml")


@given(st.binary())
def test_any_bytes_give_a_tree_or_one_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "f.yaml"
    path.write_bytes(data)
    assert _told(lambda: read_tree(path)).startswith(str(path))
