"""Whether a call reached what it was not to reach: told by what came back and by what changed, not by status alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from core.site import Reply
from readiness.rows.authorization.plan import Ask

_TELLING = 8
"""A shorter id (a number) stands in many an answer by chance."""


@dataclass(frozen=True)
class Verdict:
    """``reached`` with the ``why`` of it; ``why`` says of what was not reached how it was refused.

    ``reached`` is None where the answer tells nothing: none came, the site was too busy, or it failed.
    """

    reached: bool | None
    why: str


@dataclass(frozen=True)
class Belongings:
    """What only an organisation's own people can know: its texts, and the ids of what is in it."""

    marks: frozenset[str]
    ids: frozenset[str]


def shown(reply: Reply, theirs: Belongings, ask: Ask) -> list[str]:
    """Those of their texts and ids that came back, but for what the request itself said."""
    said = ask.text
    text = _readable(reply)
    telling = {one for one in theirs.marks | theirs.ids if len(one) >= _TELLING}
    return sorted(one for one in telling if one in text and one not in said)


def read(reply: Reply, theirs: Belongings, ask: Ask, owners: Reply | None, owners_ask: Ask | None) -> Verdict:
    """Of a read: reached if it shows what is theirs; the owner's own answer shows whether there is any such thing.

    Where the owner's answer has nothing that tells (a count, a stream), 2xx is reaching it. Without an ``owners``
    answer, the call was one that the asker may make, and only what it shows counts.
    """
    if found := shown(reply, theirs, ask):
        return Verdict(True, f"{reply.status}, and it shows {_few(found)}")
    if not good(reply):
        return refused(reply)
    if owners is not None and owners_ask is not None and not shown(owners, theirs, owners_ask):
        return Verdict(True, f"{reply.status}, as its owner is answered")
    return Verdict(False, f"{reply.status}, with nothing of theirs")


def write(reply: Reply, theirs: Belongings, ask: Ask, changed: Collection[str], nobodys: Reply | None) -> Verdict:
    """Of a change: reached if its owner sees another state afterwards (``changed``: the reads that differ).

    A 2xx that an id of nothing (``nobodys``) is not answered with has found the thing, changed or not.
    """
    if changed:
        return Verdict(True, f"{reply.status}, and its owner then sees another {_few(sorted(changed))}")
    if found := shown(reply, theirs, ask):
        return Verdict(True, f"{reply.status}, and it shows {_few(found)}")
    if not good(reply):
        return refused(reply)
    if nobodys is not None and not good(nobodys):
        return Verdict(True, f"{reply.status}, where an id of nothing is answered {nobodys.status}")
    return Verdict(False, f"{reply.status}, and nothing of theirs has changed")


def tells_apart(real: Reply, nobodys: Reply, ids: Collection[str]) -> str:
    """How the answer for a thing of others differs from that for an id of nothing; "" where it does not."""
    if real.status != nobodys.status:
        return f"{real.status} for what is there and {nobodys.status} for what is not"
    if _without(real, ids) != _without(nobodys, ids):
        return f"another text with the same status {real.status}"
    return ""


def steady(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Those reads of two snapshots that are the same in both: a clock or a counter in an answer is no change."""
    return {label: value for label, value in first.items() if second.get(label) == value}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The reads that differ from ``before``."""
    return [label for label, value in before.items() if after.get(label) != value]


def good(reply: Reply) -> bool:
    """2xx."""
    return 200 <= reply.status < 300


def refused(reply: Reply) -> Verdict:
    """What an answer that is no 2xx says: 429 and 5xx are no refusal, and neither is silence."""
    if reply.status == 0:
        return Verdict(None, f"no answer ({reply.reason})")
    if reply.at_access:
        return Verdict(False, "302, Access has them log in")
    return Verdict(None if reply.status == 429 or reply.status >= 500 else False, str(reply.status))


def _readable(reply: Reply) -> str:
    # JSON may spell any character as an escape.
    document = reply.json
    return reply.text if document is None else reply.text + json.dumps(document, ensure_ascii=False)


def _without(reply: Reply, ids: Collection[str]) -> str:
    text = reply.text
    for one in sorted(ids, key=len, reverse=True):
        text = text.replace(one, "")
    return text


def _few(found: Collection[str]) -> str:
    listed = list(found)
    return ", ".join(listed[:2]) + (f" and {len(listed) - 2} more" if len(listed) > 2 else "")
