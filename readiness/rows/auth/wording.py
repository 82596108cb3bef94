"""Whether answers to one question say more than answers to another: what differs of itself is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.site import Reply

# What differs from answer to answer whoever asks: RFC 9110's Date, request ids, counters of limits, times.
_OF_ITSELF = re.compile(
    r"date|age|expires|etag|last-modified|server-timing|.*(request|trace|ray|correlation)-?id|traceparent|cf-ray|"
    r"x-runtime|x-response-time|x-process-time|ratelimit.*|x-ratelimit.*|retry-after|x-colour|x-release|x-served-by",
    re.IGNORECASE,
)
_CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.+Z-]+|[A-Za-z0-9_-]{24,}",
)


def differences(these: Sequence[Reply], those: Sequence[Reply]) -> list[str]:
    """How answers of one kind differ from those of the other, as sentences; what varies within a kind is no sign."""
    wrong = []
    if {reply.status for reply in these} != {reply.status for reply in those}:
        wrong.append(f"the status is {_list(these)} with an account and {_list(those)} without")
    names = {name.lower() for reply in (*these, *those) for name, _ in reply.headers if not _OF_ITSELF.fullmatch(name)}
    told = [name for name in sorted(names) if _apart(these, those, name)]
    if told:
        wrong.append(f"the headers differ: {', '.join(told)}")
    if not {_body(reply) for reply in these} & {_body(reply) for reply in those}:
        wrong.append("the text differs")
    return wrong


def _body(reply: Reply) -> str:
    return _CHANGING.sub("…", reply.text)


def _apart(these: Sequence[Reply], those: Sequence[Reply], name: str) -> bool:
    """Whether a header is on the one kind and not on the other, or never says the same on both."""
    one, other = ({tuple(_CHANGING.sub("…", value) for value in r.all(name)) for r in kind} for kind in (these, those))
    return not one & other


def _list(replies: Sequence[Reply]) -> str:
    return " or ".join(sorted({str(reply.status) for reply in replies}))
