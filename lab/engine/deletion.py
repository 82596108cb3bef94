"""Deleting: what the program does not ask for any more, what was replaced, what has to go before its replacement."""

from __future__ import annotations

from lab.engine import wire
from lab.engine.graph import for_each, users_first
from lab.engine.model import Op, Resource
from lab.engine.plan import Step, dependents_to_replace, protected
from lab.engine.run import Run
from lab.engine.state import Pending


def delete_left(run: Run) -> None:
    """Delete what the run has not come to and what was replaced, each before what it depends on.

    Raises :class:`core.errors.EngineError` before anything is deleted if one of them is protected.
    """
    left = run.snapshot.left()
    if held := [resource for resource in left if resource.protect and not resource.delete]:
        raise protected(held, "deleted")
    for urn in run.snapshot.interrupted:
        message = f"{urn} was being created when an earlier run ended, and is not asked for any more: look for it"
        run.log("warning", message, urn)
    going = frozenset(resource.urn for resource in left if not resource.delete)
    for_each(users_first(left), lambda resource: delete(run, resource, going=going), run.parallel)
    run.snapshot.forget_interrupted()


def delete_before(run: Run, old: Resource) -> list[Resource]:
    """Delete ``old``, which its replacement has no room beside, and first what cannot live without it.

    Returns what was deleted.
    """
    there = [resource for resource in run.snapshot.all() if not resource.delete]
    cannot_stay = dependents_to_replace(old, there, run.shape_of)
    also = [resource for resource in cannot_stay if resource.urn not in run.known]
    if held := [resource for resource in also if resource.protect]:
        raise protected(held, "replaced")
    gone = [*reversed(also), old]
    for resource in gone:
        delete(run, resource, Op.DELETE_REPLACED)
    return gone


def delete(run: Run, resource: Resource, op: Op | None = None, going: frozenset[str] = frozenset()) -> None:
    """Delete one resource from the API and from the state; ``going`` are the URNs that are deleted beside it."""
    op = op or (Op.DELETE_REPLACED if resource.delete else Op.DELETE)
    with run.activity(f"{resource.urn} was deleted"), run.telling(op, resource):
        if not run.dry_run:
            run.snapshot.remove(resource, pending=_delete_now(run, resource, going))
        run.note(Step(op=op, old=resource, new=None))


def _delete_now(run: Run, resource: Resource, going: frozenset[str]) -> Pending | None:
    """Delete a resource from its API if it is one to delete; returns the step, which :meth:`Snapshot.remove` ends."""
    managed = resource.custom and not (resource.is_provider or resource.external or resource.retain_on_delete)
    if not managed or resource.deleted_with in going:
        return None
    pending = run.snapshot.begin("deleting", resource)
    try:
        with run.slots:
            known = wire.reveal({**resource.inputs, **resource.outputs})
            run.provider_of(resource).delete(resource.type, resource.id, known)
    except BaseException:
        run.snapshot.end(pending)
        raise
    return pending
