"""A request and its answer as evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.site import Reply
from readiness.check import Said

_TOLD = (
    "Content-Type",
    "Content-Disposition",
    "Content-Length",
    "Location",
    "Retry-After",
    "Server",
    "CF-Ray",
    "CF-Mitigated",
    "X-Release",
    "X-Content-Type-Options",
)
_MOST_BODY = 400


def exchange(request: str, reply: Reply, *, title: str = "", told: tuple[str, ...] = _TOLD, body: bool = True) -> Said:
    """``request`` (its line, and what else of it matters), the answer's status, its headers named in ``told``, and the
    first 400 characters of its body.
    """
    status = f"→ {reply.status}" if reply.status else f"→ no answer: {reply.reason}"
    lines = [request, f"{status} in {reply.seconds * 1000:.0f} ms"]
    lines += [f"{name}: {value}" for name in told for value in reply.all(name)]
    if body and reply.body:
        text = reply.text
        lines.append(text if len(text) <= _MOST_BODY else f"{text[:_MOST_BODY]}… ({len(reply.body)} bytes)")
    return Said(title or request.splitlines()[0], "\n".join(lines))


def kept_out(replies: Sequence[Reply]) -> str:
    """Why these do not show how the platform answers: some were no answer, a limit or an error, or all a refusal.

    "" where they do. What is not there in the one or refused in the other is an answer all the same.
    """
    mute = [reply for reply in replies if reply.status in (0, 429) or reply.status >= 500]
    if not mute and not all(reply.status in (403, 404) for reply in replies):
        return ""
    said = Counter(f"{reply.status or reply.reason}" for reply in mute or replies)
    most = ", ".join(f"{count} × {what}" for what, count in said.most_common(3))
    return f"{len(mute or replies)} of {len(replies)} requests were not answered as the platform does ({most})"
