"""What must be true of a schedule that has ended, whatever happened in it."""

from __future__ import annotations

from core.errors import FencedError, LaunchReadyError, LockedError, SplitError
from deploy.plan import cut_short
from rollback.unfinished import Aborted
from tests.model.fleet import Fleet, Releaser, perform


def judge(case: Fleet, recovery: str) -> list[str]:
    """All that is wrong with how the schedule ended, and with what ``recovery`` makes of it; empty is right."""
    wrongs = [wrong for host in case.hosts.values() for wrong in host.wrongs]
    wrongs += [wrong for releaser in case.releasers for wrong in _of_releaser(releaser)]
    case.settle()
    wrongs += _recovered(case, recovery)
    return wrongs


def _of_releaser(releaser: Releaser) -> list[str]:
    """What it said against how it left the hosts."""
    name, error = releaser.process.name, releaser.error
    # Interrupted twice it stops at once, and is what a killed one is: cut short.
    if releaser.process.dead or releaser.interrupts > 1:
        return []
    left = {state for pair in releaser.after.values() for state in pair}
    if error is None:
        result = releaser.result
        wanted = result.serves if isinstance(result, Aborted) else getattr(result, "version", None)
        if result is not None and left != {wanted}:
            return [f"{name} ended in success, and the hosts were at {releaser.after}"]
        return []
    if not isinstance(error, LaunchReadyError | KeyboardInterrupt):
        return [f"{name} ended with {error!r}"]
    was_mixed = len({state for pair in releaser.before.values() for state in pair}) > 1
    # Whoever has the hosts by now answers for them.
    fenced = isinstance(error, FencedError) and len(releaser.fleet.releasers) > 1
    refused = isinstance(error, LockedError) and not isinstance(error, FencedError)
    loud = isinstance(error, SplitError) or fenced or refused or was_mixed
    if len(left) > 1 and not loud:
        return [f"{name} left the hosts at {releaser.after} and did not say so: {error!r}"]
    return []


def _recovered(case: Fleet, recovery: str) -> list[str]:
    said: list[str] = []
    for action in (recovery, "abort"):
        try:
            perform(action, case.world(), "9" if recovery == "deploy" else "")
            said.append(f"{action}: done")
        except LaunchReadyError as error:
            said.append(f"{action}: {error!r}")
    found = case.facts()
    states = {state for pair in case.versions().values() for state in pair}
    wrongs = [wrong for host in case.hosts.values() for wrong in host.wrongs]
    if len(states) > 1:
        wrongs.append(f"after {said} the hosts are at {case.versions()}")
    if (cut := cut_short(found)) is not None:
        wrongs.append(f"after {said} a {cut.action} of {cut.version} is unfinished")
    if taken := [name for name, host in case.hosts.items() if host.holder]:
        wrongs.append(f"after {said} the lock of {taken} is held")
    return wrongs
