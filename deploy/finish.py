"""The last step of what went well: it is written down, and what need not be kept is removed."""

from __future__ import annotations

from collections.abc import Mapping

from deploy import commands
from deploy.commands import Cooling
from deploy.facts import HostFacts
from deploy.fleet import Gathered, at_once
from deploy.journal import DONE
from deploy.layout import other
from deploy.operation import Operation
from deploy.plan import Place, prunable


def finish_all(
    operation: Operation, places: Mapping[str, Place], fleet: Mapping[str, HostFacts], keep: int | None = None
) -> Gathered[str]:
    """Journal that the version is live for good, and remove what is beyond the ``keep`` newest; without it nothing."""

    def finish(name: str) -> str:
        gone = prunable(fleet[name], places[name], operation.version, keep) if keep else ()
        entry = operation.ends(DONE, places[name].colour)
        cooling = Cooling(other(places[name].colour), operation.world.settings.warm_seconds)
        lines = operation.step(name, commands.finish(operation.world.layout, entry, gone, cooling))
        return "not recorded" if "unrecorded" in lines else f"removed {', '.join(gone)}" if gone else "recorded"

    with operation.phase("finish") as states:
        finished = at_once(fleet, finish)
        states.update(finished.good | dict.fromkeys(finished.bad, "failed"))
    operation.witness()
    return finished
