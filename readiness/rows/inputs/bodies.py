"""Bodies that no client means: too large, too deep, of the wrong type, under a wrong name, in broken text."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator

from core.settings.calls import Call
from core.site import Reply
from readiness.check import Result
from readiness.rows.inputs import checks, hostile
from readiness.rows.inputs.stage import Stage, stage
from readiness.rows.inputs.tries import Try, judged, refusal, survival
from readiness.target import Target

CHECKS = (checks.OVERSIZED, checks.DEEP, checks.WRONG_TYPES, checks.CONTENT_TYPE, checks.UNICODE)
_TAKEN = (200, 201, 202, 204)
_FORM = "application/x-www-form-urlencoded"
_KINDS = ("text/plain", _FORM, "multipart/form-data; boundary=x", "application/xml", "application/json5", "")


def bodies(target: Target) -> Iterator[Result]:
    """Send them to what makes organisations, spaces and posts, and to the ways in."""
    known = target.settings.readiness.calls
    made = stage(target, "bodies")
    writes = [known.create_org, known.create_space, known.create_post]
    large = [_refused(made, known.create_post, *each) for each in hostile.oversized(_text_of(known.create_post))]
    yield judged(checks.OVERSIZED, large, f"{len(large)} bodies of 1 MiB were refused")
    outsized = [_refused(made, known.create_post, *each) for each in hostile.outsized(_text_of(known.create_post))]
    summary = f"{len(outsized)} deep, wide and outsized bodies were refused, the slowest in {_slowest(outsized):.2f} s"
    yield judged(checks.DEEP, outsized, summary)
    wrong = list(_wrong_types(made, [*writes, known.login, known.signup, known.reset, known.verify]))
    yield judged(checks.WRONG_TYPES, wrong, f"{len(wrong)} values of a wrong type were refused")
    kinds = [_as_kind(made, known.create_org, kind) for kind in _KINDS]
    yield judged(checks.CONTENT_TYPE, kinds, f"JSON under {len(kinds)} other names was refused")
    odd = list(_odd_texts(made, writes))
    yield judged(checks.UNICODE, odd, f"{len(odd)} odd texts were refused, or can be read again")


def _text_of(call: Call) -> str:
    return next(iter(call.body))


def _refused(made: Stage, call: Call, what: str, body: bytes) -> Try:
    return refusal(_line(call), what, made.raw(call, body))


def _slowest(tries: list[Try]) -> float:
    return max((one.reply.seconds for one in tries), default=0.0)


def _wrong_types(made: Stage, every: list[Call]) -> Iterator[Try]:
    for call in every:
        for field in call.body:
            for what, value in hostile.wrong_values():
                good = {key: _plain(made, text) for key, text in call.body.items()}
                body = json.dumps({**good, field: value}).encode()
                yield refusal(_line(call), f"{what} as {field}", made.raw(call, body))


def _as_kind(made: Stage, call: Call, kind: str) -> Try:
    """JSON that would be taken, under another name. Names are new, so that no conflict refuses it."""
    body = json.dumps({key: f"Check {secrets.token_hex(4)}" for key in call.body}).encode()
    return refusal(_line(call), f"JSON as {kind or 'nothing'}", made.raw(call, body, kind))


def _odd_texts(made: Stage, writes: list[Call]) -> Iterator[Try]:
    for what, body in hostile.broken(_text_of(writes[0])):
        yield refusal(_line(writes[0]), what, made.raw(writes[0], body))
    for call in writes[::2]:
        for what, text in hostile.odd_texts(f"Odd {secrets.token_hex(3)} "):
            body = f'{{"{_text_of(call)}": "{text}"}}'.encode()
            yield _read_again(made, call, what, made.raw(call, body))
    for what, text in hostile.overrides(f"Odd {secrets.token_hex(3)} "):
        for call in writes[:2]:
            yield _cleaned(call, what, made.raw(call, json.dumps({_text_of(call): text}).encode()))


def _read_again(made: Stage, call: Call, what: str, reply: Reply) -> Try:
    """Where it was taken, what lists it must go on working."""
    one = survival(_line(call), what, reply)
    if one.wrong or reply.status not in _TAKEN:
        return one
    listed = made.ask("GET", made.filled(call.path.partition("?")[0]))
    if listed.status >= 500 or not listed.status:
        return Try(one.place, what, listed, f"it is taken, and reading it breaks (status {listed.status})")
    return one


def _cleaned(call: Call, what: str, reply: Reply) -> Try:
    shown = reply.json if reply.status in _TAKEN else None
    kept = bool(hostile.BIDIRECTIONAL & set(json.dumps(shown, ensure_ascii=False))) if shown is not None else False
    return Try(_line(call), what, reply, "it is kept as it is" if kept else survival("", "", reply).wrong)


def _line(call: Call) -> str:
    return f"{call.method} {call.path}"


def _plain(made: Stage, text: str) -> str:
    given = {"email": made.person.email, "password": made.person.password, "text": "x", "name": "x", "token": "x" * 40}
    return re.sub(r"\{([a-z_]+)\}", lambda found: given.get(found[1], "x"), text)
