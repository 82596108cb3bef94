"""One comment on a pull request, written once and then over itself: GitHub's and GitLab's REST APIs.

https://docs.github.com/en/rest/issues/comments, https://docs.gitlab.com/api/notes/#merge-requests. A comment is known
as one's own by a hidden marker in its first line and by its author, where the token may ask who that is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from adapters.web import Answered, Client
from core.errors import AfterError, ReviewError
from core.secret import Secret

_MOST_PAGES = 30
_PAGE = 30
# A page of comments, each as long as GitHub or GitLab takes it.
_MOST_BYTES = 32 * 1024 * 1024
_SECONDS = 15.0


class Thread(Protocol):
    """The comments of one pull request."""

    def put(self, marker: str, body: str) -> str:
        """Write ``body``, whose first line is ``marker``, over the comment that begins so, or anew.

        Returns what was done, in words. Raises :class:`ReviewError`.
        """
        ...


@dataclass(frozen=True)
class _Comments:
    """A list of comments below ``list_path``; one is changed at ``one_path``/id with ``method``."""

    site: str
    client: Client
    list_path: str
    one_path: str
    method: str
    user_path: str

    def put(self, marker: str, body: str) -> str:
        """See :class:`Thread`."""
        try:
            found = self._found(marker)
            data = json.dumps({"body": body}).encode()
            if found is None:
                self.client.post(self.list_path, data)
                return f"{self.site}: a comment was written"
            self.client.send(self.method, f"{self.one_path}/{found}", data)
        except AfterError as error:
            raise ReviewError(f"the review could not be posted: {error}") from None
        return f"{self.site}: the comment was brought up to date"

    def _found(self, marker: str) -> int | None:
        own = self._own_name()
        for comment in self._all():
            author = str((comment.get("user") or comment.get("author") or {}).get("login", "")) or str(
                (comment.get("author") or {}).get("username", "")
            )
            begins = str(comment.get("body", "")).startswith(marker)
            if begins and (own is None or author == own) and isinstance(comment.get("id"), int):
                return int(comment["id"])
        return None

    def _own_name(self) -> str | None:
        """Who the token is; None where it may not ask, as GitHub's own token of a workflow."""
        try:
            answered = self.client.get(self.user_path)
        except AfterError:
            return None
        user = answered.document if isinstance(answered.document, dict) else {}
        return str(user.get("login") or user.get("username") or "") or None

    def _all(self) -> Iterator[Mapping[str, Any]]:
        for page in range(1, _MOST_PAGES + 1):
            mark = "&" if "?" in self.list_path else "?"
            answered: Answered = self.client.get(f"{self.list_path}{mark}per_page={_PAGE}&page={page}")
            if not isinstance(answered.document, list):
                raise AfterError(f"{self.client.host} answers with no list of comments")
            yield from (one for one in answered.document if isinstance(one, dict))
            if len(answered.document) < _PAGE:
                return


def thread_of(site: str, environment: Mapping[str, str]) -> Thread:
    """The pull request that a CI job is about, by what the site's CI sets.

    GitHub: ``GITHUB_TOKEN``, ``GITHUB_REPOSITORY``, ``GITHUB_API_URL``, ``GITHUB_EVENT_PATH`` or
    ``GITHUB_REF`` (``refs/pull/N/merge``). GitLab: ``GITLAB_TOKEN``, ``CI_API_V4_URL``, ``CI_PROJECT_ID``,
    ``CI_MERGE_REQUEST_IID``. Raises :class:`ReviewError` that names what is missing.
    """
    if site == "github":
        return _github(environment)
    if site == "gitlab":
        return _gitlab(environment)
    raise ReviewError(f"--post is {site!r}; it is github or gitlab")


def _github(environment: Mapping[str, str]) -> Thread:
    token = _needed(environment, "GITHUB_TOKEN")
    repository = _needed(environment, "GITHUB_REPOSITORY")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise ReviewError("GITHUB_REPOSITORY must be owner/name")
    number = _github_number(environment)
    url = environment.get("GITHUB_API_URL") or "https://api.github.com"
    headers = {
        "Authorization": Secret(f"Bearer {token}"),
        "Accept": Secret("application/vnd.github+json"),
        "X-GitHub-Api-Version": Secret("2022-11-28"),
    }
    return _Comments(
        site="github",
        client=_client(url, headers),
        list_path=f"/repos/{repository}/issues/{number}/comments",
        one_path=f"/repos/{repository}/issues/comments",
        method="PATCH",
        user_path="/user",
    )


def _github_number(environment: Mapping[str, str]) -> int:
    match = re.fullmatch(r"refs/pull/(\d+)/\w+", environment.get("GITHUB_REF", ""))
    if match:
        return int(match[1])
    try:
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_text(encoding="utf-8"))
        return int(event["pull_request"]["number"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ReviewError("there is no pull request to post to: run this in a workflow of `pull_request`") from None


def _gitlab(environment: Mapping[str, str]) -> Thread:
    token = _needed(environment, "GITLAB_TOKEN")
    project, number = _needed(environment, "CI_PROJECT_ID"), _needed(environment, "CI_MERGE_REQUEST_IID")
    if not number.isdecimal():
        raise ReviewError("CI_MERGE_REQUEST_IID must be a number")
    url = environment.get("CI_API_V4_URL") or "https://gitlab.com/api/v4"
    notes = f"/projects/{quote(project, safe='')}/merge_requests/{number}/notes"
    return _Comments(
        site="gitlab",
        client=_client(url, {"PRIVATE-TOKEN": Secret(token)}),
        list_path=notes,
        one_path=notes,
        method="PUT",
        user_path="/user",
    )


def _client(url: str, headers: Mapping[str, Secret]) -> Client:
    if urlsplit(url).scheme not in ("https", "http"):
        raise ReviewError("the API's address is no https:// one")
    return Client(Secret(url.rstrip("/")), headers, _SECONDS, _MOST_BYTES)


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise ReviewError(f"the environment does not set {name}, which --post needs")
    return value
