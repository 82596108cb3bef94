"""The comment on a pull request, against servers that answer as GitHub and GitLab do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.pull_request import thread_of
from core.errors import ReviewError
from tests.own_server import Answering, served

MARKER = "<!-- launch-ready-review lab -->"


class Site:
    """Comments in memory, and every request that came."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.me: dict[str, Any] | None = {"login": "bot", "username": "bot"}
        self.status = 200
        self.url = ""

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        if self.status != 200:
            return self.status, {"message": "Bad credentials token-of-mine"}
        if path.endswith("/user"):
            return (200, self.me) if self.me else (403, {"message": "no"})
        if method == "GET":
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return 200, self.comments[(page - 1) * size : page * size]
        if method == "POST":
            self.comments.append(
                {"id": len(self.comments) + 1, "user": self.me, "author": self.me, "body": body["body"]}
            )
            return 201, self.comments[-1]
        number = int(path.rsplit("/", 1)[1])
        self.comments[number - 1]["body"] = body["body"]
        return 200, self.comments[number - 1]


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(Answering):
        def _answered(self) -> None:
            parts = urlsplit(self.path)
            made.requests.append((self.command, parts.path, dict(self.headers)))
            body = json.loads(self.body() or b"{}")
            self.answer_json(*made.answer(self.command, parts.path, parse_qs(parts.query), body))

        do_GET = do_POST = do_PATCH = do_PUT = _answered

    with served(Handler) as made.url:
        yield made


def github(site: Site, **more: str) -> dict[str, str]:
    return {
        "GITHUB_TOKEN": "token-of-mine",
        "GITHUB_REPOSITORY": "example/community",
        "GITHUB_API_URL": site.url,
        "GITHUB_REF": "refs/pull/7/merge",
        **more,
    }


def gitlab(site: Site) -> dict[str, str]:
    return {
        "GITLAB_TOKEN": "t",
        "CI_API_V4_URL": f"{site.url}/api/v4",
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "9",
    }


@pytest.mark.parametrize(("name", "method"), [("github", "PATCH"), ("gitlab", "PUT")])
def test_the_second_review_takes_the_place_of_the_first(site: Site, name: str, method: str) -> None:
    environment = github(site) if name == "github" else gitlab(site)
    other = {"login": "somebody", "username": "somebody"}
    site.comments = [{"id": i + 1, "user": other, "author": other, "body": f"comment {i}"} for i in range(70)]
    site.comments[3]["body"] = f"{MARKER}\nnot mine"
    assert thread_of(name, environment).put(MARKER, f"{MARKER}\none") == f"{name}: a comment was written"
    assert thread_of(name, environment).put(MARKER, f"{MARKER}\ntwo") == f"{name}: the comment was brought up to date"
    assert len(site.comments) == 71
    assert site.comments[70]["body"] == f"{MARKER}\ntwo"
    assert site.comments[3]["body"] == f"{MARKER}\nnot mine"
    assert site.requests[-1][0] == method


def test_a_workflows_own_token_which_has_no_user_is_enough(site: Site) -> None:
    site.me = None
    thread_of("github", github(site)).put(MARKER, f"{MARKER}\none")
    site.comments[0]["user"] = {"login": "github-actions[bot]"}
    thread_of("github", github(site)).put(MARKER, f"{MARKER}\ntwo")
    assert [one["body"] for one in site.comments] == [f"{MARKER}\ntwo"]
    assert site.requests[0][2]["Authorization"] == "Bearer token-of-mine"


def test_the_number_comes_from_the_event_too(site: Site, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"number": 12}}')
    thread_of("github", github(site, GITHUB_REF="refs/heads/main", GITHUB_EVENT_PATH=str(event))).put(MARKER, MARKER)
    assert site.requests[-1][1] == "/repos/example/community/issues/12/comments"


def test_a_refusal_is_one_sentence_without_the_token(site: Site) -> None:
    site.status = 401
    with pytest.raises(ReviewError, match=r"could not be posted: 127\.0\.0\.1 answers 401") as failed:
        thread_of("github", github(site)).put(MARKER, MARKER)
    assert "token-of-mine" not in str(failed.value)


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_what_is_missing_is_named(site: Site, missing: str) -> None:
    with pytest.raises(ReviewError, match=missing):
        thread_of("github", github(site, **{missing: ""}))


def test_no_pull_request_is_an_error(site: Site) -> None:
    with pytest.raises(ReviewError, match="no pull request"):
        thread_of("github", github(site, GITHUB_REF="refs/heads/main"))
    with pytest.raises(ReviewError, match="github or gitlab"):
        thread_of("gitea", {})
