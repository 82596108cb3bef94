"""The small platform of ``documents.board``, in memory; each of its ``faults`` is one mistake."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from core.site import Reply
from readiness.people import Org, Person
from readiness.rows.authorization.openapi import operations_of
from readiness.rows.authorization.stage import ANONYMOUS, OUTSIDER, Stage, World, furnished
from readiness.target import Target
from tests.unit.readiness.authorization.documents import board
from tests.unit.readiness.fakes import FakeVisitor

OWNERS_ONLY = frozenset({"PATCH /orgs/{org_id}/members/{id}"})
_PATH = re.compile(r"/orgs(?:/([^/]+)(?:/(posts|members)(?:/([^/]+))?)?)?")


@dataclass
class Board:
    """Organisations with two members each, and posts in them."""

    faults: set[str]
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    posts: dict[str, dict[str, str]] = field(default_factory=dict)

    def answer(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], cookies: Mapping[str, str]
    ) -> Reply:
        """What it says."""
        where = urlsplit(url)
        found = _PATH.fullmatch(where.path)
        who = cookies.get("who", "")
        status, content = self._said(method, who, parse_qs(where.query), *found.groups()) if found else (404, None)
        if isinstance(content, dict) and method == "POST":
            content = self._post(content["org_id"], who, json.loads(body)["text"])
        return Reply(status, body=json.dumps(content).encode())

    def _said(
        self, method: str, who: str, query: Mapping[str, list[str]], org: str | None, what: str | None, id_: str | None
    ) -> tuple[int, Any]:
        if not who and not (what == "posts" and "no-session" in self.faults):
            return 401, None
        if org is None:
            return 200, [self._org(one) for one in self.members if "list" in self.faults or who in self.members[one]]
        if refused := self._refused(method, who, org, what, id_):
            return refused, None
        return self._done(method, who, org, what, id_, query)

    def _refused(self, method: str, who: str, org: str, what: str | None, id_: str | None) -> int:
        if "busy" in self.faults and who == "other-owner":
            return 429
        open_to_all = {"GET": "read", "POST": "write", "DELETE": "delete", "PATCH": "raise"}[method] in self.faults
        if who not in self.members.get(org, ()) and not open_to_all and "no-session" not in self.faults:
            if method == "DELETE" and "quiet" in self.faults:
                self.posts.pop(id_ or "", None)
            return 403 if "told" in self.faults and org in self.members else 404
        if what == "posts" and id_ and (post := self.posts.get(id_)) is not None:
            return 404 if post["org_id"] != org and "leaf" not in self.faults else 0
        return 404 if what == "posts" and id_ else 0

    def _done(
        self, method: str, who: str, org: str, what: str | None, id_: str | None, query: Mapping[str, list[str]]
    ) -> tuple[int, Any]:
        if what is None:
            return 200, self._org(org)
        if what == "members":
            owner = self.members.get(org, {}).get(who) == "owner" or "role" in self.faults or "raise" in self.faults
            if id_ not in self.members.get(org, {}):
                return 404, None
            if owner:
                self.members[org][str(id_)] = self.members[org][str(id_)] + "+"
            return (200, {"id": id_, "role": self.members[org][str(id_)]}) if owner else (403, None)
        if method == "POST":
            return 201, {"org_id": org}
        if method == "DELETE":
            return (204, None) if self.posts.pop(str(id_), None) else (404, None)
        if id_:
            return 200, self.posts[id_]
        shown = query["before"][0] if "before" in query and "cursor" in self.faults else ""
        inside = self.posts[shown]["org_id"] if shown in self.posts else org
        return 200, [post for post in self.posts.values() if post["org_id"] == inside]

    def _org(self, org: str) -> dict[str, Any]:
        return {"id": org, "members": self.members[org]} if org in self.members else {}

    def _post(self, org: str, who: str, text: str) -> dict[str, str]:
        id_ = str(uuid.uuid4())
        self.posts[id_] = {"id": id_, "org_id": org, "author_id": who, "text": text}
        return self.posts[id_]

    def stage(self) -> Stage:
        """Two organisations, an outsider, nobody; no administrator."""
        target = cast(
            "Target",
            SimpleNamespace(
                origin="https://board.test",
                visitor=lambda: FakeVisitor(cast("Any", self)),
                settings=SimpleNamespace(
                    readiness=SimpleNamespace(calls=SimpleNamespace(create_org=SimpleNamespace(path="/orgs")))
                ),
            ),
        )
        worlds = [
            World(name, self._made(tag), f"lr-mark-{name}") for name, tag in (("here", "one"), ("there", "other"))
        ]
        stage = furnished(target, operations_of(board(), 1), (worlds[0], worlds[1]))
        stage.visitors[OUTSIDER] = self._person("out-sider").visitor
        assert ANONYMOUS in stage.visitors
        return stage

    def _made(self, tag: str) -> Org:
        owner, member = self._person(f"{tag}-owner"), self._person(f"{tag}-member")
        org = str(uuid.uuid4())
        self.members[org] = {owner.id: "owner", member.id: "member"}
        return Org(org, owner, member, "", "")

    def _person(self, name: str) -> Person:
        visitor = FakeVisitor(cast("Any", self))
        visitor.set_cookie("who", name, "board.test")
        return Person(f"{name}@board.test", name, "", visitor, name)
