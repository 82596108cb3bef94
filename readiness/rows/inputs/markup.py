"""Markup and templates in all that users write: looked for in pages as served, in a browser, in answers and in mail."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from core.errors import CheckError
from core.settings.calls import Call
from core.site import Reply
from readiness import calls
from readiness.check import Result, Said, passed, unknown
from readiness.rows.inputs import checks
from readiness.rows.inputs.browsing import Visited, visit
from readiness.rows.inputs.payloads import EXPRESSIONS, PRODUCT, injected, names, texts
from readiness.rows.inputs.stage import Stage, stage
from readiness.rows.inputs.tries import Try, judged, survival
from readiness.target import Target

CHECKS = (checks.STORED_XSS, checks.REFLECTED_XSS, checks.TEMPLATE)
_TAKEN = (200, 201, 202, 204)


@dataclass
class _Written:
    """What was written, where it can be seen, and how often it was taken."""

    mark: str
    pages: list[str] = field(default_factory=list)
    answers: list[Reply] = field(default_factory=list)
    taken: int = 0
    refused: int = 0


def markup(target: Target) -> Iterator[Result]:
    """Write, look, and look in a browser."""
    mark = f"m{secrets.token_hex(4)}"
    made = _stage(target, next(names(mark)))
    written = _write(made, mark)
    served = [_served(made, page, mark) for page in written.pages]
    visited = visit(target, made.person, written.pages, mark)
    yield _stored(written, served, visited)
    yield _reflected(made, mark)
    yield _templates(made, written, served)


def _stage(target: Target, name: str) -> Stage:
    """An account whose own name is markup; where that is refused, which is well, one with a plain name."""
    try:
        return stage(target, "markup", name)
    except CheckError:
        return stage(target, "markup")


def _write(made: Stage, mark: str) -> _Written:
    """Organisations, spaces, posts and files, whose names and texts are payloads."""
    known, written = made.target.settings.readiness.calls, _Written(mark)
    kept = dict(made.ids)
    for name in (*names(mark), EXPRESSIONS):
        made.ids["org_id"] = _new(made, written, known.create_org, name=name) or kept["org_id"]
        made.ids["space_id"] = _new(made, written, known.create_space, name=name) or kept["space_id"]
        if made.ids["org_id"] != kept["org_id"] and made.ids["space_id"] == kept["space_id"]:
            made.ids["org_id"] = kept["org_id"]
        for text in (*texts(mark), EXPRESSIONS) if name == EXPRESSIONS else (name,):
            _new(made, written, known.create_post, text=text)
        if known.upload is not None:
            reply = made.ask(known.upload.method, made.filled(known.upload.path, name=name), body=b"x")
            written.answers.append(reply)
        pages = made.target.settings.readiness.shown_at
        written.pages += [page for page in map(made.filled, pages) if page not in written.pages]
    made.ids = kept
    return written


def _new(made: Stage, written: _Written, call: Call, **values: str) -> str:
    reply = made.make(call, **values)
    written.answers.append(reply)
    if reply.status not in _TAKEN:
        written.refused += 1
        return ""
    written.taken += 1
    return calls.found(call, reply)


def _served(made: Stage, page: str, mark: str) -> Try:
    reply = made.ask("GET", page)
    found = injected(reply.text, mark) if _is_page(reply) else []
    wrong = f"the payload became {', '.join(sorted(set(found)))}" if found else survival("", "", reply).wrong
    return Try(page, "as served", reply, wrong)


def _is_page(reply: Reply) -> bool:
    """Whether a browser would take it for a page: by its type, or without one by sniffing."""
    kind = reply.header("Content-Type").partition(";")[0].strip().lower()
    if not kind:
        return "nosniff" not in reply.header("X-Content-Type-Options").lower()
    return kind in ("text/html", "application/xhtml+xml", "text/xml", "application/xml", "image/svg+xml")


def _stored(written: _Written, served: list[Try], visited: list[Visited] | str) -> Result:
    answers = [
        Try("an answer of the API", "as a page", reply, "JSON is served as a page, with the payload in it")
        for reply in written.answers
        if _is_page(reply) and injected(reply.text, written.mark)
    ]
    seen = [] if isinstance(visited, str) else visited
    browser = [Try(one.page, "in Chromium", Reply(one.status), one.wrong) for one in seen]
    shown = [one for one in served if one.reply.status == 200]
    if not shown or not written.taken:
        why = f"{written.taken} payloads were taken, {written.refused} refused, and {len(shown)} pages show them"
        return unknown(checks.STORED_XSS, f"{why}: see launch-ready:readiness.shown_at", *_tables(served))
    summary = (
        f"{written.taken} payloads were taken ({written.refused} refused), and none is markup in {len(shown)} pages"
    )
    if isinstance(visited, str):
        result = judged(checks.STORED_XSS, [*served, *answers], summary)
        return result if result.outcome == "fail" else unknown(checks.STORED_XSS, visited, *result.evidence)
    return judged(checks.STORED_XSS, [*served, *answers, *browser], f"{summary}, as served and in Chromium")


def _tables(tries: list[Try]) -> tuple[Said, ...]:
    return tuple(Said(one.place, f"status {one.reply.status}") for one in tries[:6])


def _reflected(made: Stage, mark: str) -> Result:
    """In the addresses of pages that might show some of them, of pages that are not there, and of the API."""
    tries = []
    # The one that breaks out of attributes too.
    for payload in list(names(mark))[1:]:
        text = quote(payload, safe="")
        paths = [path.replace("{text}", text) for path in made.target.settings.readiness.echoing]
        for path in (*paths, f"/{text}", f"/api/{text}", f"/orgs/{text}", f"/static/{text}"):
            reply = made.ask("GET", path)
            found = injected(reply.text, mark) if _is_page(reply) else []
            wrong = f"it became {', '.join(found)}" if found else survival("", "", reply).wrong
            tries.append(Try(path.replace(text, "…"), payload, reply, wrong))
    return judged(checks.REFLECTED_XSS, tries, f"{len(tries)} addresses with markup in them came back without it")


def _templates(made: Stage, written: _Written, served: list[Try]) -> Result:
    asked = [made.ask("GET", path.replace("{text}", quote(EXPRESSIONS, safe="")))
             for path in made.target.settings.readiness.echoing]  # fmt: skip
    replies = [*(one.reply for one in served), *written.answers, *asked]
    tries = [Try("an answer", "the expression's value", reply, "it is worked out") for reply in replies
             if PRODUCT in reply.text]  # fmt: skip
    mails = made.target.mailbox.wait(made.person.email, seconds=0) if made.target.mailbox else []
    tries += [Try("a mail", "the expression's value", Reply(0), "it is worked out") for m in mails if PRODUCT in m.text]
    if tries:
        return judged(checks.TEMPLATE, tries, "")
    summary = f"{len(replies)} answers and {len(mails)} mails show template expressions as they were written"
    return passed(checks.TEMPLATE, summary)
