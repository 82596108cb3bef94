"""What follows a switch: cached copies at the edge go, and those who want to know are told.

The traffic has moved and was seen to: so nothing here fails a command. What goes wrong is a line for whoever releases,
and a word in the record.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, urlsplit

from core.errors import AfterError, HostError, LaunchReadyError, RevertedError
from core.ports import Event, Happening, MarkerSink, Purger
from core.settings.after import Purge
from core.terminal import clean
from deploy import commands
from deploy.fleet import told
from deploy.journal import stamp
from deploy.operation import Operation
from deploy.plan import Place

PURGE_SECONDS = 10.0
MARKER_SECONDS = 6.0
MOST_FILES = 300
"""More changed files than this are purged by their folder's path."""
FAILED = "failed"


@dataclass(frozen=True)
class After:
    """What a stack has for it. ``purger`` is none where nothing is to be purged."""

    purger: Purger | None = None
    markers: tuple[MarkerSink, ...] = ()


@dataclass(frozen=True)
class Stale:
    """What the edge must no longer answer from its cache: URLs, and prefixes (``NAME/PATH``)."""

    urls: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    everything: bool = False

    @property
    def words(self) -> str:
        """In a line of progress."""
        if self.everything:
            return "everything dropped"
        counts = ((len(self.urls), "URL"), (len(self.prefixes), "prefix"))
        parts = [f"{count} {what}{_plural(what, count)}" for count, what in counts if count]
        return f"{' and '.join(parts)} dropped" if parts else "nothing changed"


def purge(operation: Operation, places: Mapping[str, Place], left: str = "") -> None:
    """Have the edge drop what the settings say, in a phase of its own. Raises nothing that is expected.

    ``left`` is the release that had the traffic, where that is another than ``places`` has it.
    """
    after, settings = operation.world.after, operation.world.settings.purge
    if after is None or after.purger is None or not settings.asked:
        return
    purger = after.purger

    def work() -> str:
        stale = stale_of(settings, operation.world.settings.url or "", _changes(operation, places, settings, left))
        if stale.everything or stale.urls or stale.prefixes:
            purger.purge(stale.urls, stale.prefixes, everything=stale.everything)
        return stale.words

    _in_a_phase(operation, "purge", {"edge cache": work}, PURGE_SECONDS)


def tell(operation: Operation, places: Mapping[str, Place], happening: Happening, why: str = "") -> None:
    """Tell everybody at once what happened, in a phase of its own. Raises nothing that is expected."""
    after = operation.world.after
    if after is None or not after.markers:
        return
    event = event_of(operation, places, happening, why)

    def sending(marker: MarkerSink) -> Callable[[], str]:
        def send() -> str:
            marker.send(event)
            return "told"

        return send

    works: dict[str, Callable[[], str]] = {}
    for marker in after.markers:
        twins = sum(name.partition(" ")[0] == marker.name for name in works)
        works[f"{marker.name} {twins + 1}" if twins else marker.name] = sending(marker)
    _in_a_phase(operation, "markers", works, MARKER_SECONDS)


@contextmanager
def taken_back_is_told(operation: Operation, places: Mapping[str, Place]) -> Iterator[None]:
    """A release that is taken back inside has its copies purged too, and is told of."""
    try:
        yield
    except RevertedError as error:
        purge(operation, places)
        tell(operation, places, "taken back", str(error).partition(": ")[2])
        raise


def event_of(operation: Operation, places: Mapping[str, Place], happening: Happening, why: str = "") -> Event:
    """What is told: what serves now, and what did before or was meant to."""
    world, now = operation.world, operation.world.clock.now()
    serves, left = operation.version, _before(places)
    if happening in ("taken back", "drill"):
        serves, left = left, serves
    return Event(
        happening=happening,
        stack=world.stack,
        serves=serves,
        left=left,
        who=clean(world.owner.who),
        began=stamp(now - timedelta(seconds=operation.seconds())),
        at=stamp(now),
        run=operation.run,
        hosts=len(places),
        url=world.settings.url or "",
        why=clean(why.partition("\n")[0])[:200],
    )


def stale_of(settings: Purge, url: str, changes: Mapping[str, tuple[str, ...]]) -> Stale:
    """What to purge; ``changes`` has the changed files below the folder that each path stands for."""
    if settings.everything:
        return Stale(everything=True)
    hosts = settings.hosts or tuple(filter(None, [urlsplit(url).hostname]))
    if not hosts:
        raise AfterError("which name to purge at? set `url`, or `hosts` under `purge`")
    paths = [*(path for path in settings.paths if not path.endswith("*")), *_files(changes)]
    below = [path[:-1] for path in settings.paths if path.endswith("*")]
    below += [path for path, files in changes.items() if len(files) > MOST_FILES]
    return Stale(
        tuple(f"https://{host}{path}" for host in hosts for path in dict.fromkeys(paths)),
        tuple(f"{host}{path}" for host in hosts for path in dict.fromkeys(below)),
    )


def _files(changes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for path, files in changes.items():
        if len(files) <= MOST_FILES:
            yield from (path + quote(file, safe="/!$&'()+,;=:@~") for file in files)


def _changes(
    operation: Operation, places: Mapping[str, Place], settings: Purge, left: str
) -> dict[str, tuple[str, ...]]:
    """Path → the files below it that differ, asked of the first host: it keeps both releases, unpacked."""
    name, layout = next(iter(places)), operation.world.layout
    before = left or places[name].before_version
    if settings.everything or not before or before == operation.version:
        return {}
    changes = {}
    for static in settings.changed:
        lines = operation.step(name, commands.changed(layout, before, operation.version, static.folder))
        if "compared" not in lines:
            raise HostError(f"{name} did not say which files of {static.folder} changed")
        changes[static.path] = tuple(line.removeprefix("file ") for line in lines if line.startswith("file "))
    return changes


def _before(places: Mapping[str, Place]) -> str:
    """What served before: on a fleet that was split, what each host did."""
    versions = {name: where.before_version for name, where in places.items()}
    return told(versions) if len(set(versions.values())) > 1 else next(iter(versions.values())) or ""


def _plural(what: str, count: int) -> str:
    return "" if count == 1 else "es" if what.endswith("x") else "s"


def _in_a_phase(operation: Operation, phase: str, works: Mapping[str, Callable[[], str]], seconds: float) -> None:
    with operation.phase(phase) as states:
        done = _all_within(works, seconds)
        states.update({name: FAILED if isinstance(how, LaunchReadyError) else how for name, how in done.items()})
    for name, how in done.items():
        if isinstance(how, LaunchReadyError):
            operation.world.progress.note(clean(f"{name}: {how}; the release is not touched by that"))


def _all_within(works: Mapping[str, Callable[[], str]], seconds: float) -> dict[str, str | LaunchReadyError]:
    """What each came to, or that it took too long. Nobody waits for a thread that hangs: it dies with the command."""
    ended: queue.SimpleQueue[tuple[str, str | BaseException]] = queue.SimpleQueue()

    def run(name: str, work: Callable[[], str]) -> None:
        try:
            ended.put((name, work()))
        except BaseException as error:  # noqa: BLE001 - it is told or raised where it is waited for
            ended.put((name, error))

    for name, work in works.items():
        threading.Thread(target=run, args=(name, work), daemon=True).start()
    late = AfterError(f"it did not end within {seconds:g} s")
    done: dict[str, str | LaunchReadyError] = dict.fromkeys(works, late)
    ends = time.monotonic() + seconds
    for _ in works:
        try:
            name, how = ended.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(how, BaseException) and not isinstance(how, LaunchReadyError):
            raise how
        done[name] = how
    return done
