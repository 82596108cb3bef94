"""The last step of what went well: it is written down, and what need not be kept is removed."""

from __future__ import annotations

from collections.abc import Mapping

from deploy import commands
from deploy.facts import HostFacts
from deploy.fleet import Gathered, at_once
from deploy.journal import DONE, ROLLBACK
from deploy.operation import Operation
from deploy.plan import Place, prunable


def finish_all(operation: Operation, places: Mapping[str, Place], fleet: Mapping[str, HostFacts]) -> Gathered[str]:
    """Journal that the version is live for good, and remove what need not be kept.

    A rollback removes nothing: nobody waits for a disk in the worst hour.
    """
    keep = operation.world.settings.keep

    def finish(name: str) -> str:
        gone = () if operation.action == ROLLBACK else prunable(fleet[name], places[name], operation.version, keep)
        entry = operation.entry(DONE, places[name].colour)
        lines = operation.step(name, commands.finish(operation.world.layout, entry, gone))
        return "not recorded" if "unrecorded" in lines else f"removed {', '.join(gone)}" if gone else "recorded"

    return at_once(fleet, finish)
