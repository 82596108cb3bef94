"""Sends the canaries wherever a request has room for one: as a user, a webhook's sender or an attacker would."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from core.errors import CheckError
from core.site import Visitor
from readiness import calls
from readiness.rows.monitoring.canaries import Canary
from readiness.target import Target

_TOO_LONG = str(2**40)
"""Bytes: no server lets that in, and each says so at once."""
_SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True)
class Ask:
    """One request. ``place`` says where in it the canaries are."""

    place: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    json: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Sent:
    """What was sent: how it was answered, by place, and how many of them got an answer."""

    answers: tuple[tuple[str, str, str], ...]

    @property
    def answered(self) -> int:
        """How many requests got any answer."""
        return sum(status != "0" for _place, _request, status in self.answers)


def send(target: Target, canaries: Mapping[str, Canary], marker: str) -> Sent:
    """Send all; ``marker`` stands in a path that is not there, for the log to show.

    Raises :class:`CheckError` where nothing was answered.
    """
    visitor, site = target.visitor(), target.settings.platform.homepage
    asks = [*_as_anybody(target, canaries, marker, (site, target.settings.readiness.calls.me.path))]
    answers = [_asked(target, visitor, ask) for ask in [*asks, *_calls(target, canaries)]]
    answers += _as_a_user(target, canaries)
    answers += _past_the_edge(target, canaries, marker)
    sent = Sent(tuple(answers))
    if not sent.answered:
        raise CheckError(f"{target.origin} answers nothing: no secret could be sent through it")
    return sent


def _asked(target: Target, visitor: Visitor, ask: Ask, through: str = "") -> tuple[str, str, str]:
    reply = visitor.ask(ask.method, target.url(ask.path), headers=ask.headers, body=ask.body, json=ask.json)
    return f"{ask.place}{through}", f"{ask.method} {ask.path.partition('?')[0]}", str(reply.status)


def _past_the_edge(target: Target, canaries: Mapping[str, Canary], marker: str) -> list[tuple[str, str, str]]:
    """Each host gets the marker; the first one also what the edge may have stopped, and what its nginx refuses."""
    if target.behind_edge is None:
        return []
    answers, site = [], target.settings.platform.homepage
    refused = Ask(
        "a body that is said to be far too long",
        "POST",
        f"{site}?token={canaries['query string'].value}",
        {"Content-Length": _TOO_LONG, "Referer": target.url(f"/reset?token={canaries['reset link'].value}")},
    )
    for number, host in enumerate(target.shells):
        visitor = target.behind_edge(host)
        asks = [Ask("a path that is not there", "GET", f"/{marker}")]
        asks += [] if number else [*_as_anybody(target, canaries, marker, (site,)), refused]
        answers += [_asked(target, visitor, ask, ", past the edge") for ask in asks]
    return answers


def _as_anybody(target: Target, canaries: Mapping[str, Canary], marker: str, paths: tuple[str, ...]) -> Iterator[Ask]:
    value = {kind: canary.value for kind, canary in canaries.items()}
    site = target.settings.platform.homepage
    cookie = f"{target.settings.readiness.session_cookie}={value['session cookie']}"
    yield Ask("a path that is not there", "GET", f"/{marker}")
    for path in (*paths, f"/{marker}-none"):
        yield Ask("a bearer token", "GET", path, {"Authorization": f"Bearer {value['JWT']}"})
        yield Ask("Basic credentials", "GET", path, {"Authorization": f"Basic {value['Basic credentials']}"})
        yield Ask("other credentials", "GET", path, {"Authorization": value["Authorization header"]})
        yield Ask("an API key in a header", "GET", path, {"X-Api-Key": value["API key"]})
        yield Ask("cookies", "GET", path, {"Cookie": f"{cookie}; jwt={value['JWT']}"})
        yield Ask("query", "GET", f"{path}?token={value['query string']}&key={value['API key']}")
        yield Ask("query of a reset link", "GET", f"{path}?token={value['reset link']}")
        yield Ask("Referer", "GET", path, {"Referer": target.url(f"/reset?token={value['reset link']}")})
        yield Ask("User-Agent", "GET", path, {"User-Agent": f"check/1 {value['API key']}"})
    yield Ask("path", "GET", f"/{marker}/{value['JWT']}")
    yield Ask("path", "GET", f"/reset/{value['reset link']}/{value['API key']}")
    yield Ask("path, encoded", "GET", f"/{marker}/" + quote(value["Basic credentials"], safe=""))
    yield Ask("an upgrade", "GET", f"/{marker}?token={value['query string']}", {"Accept": "text/event-stream"})
    yield Ask("a method that is none", "PROPFIND", f"{site}?token={value['query string']}")
    yield Ask("a query that is no query", "GET", f"{site}?%ZZ{value['query string']}%00")


def _calls(target: Target, canaries: Mapping[str, Canary]) -> Iterator[Ask]:
    value = {kind: canary.value for kind, canary in canaries.items()}
    known = target.settings.readiness.calls
    card = f'{{"card": "{value["card number"]}", "password": "{value["password"]}", "jwt": "{value["JWT"]}"'.encode()
    as_json = {"Content-Type": "application/json"}
    for call in (known.login, known.signup, known.reset, known.set_password, known.verify, known.accept_invite):
        yield Ask("a body that is cut short", call.method, call.path, as_json, card)
        yield Ask("a body of other fields", call.method, call.path, as_json, card + b"}")
    nobody = f"nobody-{secrets.token_hex(4)}@{target.settings.zone.name}"
    form = f"email={quote(nobody)}&password={quote(value['password'])}&card={value['card number']}"
    typed = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in dict.fromkeys((known.login.path, *target.settings.platform.login)):
        if "*" not in path:
            yield Ask("a form", "POST", path, typed, form.encode())
    yield Ask("a multipart form", "POST", known.login.path, _PARTS, _multipart(value))
    for call in (known.set_password, known.verify):
        body = {
            name: value["reset link"] if "{token}" in text else value["password"] for name, text in call.body.items()
        }
        yield Ask("a token in a body", call.method, call.path, json=body)
    if known.webhook is not None:
        payload = f'{{"type": "invoice.paid", "data": "{value["webhook payload"]}"}}'.encode()
        signed = dict(zip(_SIGNED, ("msg_check", "1", f"v1,{value['Authorization header']}"), strict=True))
        yield Ask(
            "a webhook with a bad signature", known.webhook.method, known.webhook.path, {**as_json, **signed}, payload
        )
        yield Ask("a webhook without a signature", known.webhook.method, known.webhook.path, as_json, payload)


_PARTS = {"Content-Type": "multipart/form-data; boundary=launch-ready-check"}


def _multipart(value: Mapping[str, str]) -> bytes:
    """The names of a part and of its file hold one too."""
    return (
        "--launch-ready-check\r\n"
        f'Content-Disposition: form-data; name="{value["API key"]}"; filename="{value["query string"]}.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\n{value['card number']} {value['JWT']}\r\n--launch-ready-check--\r\n"
    ).encode()


def _as_a_user(target: Target, canaries: Mapping[str, Canary]) -> list[tuple[str, str, str]]:
    """Somebody with an account types a wrong password, posts, uploads, and names things that are not there."""
    here = target.people.cast().here
    known, origin = target.settings.readiness.calls, target.origin
    value = {kind: canary.value for kind, canary in canaries.items()}
    given = {
        "org_id": here.id,
        "space_id": here.space_id,
        "email": here.member.email,
        "password": value["password"],
        "text": f"{value['JWT']} {value['card number']}",
        "name": f"{value['query string']}.txt",
    }
    strange = {**given, "org_id": value["query string"]}
    member = here.member.visitor
    headers = {"Authorization": f"Bearer {value['JWT']}", "Content-Type": "text/plain"}
    asked = [
        ("a wrong password", known.login, calls.make(target.visitor(), origin, known.login, given)),
        ("a post", known.create_post, calls.make(member, origin, known.create_post, given)),
        ("an id that is none", known.create_post, calls.make(member, origin, known.create_post, strange)),
    ]
    if known.upload is not None:
        sent = value["card number"].encode()
        reply = calls.make(member, origin, known.upload, given, headers=headers, body=sent)
        asked.append(("an upload's name and bytes", known.upload, reply))
    return [(place, f"{call.method} {call.path.partition('?')[0]}", str(reply.status)) for place, call, reply in asked]
