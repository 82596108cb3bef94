"""Previews as they come: whole, cut short, from elsewhere, hostile, large."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ReviewError
from core.resources import SECRET
from review.differences import differences
from review.reading import Preview, preview_from, preview_of
from tests.unit.review.tables import a, document, reviewed, rule, ruleset, setting, state, step, urn

SIGNATURE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
DOCUMENT = document(
    step("ZoneSetting", "ssl", setting("ssl", "strict"), setting("ssl", "full")),
    step("DnsRecord", "app", a("app.example.com"), a("app.example.com")),
)


def read(text: str | bytes) -> Preview:
    return preview_of(io.BytesIO(text if isinstance(text, bytes) else text.encode()))


def test_a_whole_preview_is_read_step_by_step() -> None:
    found = read(json.dumps(DOCUMENT, indent=4))
    assert [(one.op, one.subject.kind, one.subject.name) for one in found.steps] == [
        ("update", "ZoneSetting", "ssl"),
        ("same", "DnsRecord", "app"),
    ]
    assert found.counts == {"update": 1, "same": 1}
    assert found.complete
    assert found == preview_from(DOCUMENT)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_the_mark_of_windows_editors_is_no_error(mark: bytes) -> None:
    assert len(read(mark + json.dumps(DOCUMENT).encode()).steps) == 2


def test_what_powershell_writes_is_read() -> None:
    assert len(read(json.dumps(DOCUMENT).encode("utf-16")).steps) == 2


@given(st.integers(0, len(json.dumps(DOCUMENT)) - 1))
def test_a_preview_cut_short_anywhere_is_an_error_that_says_so(length: int) -> None:
    with pytest.raises(ReviewError, match=r"cut short|is empty|missing"):
        read(json.dumps(DOCUMENT)[:length])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", r"\{ is missing"),
        ("null", r"\{ is missing"),
        ("error: no stack", r"\{ is missing"),
        ("{}", "JSON, and no preview"),
        ('{"a": 1}', "JSON, and no preview"),
        ('{"version": 3, "deployment": {}}', "a state and no preview"),
        ('{"steps": {}}', "steps is no list"),
        ('{"steps": [1]}', "no op or no urn"),
        ('{"steps": [{"op": "teleport", "urn": "u"}]}', "the operation 'teleport' is not known here"),
        ('{"steps": []} {"steps": []}', "something follows"),
        ('{"steps": [], "duration": NaN}', "NaN"),
        ('{"steps": [], "config": ' + "[" * 100_000, "RecursionError|cut short"),
        ('{"diagnostics": [{"severity": "error", "message": "no token"}]}', "the preview failed.*no token"),
        ('{"steps": [], "maybeCorrupt": true}', "corrupt"),
        (b'{"steps": [\xff\xfe', "no text in UTF-8"),
        (
            '{"steps": [{"op": "same", "urn": "' + "9" * 100 + '", "x": ' + "9" * 10_000 + "}]}",
            r"cannot be read \(ValueError\)",
        ),
    ],
)
def test_what_is_no_preview_is_told_from_one(text: str | bytes, said: str) -> None:
    with pytest.raises(ReviewError, match=said):
        read(text)


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_other_json_is_an_error_and_no_traceback(value: Any) -> None:
    for entry in (
        {"steps": value},
        {"steps": [value]},
        {"steps": [{"op": "update", "urn": "u", "oldState": value, "newState": value}]},
    ):
        try:
            read(json.dumps(entry))
        except ReviewError:
            continue


def test_the_engines_events_are_read_too() -> None:
    meta = {"op": "update", "urn": urn("ZoneSetting", "ssl"), "type": "cloudflare:index/zoneSetting:ZoneSetting"}
    old, new = state("ZoneSetting", "ssl", setting("ssl", "strict")), state("ZoneSetting", "ssl", setting("ssl", "off"))
    events: list[dict[str, Any]] = [
        {"sequence": 0, "timestamp": 1, "preludeEvent": {"config": {}}},
        {
            "sequence": 1,
            "timestamp": 1,
            "resourcePreEvent": {
                "metadata": meta
                | {"old": old, "new": new, "detailedDiff": {"value": {"diffKind": "update", "inputDiff": True}}},
                "planning": True,
            },
        },
        {"sequence": 2, "timestamp": 2, "summaryEvent": {"resourceChanges": {"update": 1, "same": 3}}},
    ]
    lines = "\n".join(map(json.dumps, events))
    found = read(lines)
    assert [(one.op, dict(one.paths)) for one in found.steps] == [("update", {"value": "update"})]
    assert found.counts == {"update": 1, "same": 3}
    with pytest.raises(ReviewError, match="end before their summary"):
        read("\n".join(map(json.dumps, events[:2])))


def test_the_halves_of_a_replacement_tell_its_order() -> None:
    first, second = {"value": "x"}, {"value": "y"}
    replaced = step("ZoneSetting", "s", first, second, op="replace", replaceReasons=["value"])
    deleted = step("ZoneSetting", "s", first, None, op="delete-replaced")
    created = step("ZoneSetting", "s", None, second, op="create-replacement")
    (found,) = preview_from(document(deleted, replaced, created)).steps
    assert (found.op, found.deleted_first, found.forces) == ("replace", True, ("value",))
    (found,) = preview_from(document(created, replaced, deleted)).steps
    assert found.deleted_first is False


def test_a_secret_is_never_in_what_was_read() -> None:
    plain = {"value": {**SIGNATURE, "plaintext": '"hunter2"'}, "more": [{**SIGNATURE, "ciphertext": "v1:hunter2"}]}
    binding = {"bindings": [{"type": "secret_text", "name": "K", "text": "hunter2"}], "key": "hunter2"}
    marked = step("WorkersScript", "w", None, binding)
    marked["newState"]["additionalSecretOutputs"] = ["key"]
    made = reviewed(
        step("Thing", "t", {}, plain),
        step("SecretsStoreSecret", "S", None, {"name": "S", "value": "hunter2"}),
        marked,
    )
    assert "hunter2" not in repr(made)


def test_a_secret_that_changed_is_told_by_the_clis_comparison_alone() -> None:
    same = {"name": "S", "value": SECRET}
    changed = step("SecretsStoreSecret", "S", same, same, op="update", detailedDiff={"value": {"kind": "update"}})
    (found,) = preview_from(document(changed)).steps
    assert [(one.place, one.after) for one in differences(found)] == [("value", "[secret] (another value)")]
    quiet = step("SecretsStoreSecret", "S", same, same | {"comment": "x"})
    (found,) = preview_from(document(quiet)).steps
    assert [one.place for one in differences(found)] == ["comment"]


def test_what_drifted_is_compared_with_what_is_there() -> None:
    drifted = step("ZoneSetting", "ssl", setting("ssl", "strict"), setting("ssl", "strict"), op="update")
    drifted["oldState"]["outputs"] = setting("ssl", "off")
    drifted["detailedDiff"] = {"value": {"kind": "update", "inputDiff": False}}
    (found,) = preview_from(document(drifted)).steps
    assert found.before is not None
    assert found.before.properties["value"] == "off"


def test_rules_are_compared_by_ref_and_text_by_what_is_in_it() -> None:
    old = ruleset("http_request_firewall_custom", rule("a"), rule("b"), rule("c"))
    new = ruleset("http_request_firewall_custom", rule("new"), rule("a"), rule("c", action="log"), rule("b"))
    (found,) = preview_from(document(step("Ruleset", "r", old, new))).steps
    assert [(one.kind, one.place) for one in differences(found)] == [
        ("changed", "rules[c].action"),
        ("added", "rules[new]"),
        ("moved", "rules"),
    ]
    before, after = {"policy": '{"a": {"b": 1, "c": 2}}'}, {"policy": '{"a": {"b": 1, "c": 3}}'}
    (found,) = preview_from(document(step("Thing", "t", before, after))).steps
    assert [(one.place, one.before, one.after) for one in differences(found)] == [("policy (JSON).a.c", "2", "3")]


def test_a_large_preview_takes_little_memory_beside_what_is_kept() -> None:
    """One step after the other: of a file of steps that are dropped, no more than a piece is held."""
    import tracemalloc

    padding = "x" * 50_000
    entry = json.dumps(
        {"op": "same", "urn": urn("DnsRecord", "r"), "newState": {"outputs": {"x": padding}, "inputs": {"n": 1}}}
    )

    def pieces() -> bytes:
        return b'{"steps": [' + b",".join([entry.encode()] * 400) + b'], "changeSummary": {"same": 400}}'

    data = io.BytesIO(pieces())
    tracemalloc.start()
    try:
        found = preview_of(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.steps) == 1
    assert peak < 12_000_000
    assert re.fullmatch(r"DnsRecord", found.steps[0].subject.kind)
