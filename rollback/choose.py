"""Where back is: pure, from what the hosts keep and remember."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.errors import RollbackError
from core.terminal import clean
from deploy.facts import HostFacts
from deploy.fleet import told
from deploy.journal import DRILL, ROLLBACK, Entry
from deploy.plan import cut_short, fleet_schema, last_good


def choose(fleet: Mapping[str, HostFacts], to: str | None) -> str:
    """The version to go back to: ``to``, or the last good one before what is live.

    A command that was cut short is seen to its end first: a rollback goes where it was going, a drill back to
    what was live before it, a deploy is undone.
    Raises :class:`RollbackError` where there is nothing, where hosts disagree, where a host does not keep it, or where
    the database has moved past it.
    """
    target = to if to is not None else _before(fleet)
    if missing := [name for name, facts in fleet.items() if target not in facts.kept]:
        raise RollbackError(_not_kept(fleet, target, missing))
    level = fleet_schema(fleet)
    for name, facts in fleet.items():
        if not facts.kept[target].lives_with(level):
            raise RollbackError(
                f"{name}: {target} cannot live with the database's schema, which is at {level}: go back to a later"
                " release with --to, or mend forward with a new one"
            )
    return target


def _not_kept(fleet: Mapping[str, HostFacts], target: str, missing: Iterable[str]) -> str:
    common = set.intersection(*(set(facts.kept) for facts in fleet.values()))
    kept = f"every host keeps {', '.join(sorted(common))}" if common else "no release is kept on every host"
    return f"{clean(target)} is not kept on {', '.join(missing)}: {kept}; choose one of those with --to"


def _before(fleet: Mapping[str, HostFacts]) -> str:
    cut = cut_short(fleet)
    if cut is not None and cut.action in (ROLLBACK, DRILL):
        return cut.version
    candidates = {name: _last_good(facts, cut) for name, facts in fleet.items()}
    found = {version for version in candidates.values() if version is not None}
    if not found:
        live = told({name: facts.version for name, facts in fleet.items()})
        raise RollbackError(f"there is nothing to go back to: {live}, and no other release was live for good before")
    if len(found) > 1:
        each = ", ".join(f"{name} to {version or 'nothing'}" for name, version in candidates.items())
        raise RollbackError(f"the hosts would go back to different releases ({each}): say which with --to")
    return found.pop()


def _last_good(facts: HostFacts, cut: Entry | None) -> str | None:
    """The release that was live for good before the last command on this host."""
    if cut is not None:
        return last_good(facts, cut)
    stack = facts.good
    if stack and stack[-1] == facts.version:
        stack.pop()
    return stack[-1] if stack else None
