"""What is beside the hosts: the edge as it is declared, and backups that come back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from core.ports import Ran
from core.settings.readiness import Restore
from core.terminal import clean
from readiness.check import Result, Said, Table, failed, held, passed, unknown
from readiness.rows.deployment import checks
from readiness.target import Target

_SHOWN = 50
_OF = re.compile(r"(?m)^backup of (\S{10,40})\s*$")


def drift(target: Target) -> Iterator[Result]:
    """Decides on differences between what is declared and what is live."""
    if target.drift is None:
        return
    found = target.drift()
    rows = tuple((each.what, each.kind, clean(each.name), clean(each.path)) for each in found.differences[:_SHOWN])
    table = Table("Differences", ("what", "kind", "name", "property"), rows)
    if found.differences:
        first = f"{found.differences[0].kind} {clean(found.differences[0].name)} is {found.differences[0].what}"
        count = len(found.differences)
        yield failed(
            checks.DRIFT, f"{count} difference{'s'[: count != 1]} in {found.looked_at} objects: {first}", table
        )
    elif not found.looked_at or found.not_compared:
        left = "; ".join(map(clean, found.not_compared[:5])) or "nothing is there"
        yield unknown(checks.DRIFT, f"no difference in {found.looked_at} objects, and not compared: {left}")
    else:
        yield passed(checks.DRIFT, f"no difference in {found.looked_at} objects that are there")


def backups(target: Target) -> Iterator[Result]:
    """Decides on backups: each is restored, by the stack's own command."""
    restores = target.settings.readiness.releasing.restores
    if not restores:
        why = "no backup is declared: name a command that restores one in launch-ready:readiness.releasing.restores"
        yield unknown(checks.BACKUPS, why)
        return
    wrong: list[str] = []
    evidence: list[Said] = []
    for restore in restores:
        began = target.clock.monotonic()
        ran = target.local.run(restore.command, environment={}, timeout=restore.seconds)
        took = target.clock.monotonic() - began
        wrong += _faults(restore, ran, target.clock.now())
        last = "\n".join((ran.out + ran.err).strip().splitlines()[-5:])
        evidence.append(Said(f"{restore.name}: {' '.join(restore.command)}, status {ran.status}, {took:.1f} s", last))
    names = ", ".join(restore.name for restore in restores)
    yield held(checks.BACKUPS, wrong, f"{len(restores)} restored: {names}", *evidence)


def _faults(restore: Restore, ran: Ran, now: datetime) -> Iterator[str]:
    if ran.status:
        lines = (ran.err or ran.out).strip().splitlines()
        yield f"{restore.name} was not restored (status {ran.status}): {clean(lines[-1])[:200] if lines else 'no word'}"
        return
    found = _OF.findall(ran.out)
    try:
        made = datetime.fromisoformat(found[-1]) if found else None
    except ValueError:
        made = None
    if made is None:
        yield f"{restore.name} was restored, and does not say of when it is: have it print `backup of TIME`"
        return
    age = now - (made if made.tzinfo else made.replace(tzinfo=UTC))
    if age > timedelta(hours=restore.max_age_hours):
        hours = age / timedelta(hours=1)
        yield f"the newest backup of {restore.name} is {hours:.0f} hours old, and {restore.max_age_hours} are allowed"
