"""What schemathesis is given and reports, and the server between it and the platform."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from core.settings.calls import Call
from core.site import Reply
from readiness.rows.inputs.forwarder import Forwarder, serving
from readiness.rows.inputs.fuzzing import ACCEPTED, SERVER_ERROR, bounded, narrowed, reported, short_of, unfilled

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://elsewhere.example"}],
    "paths": {
        "/logout": {"post": {"responses": {}}},
        "/me": {"get": {"responses": {}}, "delete": {"responses": {}}},
        "/orgs/{org_id}": {
            "parameters": [{"in": "path", "name": "org_id", "schema": {"type": "string"}}],
            "get": {"parameters": [{"in": "query", "name": "org_id", "schema": {"type": "string"}}]},
        },
    },
}
BOUNDS: dict[str, Any] = {
    "paths": {
        "/logout": {"post": {"requestBody": {}}},
        "/me": {"get": {}, "delete": {"parameters": [{"in": "header", "name": "x"}]}},
        "/orgs/{org_id}": {
            "parameters": [{"in": "path", "name": "org_id", "schema": {"type": "string"}}],
            "get": {"parameters": [{"in": "query", "name": "limit", "schema": {"maximum": 9}}]},
            "delete": {},
        },
        "/orgs/{org_id}/posts/{post_id}": {
            "get": {"parameters": [{"in": "path", "name": "post_id"}]},
            "put": {
                "parameters": [{"in": "path", "name": "org_id"}, {"in": "path", "name": "post_id"}],
                "requestBody": {"content": {}},
            },
        },
    },
}
REPORT: dict[str, Any] = {
    "schemathesis_version": "4.32.5",
    "seed": 1,
    "complete": True,
    "operations": {"selected": 3, "tested": 3, "errored": 0},
    "test_cases": {"generated": 40},
    "failures": [
        {"type": "ServerError", "operations": ["GET /a"]},
        {"type": "AcceptedNegativeData", "operations": ["POST /a", "POST /b"]},
        {"type": "JsonSchemaError", "operations": ["GET /c"]},
    ],
    "errors": [],
}


def test_what_would_end_the_session_is_left_out_and_ids_are_pinned() -> None:
    left = (Call(path="/logout"), Call(method="DELETE", path="/me?now=1"), None)
    made = narrowed(DOCUMENT, left, {"org_id": "42"})
    assert list(made["paths"]["/me"]) == ["get"]
    assert made["paths"]["/logout"] == {}
    assert made["servers"] == []
    assert made["paths"]["/orgs/{org_id}"]["parameters"][0]["schema"] == {"type": "string", "enum": ["42"]}
    assert made["paths"]["/orgs/{org_id}"]["get"]["parameters"][0]["schema"] == {"type": "string"}
    assert "delete" in DOCUMENT["paths"]["/me"], "the document itself stays"


@pytest.mark.parametrize("document", [{}, {"paths": []}, {"paths": {"/x": None}}, {"paths": {"/x": {"get": []}}}])
def test_a_document_of_another_shape_is_no_error(document: dict[str, Any]) -> None:
    narrowed(document, (), {"org_id": "42"})


def test_bounds_are_of_what_takes_a_body_or_a_query() -> None:
    made = bounded(narrowed(BOUNDS, (Call(path="/logout"),), {"org_id": "42"}), {"org_id": "42"})
    assert {path: sorted(item) for path, item in made["paths"].items()} == {
        "/orgs/42": ["get", "parameters"],
        "/orgs/42/posts/{post_id}": ["put"],
    }
    assert made["paths"]["/orgs/42"]["parameters"] == []
    assert [one["name"] for one in made["paths"]["/orgs/42"]["get"]["parameters"]] == ["limit"]
    assert [one["name"] for one in made["paths"]["/orgs/42/posts/{post_id}"]["put"]["parameters"]] == ["post_id"]
    assert unfilled("PUT /orgs/42/posts/{post_id} (X)", {"org_id": "42"}) == "PUT /orgs/{org_id}/posts/{post_id} (X)"


@pytest.mark.parametrize("document", [{}, {"paths": []}, {"paths": {"/x": {}}}, {"paths": {"/x": {"get": []}}}])
def test_a_document_without_operations_has_no_bounds(document: dict[str, Any]) -> None:
    assert bounded(document, {"org_id": "42"})["paths"] == {}


def test_failures_go_to_their_checks() -> None:
    fuzzed = reported(REPORT)
    assert fuzzed is not None
    assert fuzzed.of(SERVER_ERROR) == ["GET /a (ServerError)"]
    assert len(fuzzed.of(ACCEPTED)) == 2
    assert fuzzed.but(SERVER_ERROR, ACCEPTED) == ["GET /c (JsonSchemaError)"]
    assert short_of(fuzzed, 0) == ""


@pytest.mark.parametrize(
    ("change", "beyond", "said"),
    [
        ({"complete": False}, 0, "did not come to its end"),
        ({"operations": {"selected": 3, "tested": 2, "errored": 0}}, 0, "2 of 3"),
        ({"operations": {"selected": 0, "tested": 0, "errored": 0}}, 0, "0 of 0"),
        ({"errors": [{"x": 1}]}, 0, "1 operations could not be tried"),
        ({}, 7, "7 requests were more"),
    ],
)
def test_a_run_that_is_short_says_why(change: dict[str, Any], beyond: int, said: str) -> None:
    fuzzed = reported({**REPORT, **change})
    assert fuzzed is not None
    assert said in short_of(fuzzed, beyond)


@pytest.mark.parametrize("report", [{}, {"operations": []}, {**REPORT, "seed": None}, {**REPORT, "failures": 3}])
def test_what_is_no_report_is_none(report: dict[str, Any]) -> None:
    assert reported(report) is None


def _asked(forwarder: Forwarder, *requests: tuple[str, str, bytes]) -> list[tuple[int, bytes]]:
    with serving(forwarder) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
        answers = []
        for method, path, body in requests:
            connection.request(method, path, body, {"Cookie": "of=schemathesis", "X-Kept": "1"})
            answer = connection.getresponse()
            answers.append((answer.status, answer.read()))
        connection.close()
    return answers


def test_the_server_passes_on_what_it_is_asked_without_cookies() -> None:
    seen: list[tuple[str, str, dict[str, str], bytes]] = []

    def ask(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        seen.append((method, path, headers, body))
        return Reply(201, (("Content-Type", "application/json"), ("Set-Cookie", "a=b")), b"{}")

    assert _asked(Forwarder(ask, 5), ("POST", "/a?b=%00", b"body"), ("ODD", "/", b"")) == [(201, b"{}"), (201, b"{}")]
    assert [each[0] for each in seen] == ["POST", "ODD"]
    assert seen[0][1] == "/a?b=%00"
    assert seen[0][3] == b"body"
    assert "Cookie" not in seen[0][2]
    assert seen[0][2]["X-Kept"] == "1"


def test_the_server_is_bounded_and_tells_what_hangs_from_what_cannot_be_sent() -> None:
    replies = iter([Reply(0, reason="no answer within 8 s"), Reply(0, reason="no answer (InvalidHeader)"), Reply(200)])
    forwarder = Forwarder(lambda *_: next(replies), 2)
    answers = _asked(forwarder, ("GET", "/a", b""), ("GET", "/b", b""), ("GET", "/c", b""), ("GET", "/d", b""))
    assert [status for status, _ in answers] == [504, 400, 200, 429]
    assert (forwarder.beyond, forwarder.unsent, len(forwarder.asked)) == (1, 1, 2)


def test_what_streams_without_an_end_is_asked_once() -> None:
    asked: list[str] = []

    def ask(method: str, path: str, *_: Any) -> Reply:
        asked.append(path)
        return Reply(200, (), b"data:", cut=True)

    forwarder = Forwarder(ask, 9)
    assert [status for status, _ in _asked(forwarder, ("GET", "/e?a=1", b""), ("GET", "/e?a=2", b""))] == [200, 200]
    assert asked == ["/e?a=1"]
