"""The difference between what a program declares at two places: steps as a preview would have them, with no state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from core.resources import Resource
from review.reading import Preview
from review.sealing import sealed
from review.steps import CREATE, DELETE, REPLACE, SAME, UPDATE, Step

ReplacedBy = Callable[[str], frozenset[str]]
"""The properties of a type that cannot change on a resource that exists."""


def resources_of(declaration: Preview) -> list[Resource]:
    """What is declared: the resources after the steps of a preview in which everything is new."""
    return [step.after for step in declaration.steps if step.after is not None]


def between(before: Iterable[Resource], after: Iterable[Resource], replaced_by: ReplacedBy) -> Preview:
    """The steps from one declaration to the other, each resource's.

    What is not known on either side (an id that another resource is given) counts as the same.
    """
    old, new = {one.urn: one for one in before}, {one.urn: one for one in after}
    steps = list(_steps(old, new, replaced_by))
    counts: dict[str, int] = {}
    for step in steps:
        counts[step.op] = counts.get(step.op, 0) + 1
    return Preview(steps, counts)


def _steps(old: dict[str, Resource], new: dict[str, Resource], replaced_by: ReplacedBy) -> Iterator[Step]:
    for urn in dict.fromkeys((*new, *old)):
        was, is_now = old.get(urn), new.get(urn)
        if was is None or is_now is None:
            yield Step(CREATE if was is None else DELETE, urn, was, is_now)
            continue
        keys = [key for key in dict.fromkeys((*was.properties, *is_now.properties)) if _differs(key, was, is_now)]
        forces = tuple(key for key in keys if key in replaced_by(is_now.type))
        op = REPLACE if forces else UPDATE if keys else SAME
        yield sealed(Step(op, urn, was, is_now, dict.fromkeys(keys, "update"), forces))


def _differs(key: str, was: Resource, is_now: Resource) -> bool:
    return (key in was.properties) != (key in is_now.properties) or was.properties.get(key) != is_now.properties.get(
        key
    )
