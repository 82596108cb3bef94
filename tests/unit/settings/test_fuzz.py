"""Whatever stands in a stack's file, whole or broken, is a stack or is refused with its place; nothing else happens."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import SettingsError
from core.settings.base import NAMESPACE, config_of
from core.settings.stack import SECTIONS, Stack, stack_of
from core.settings.yaml_tree import Json, Tree, parse_tree

from .conftest import EXAMPLE, LAB, ROOT

TEXT = EXAMPLE.read_text()
TREE = parse_tree(TEXT, "f.yaml")
# What the lab's stack has and the example shows in comments alone.
LAB_TREE = parse_tree(LAB.read_text(), "f.yaml")
HOSTS: Json = {"app": [{"name": "web-1", "address": "203.0.113.11"}]}
# file:line, then a key of the configuration by its path, or what libyaml says of the text.
LOCATED = re.compile(r"f\.yaml:[0-9]+(: \S| is not valid YAML: \S)")
ADDRESSED = re.compile(r"f\.yaml(:[0-9]+)?: (config\b|.* is not a known key)")

HOSTILE = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "\x1b]0;title\x07",
        "\u202e\u2066",
        "\ud800",
        "..",
        "../../etc/passwd",
        "/dev/zero",
        "stacks/lab",
        "@",
        "*",
        "*.*",
        "-",
        "a" * 70_000,
        "é" * 300,
        "xn--a",
        "1.2.3.4",
        "::1%eth0",
        "::ffff:203.0.113.11",
        "0x7f000001",
        "1e400",
        "mailto:@",
        "https://[",
        "2026-02-30",
        "9999-12-31",
        '"\\',
        "${jndi:x}",
        "{{7*7}}",
        "<script>",
        "MII" + "A" * 300,
        "(" * 5000,
        "0" * 5000,
    ]
)
NUMBERS = st.sampled_from([0, -1, 1, 2**31, 2**63, 10**30, -(10**400), 0.5, 1e308, float("inf"), float("nan"), True])
LEAVES = st.none() | st.booleans() | HOSTILE | NUMBERS | st.text(max_size=12)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | HOSTILE, inner, max_size=3),
    max_leaves=6,
)


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@st.composite
def _mutated(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """``document`` with one to three places replaced, deleted, doubled, renamed or filled."""
    changed: dict[str, Any] = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        if not changed:
            break
        holder, step = _place(draw, changed)
        match draw(st.sampled_from(["replace", "replace", "replace", "delete", "double", "add", "wrap", "deepen"])):
            case "replace":
                holder[step] = draw(VALUES)
            case "delete":
                del holder[step]
            case "double" if isinstance(holder, list):
                holder.insert(0, copy.deepcopy(holder[step]))
            case "add" if isinstance(holder, dict):
                holder[draw(st.text(max_size=8) | HOSTILE)] = draw(VALUES)
            case "deepen":
                holder[step] = _deep(draw(st.sampled_from([5, 55, 70, 300])))
            case _:
                holder[step] = [holder[step]]
    return changed


def _place(draw: st.DrawFn, document: dict[str, Any]) -> tuple[Any, Any]:
    holder: Any = document
    while True:
        step = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        inner = holder[step]
        if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 5)) == 0:
            return holder, step
        holder = inner


def _refused(config: dict[str, Json], tree: Tree) -> list[str]:
    """The reasons why this is no stack; none if it is one."""
    try:
        stack = stack_of(config, tree, ROOT)
    except SettingsError as error:
        return str(error).splitlines()
    assert isinstance(stack, Stack)
    return []


def _written(document: Any) -> str:
    """A file of it, deeper than :mod:`json` goes too."""
    if isinstance(document, dict):
        return "{" + ",\n".join(f"{json.dumps(key)}: {_written(value)}" for key, value in document.items()) + "}"
    if isinstance(document, list):
        return "[" + ",\n".join(map(_written, document)) + "]"
    return json.dumps(document)


def _config(tree: Tree) -> dict[str, Any]:
    return {**config_of(tree), f"{NAMESPACE}:hosts": HOSTS} if tree is LAB_TREE else dict(config_of(tree))


FUZZ = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("tree", [TREE, LAB_TREE], ids=["example", "lab"])
@FUZZ
@given(data=st.data())
def test_any_values_are_a_stack_or_are_refused_each_with_its_key(tree: Tree, data: st.DataObject) -> None:
    config = data.draw(_mutated(_config(tree)))
    reasons = _refused(config, tree)
    assert all(ADDRESSED.match(reason) for reason in reasons), reasons
    assert all(reason.isprintable() for reason in reasons), reasons
    assert all(len(reason) < 5000 for reason in reasons), [len(reason) for reason in reasons]


@FUZZ
@given(data=st.data())
def test_any_file_is_a_stack_or_is_refused_each_reason_with_its_line(data: st.DataObject) -> None:
    document = data.draw(_mutated({"config": _config(TREE)}))
    try:
        tree = parse_tree(_written(document), "f.yaml")
        reasons = _refused(config_of(tree), tree)
    except SettingsError as error:
        reasons = str(error).splitlines()
    # A file with no key at all has no line to name.
    assert all(LOCATED.match(reason) or not document for reason in reasons), reasons


@settings(FUZZ, max_examples=60)
@given(data=st.data())
def test_any_text_is_a_stack_or_is_refused_with_its_line(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, min(start + 400, len(TEXT))))
    inserted = data.draw(
        st.text(max_size=20) | st.sampled_from(["\t", "&a ", "*a", "!!python/object:x ", "? ", "<<: ", "|"])
    )
    text = data.draw(st.sampled_from([TEXT[:start] + inserted + TEXT[end:], TEXT[:start], TEXT + TEXT[start:end]]))
    try:
        tree = parse_tree(text, "f.yaml")
        reasons = _refused(config_of(tree), tree)
    except SettingsError as error:
        reasons = str(error).splitlines()
    assert all(reason.startswith("f.yaml") for reason in reasons), reasons


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_of_another_shape_is_refused_by_its_name(name: str) -> None:
    values: list[Any] = [None, [], "x", 7, True, [[]], {"": {}}, _deep(900), float("nan")]
    for value in values:
        reasons = _refused({**_config(TREE), f"{NAMESPACE}:{name}": value}, TREE)
        assert any(f"config.{NAMESPACE}:{name}" in reason for reason in reasons), (value, reasons)
