"""What a release runs on a host, as text: pure builders over :mod:`deploy.script`. Nothing here runs anything."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from deploy.layout import Colour, Layout
from deploy.script import script, word


@dataclass(frozen=True)
class Check:
    """What a right answer is: where it is asked for, its status, its version, a text in its body (empty: any)."""

    path: str
    status: int
    version: str
    body: str = ""


def look(layout: Layout, *, preflight: bool = False) -> str:
    """Say what the host serves and keeps, and hold nothing; ``preflight`` as of :func:`hold`."""
    return script(layout, f"facts {'preflight' if preflight else 'nothing'}") + "\nfacts\npreflight\n"


def hold(layout: Layout, owner: str, lease_seconds: int, *, preflight: bool) -> str:
    """Take the lock in the name of ``owner`` (one line), say the facts and ``end``, and hold it until the input ends.

    Each line of input renews it for ``lease_seconds``. ``preflight`` adds what a deploy must know: free space,
    ``nginx -t``, the names that the environment sets.
    """
    fragments = "facts preflight hold" if preflight else "facts nothing hold"
    return script(layout, fragments, owner=owner, lease_seconds=lease_seconds)


def fenced(step: str, fence: str, number: int) -> str:
    """``step`` as the holder of the lock sends it: it refuses to begin once somebody else was given the lock.

    ``number`` is the script's place among the holder's: one that comes late does not begin after a later one.
    """
    return f"fence={shlex.quote(fence)}\nnumber={number}\n{step}"


def begin(layout: Layout, entry: str) -> str:
    """Journal ``entry``: what is about to be done."""
    return script(layout, "begin", entry=entry)


def give(layout: Layout, version: str) -> str:
    """Write the release ``version`` to standard output, as a ``.tar.gz``."""
    return script(layout, "give", version=version)


def lacks(layout: Layout, tree: str) -> str:
    """Take the list of a release from standard input, gzipped, whose SHA-256 is ``tree``; say what is lacking of it.

    What the host has is gathered. The answers: ``lacks FIRST-LAST``, numbers of lines of the list, and ``asked``.
    """
    return script(layout, "contents lacks", tree=tree)


def upload(layout: Layout, version: str, tree: str, run: str, migrate: str, record: str, *, contract: str = "") -> str:
    """Take a ``.tar.gz`` of what was lacking from standard input, see that all is there, and give it its name.

    ``run``, ``migrate`` and ``contract`` (may be empty) are what its units start; ``record`` is one line of JSON about
    it.
    """
    return script(
        layout,
        "contents upload",
        version=version,
        tree=tree,
        run_script=run,
        migrate_script=migrate,
        contract_script=contract,
        release_json=record,
    )


def migrate(layout: Layout, colour: Colour, version: str, drain_seconds: float, intent: str, entry: str) -> str:
    """Journal ``intent``, run the migrations of ``version`` from the idle ``colour``, then journal ``entry``."""
    drain = _milliseconds(drain_seconds)
    return script(layout, "migrate", colour=colour, version=version, drain_ms=drain, intent=intent, entry=entry)


def contract(layout: Layout, colour: Colour, intent: str, entry: str, refused: str) -> str:
    """Journal ``intent``, run the contract of the release in ``colour``, journal ``entry``, or ``refused``."""
    return script(layout, "contract", colour=colour, intent=intent, entry=entry, refused=refused)


@dataclass(frozen=True)
class Start:
    """How a release is brought up. ``reuse``: as it is, if it answers. ``must_record``: not without the journal.

    ``warm_up`` are paths, ``dependencies`` lines of name, path and status.
    """

    timeout_seconds: float
    passes: int
    interval_seconds: float
    drain_seconds: float
    reuse: bool
    must_record: bool
    warm_up: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()


def start(layout: Layout, colour: Colour, check: Check, how: Start, entry: str, seen: str) -> str:
    """Bring ``check.version`` up in ``colour`` and wait on the host until it is healthy or the time is over.

    ``entry`` is journalled before, ``seen`` once it is healthy; either may be empty.
    """
    return script(
        layout,
        "start",
        colour=colour,
        **_asked(check),
        timeout_ms=_milliseconds(how.timeout_seconds),
        passes=how.passes,
        interval=how.interval_seconds,
        drain_ms=_milliseconds(how.drain_seconds),
        reuse=word(how.reuse),
        must_record=word(how.must_record),
        warm_paths="\n".join(how.warm_up),
        dependencies="\n".join(how.dependencies),
        entry=entry,
        seen=seen,
    )


def switch(
    layout: Layout, colour: Colour | None, check: Check, timeout_seconds: float, entry: str, *, must_record: bool
) -> str:
    """Journal ``entry``, move the host's traffic to ``colour`` (none: to nothing), wait until nginx answers with it."""
    return script(
        layout,
        "switch",
        colour=colour or "-",
        **_asked(check),
        timeout_ms=_milliseconds(timeout_seconds),
        entry=entry,
        must_record=word(must_record),
    )


def commit(layout: Layout, colour: Colour | None, entry: str, *, must_record: bool) -> str:
    """Make ``colour`` what the next boot serves, durably, and journal it."""
    return script(layout, "commit", colour=colour or "-", entry=entry, must_record=word(must_record))


@dataclass(frozen=True)
class Span:
    """A part of nginx's log: past ``offset`` of the file ``inode``, to ``until`` or to where it is now."""

    inode: int
    offset: int
    until: int | None = None


def watch(layout: Layout, colour: Colour, check: Check, before: str | None, tenths: int, span: Span) -> str:
    """Count what nginx logged of the release and of the one ``before``, and ask the release for its health.

    ``tenths`` of the slots lead to the release: what nobody put a name to counts for whoever's slot was asked.
    """
    return script(
        layout,
        "watch",
        colour=colour,
        **_asked(check),
        before=before or "-",
        tenths=tenths,
        inode=span.inode,
        offset=span.offset,
        until="-" if span.until is None else span.until,
    )


def canary(layout: Layout, colour: Colour, tenths: int, entry: str) -> str:
    """Journal ``entry`` and give ``colour`` so many tenths of the host's traffic; say where the log stood before."""
    return script(layout, "canary", colour=colour, tenths=tenths, entry=entry)


def withdraw(layout: Layout, colour: Colour, restore: str | None, drain_seconds: float, entry: str) -> str:
    """Stop ``colour``, which has no traffic, and bring back the release ``restore`` that it held before."""
    drain = _milliseconds(drain_seconds)
    return script(layout, "withdraw", colour=colour, restore=restore or "-", drain_ms=drain, entry=entry)


def credentials_ready(layout: Layout) -> str:
    """Fail where the host has no tool for secrets, or where the user may not use it."""
    return script(layout, "") + '\nsudo -n "$tools/credentials" names blue >/dev/null\n'


def credentials(layout: Layout, version: str) -> str:
    """Keep the secrets on standard input (lines of ``NAME BASE64``) for ``version``, root's alone."""
    return script(layout, "credentials", version=version)


def credentials_use(layout: Layout, colour: Colour) -> str:
    """Have the release in ``colour`` started with what is kept for its version, once it is; forget older sets."""
    return script(layout, "") + f'\nstep_begins\nsudo -n "$tools/credentials" use {colour}\n'


def credentials_proof(layout: Layout, colour: Colour, health_path: str) -> str:
    """Say ``proof NAME SHA256`` of each secret that ``colour`` runs with, salted by the line on standard input, and
    ``answer STATUS VERSION`` of this host's nginx for ``health_path``.
    """
    head = script(layout, "", health_path=health_path)
    prove = f'sudo -n "$tools/credentials" proof {colour} | sed "s/^/proof /"'
    return f'{head}\n{prove}\necho "answer $("$tools/probe" "$health_path")"\n'


def credentials_names(layout: Layout, colour: Colour) -> str:
    """Say the names of the secrets that ``colour`` is started with, a line each."""
    return script(layout, "") + f'\nsudo -n "$tools/credentials" names {colour}\n'


def changed(layout: Layout, before: str, version: str, folder: str) -> str:
    """Say which files below ``folder`` differ between the releases ``before`` and ``version``: a ``file`` line each."""
    return script(layout, "changed", before=before, version=version, folder=folder)


@dataclass(frozen=True)
class Cooling:
    """A colour that has no traffic, and for how many seconds more it is kept running; 0 is until the next release."""

    colour: Colour
    seconds: float


def finish(layout: Layout, entry: str, prune: tuple[str, ...], cooling: Cooling | None = None) -> str:
    """Journal ``entry``, remove the releases ``prune`` and set down when the ``cooling`` colour is stopped."""
    return script(
        layout,
        "finish",
        entry=entry,
        prune=" ".join(prune),
        cool=cooling.colour if cooling else "-",
        warm_seconds=round(cooling.seconds) if cooling else 0,
    )


def ask(layout: Layout, path: str) -> str:
    """Say what nginx on the host answers for ``path``: its status and the release."""
    return script(layout, "", health_path=path) + '\n"$tools/probe" "$health_path"\n'


def ledger(layout: Layout, offset: int, most: int) -> str:
    """Say how many bytes the journal has, and give at most ``most`` of them from ``offset`` on."""
    return script(layout, "ledger", offset=offset, most=most)


def launcher(command: tuple[str, ...], version: str) -> str:
    """What a unit starts, in the release's folder: ``command`` with ``APP_VERSION`` set."""
    words = " ".join(shlex.quote(text) for text in command)
    return f"#!/bin/sh\nexport APP_VERSION={shlex.quote(version)}\nexec {words}"


def _asked(check: Check) -> dict[str, str | int]:
    return {"health_path": check.path, "status": check.status, "version": check.version, "body": check.body}


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
