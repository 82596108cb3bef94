"""All that a stack declares, before a change and after it: what a step means depends on what stands beside it."""

from __future__ import annotations

from collections.abc import Iterable

from core.environment import Environment
from core.resources import Resource
from review.steps import DELETE, SAME, Step


def around(
    steps: Iterable[Step], declared: Iterable[Resource] | None, *, complete: bool, zone: str = ""
) -> tuple[Environment, Environment]:
    """What there is before and after ``steps``.

    ``declared`` is what the program declares now, where that is known: it has what a preview leaves out because it does
    not change. ``complete``: the steps themselves leave nothing out.
    """
    before: dict[str, Resource] = {}
    after: dict[str, Resource] = {one.urn: one for one in declared or ()}
    before.update(after)
    for step in steps:
        if step.before is not None:
            before[step.urn] = step.before
        else:
            before.pop(step.urn, None)
        if step.op == DELETE:
            after.pop(step.urn, None)
        elif step.after is not None and (step.op != SAME or step.urn not in after):
            after[step.urn] = step.after
        if step.op == SAME and step.before is None and step.after is not None:
            before[step.urn] = step.after
    whole = complete or declared is not None
    return Environment(before, whole, zone), Environment(after, whole, zone)
