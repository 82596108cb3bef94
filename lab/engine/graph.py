"""Work in order of dependency, what is independent at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import CycleError, TopologicalSorter

from core.errors import EngineError
from lab.engine.model import Resource


def users_first(resources: Iterable[Resource]) -> list[tuple[Resource, list[int]]]:
    """Each resource with the positions of those that need it: they have to be done before it."""
    listed = list(resources)
    positions: dict[str, list[int]] = {}
    for position, resource in enumerate(listed):
        positions.setdefault(resource.urn, []).append(position)
    users: list[list[int]] = [[] for _ in listed]
    for position, resource in enumerate(listed):
        for urn in resource.needs - {resource.urn}:
            for needed in positions.get(urn, ()):
                users[needed].append(position)
    return list(zip(listed, users, strict=True))


def for_each(ordered: list[tuple[Resource, list[int]]], work: Callable[[Resource], None], parallel: int) -> None:
    """Call ``work`` for each resource after those at the positions beside it, up to ``parallel`` at once.

    After a failure nothing new is begun; the first one is raised when what was under way is over.
    """
    sorter = TopologicalSorter({position: before for position, (_, before) in enumerate(ordered)})
    try:
        sorter.prepare()
    except CycleError as error:
        urns = " → ".join(ordered[position][0].urn for position in error.args[1])
        raise EngineError(f"the state's resources depend on each other in a circle: {urns}") from None
    failures: list[BaseException] = []
    pool = ThreadPoolExecutor(parallel)
    running: dict[Future[None], int] = {}
    try:
        while (sorter.is_active() and not failures) or running:
            if not failures:
                running |= {pool.submit(work, ordered[position][0]): position for position in sorter.get_ready()}
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                position = running.pop(future)
                if (failure := future.exception()) is not None:
                    failures.append(failure)
                else:
                    sorter.done(position)
    finally:
        # Ctrl-C lands here with work in the queue that must not begin.
        pool.shutdown(wait=True, cancel_futures=True)
    if failures:
        raise failures[0]
