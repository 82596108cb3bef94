"""What is run on a host, as text: pure builders over the fragments in ``scripts/``. Nothing here runs anything.

A script is assignments (quoted by :mod:`shlex`) and then fragments that name no value of their own, so that no text
from an artefact, a journal or a settings file is ever read as shell. Hosts answer in lines, ``WORD VALUE``.
"""

from __future__ import annotations

import functools
import shlex
from dataclasses import dataclass
from pathlib import Path

from deploy.layout import Colour, Layout

_FOLDER = Path(__file__).parent / "scripts"
# The fragments that steps are made of.
PARTS = frozenset({"lib", "facts", "nothing", "preflight", "contents"})


@dataclass(frozen=True)
class Check:
    """What a right answer is: where it is asked for, its status, its version, a text in its body (empty: any)."""

    path: str
    status: int
    version: str
    body: str = ""


def _script(layout: Layout, fragments: str, **values: str | float) -> str:
    places = {"srv": layout.srv, "run": layout.run, "launch": layout.launch, "tools": layout.tools, "log": layout.log}
    head = "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in {**places, **values}.items())
    return "\n".join(["set -eu", head, *(fragment(name) for name in ("lib", *fragments.split()))])


@functools.cache
def fragment(name: str) -> str:
    """The text of ``scripts/NAME.sh``."""
    return (_FOLDER / f"{name}.sh").read_text(encoding="utf-8")


@functools.cache
def _steps() -> dict[str, str]:
    """Each fragment that is a step by itself: name → text."""
    names = {file.stem for file in _FOLDER.glob("*.sh")} - PARTS
    return {name: fragment(name) for name in sorted(names)}


def step_in(script: str) -> str:
    """Which step a script is, by the fragment that it ends with; "" for one that is none, or not only one."""
    found = [name for name, text in _steps().items() if text in script]
    return found[0] if len(found) == 1 else ""


def values_of(script: str) -> dict[str, str]:
    """What a script assigns before its fragments, without the places, which are the same for every step."""
    words = shlex.split(script.partition(fragment("lib"))[0])
    values = dict(word.split("=", 1) for word in words if "=" in word)
    return {name: value for name, value in values.items() if name not in vars(Layout())}


def look(layout: Layout, *, preflight: bool = False) -> str:
    """Say what the host serves and keeps, and hold nothing; ``preflight`` as of :func:`hold`."""
    return _script(layout, f"facts {'preflight' if preflight else 'nothing'}") + "\nfacts\npreflight\n"


def hold(layout: Layout, owner: str, lease_seconds: int, *, preflight: bool) -> str:
    """Take the lock in the name of ``owner`` (one line), say the facts and ``end``, and hold it until the input ends.

    Each line of input renews it for ``lease_seconds``. ``preflight`` adds what a deploy must know: free space,
    ``nginx -t``, the names that the environment sets.
    """
    fragments = "facts preflight hold" if preflight else "facts nothing hold"
    return _script(layout, fragments, owner=owner, lease_seconds=lease_seconds)


def fenced(script: str, fence: str, number: int) -> str:
    """``script`` as the holder of the lock sends it: it refuses to begin once somebody else was given the lock.

    ``number`` is the script's place among the holder's: one that comes late does not begin after a later one.
    """
    return f"fence={shlex.quote(fence)}\nnumber={number}\n{script}"


def begin(layout: Layout, entry: str) -> str:
    """Journal ``entry``: what is about to be done."""
    return _script(layout, "begin", entry=entry)


def give(layout: Layout, version: str) -> str:
    """Write the release ``version`` to standard output, as a ``.tar.gz``."""
    return _script(layout, "give", version=version)


def lacks(layout: Layout, tree: str) -> str:
    """Take the list of a release from standard input, gzipped, whose SHA-256 is ``tree``; say what is lacking of it.

    What the host has is gathered. The answers: ``lacks FIRST-LAST``, numbers of lines of the list, and ``asked``.
    """
    return _script(layout, "contents lacks", tree=tree)


def upload(layout: Layout, version: str, tree: str, run: str, migrate: str, record: str, *, contract: str = "") -> str:
    """Take a ``.tar.gz`` of what was lacking from standard input, see that all is there, and give it its name.

    ``run``, ``migrate`` and ``contract`` (may be empty) are what its units start; ``record`` is one line of JSON about
    it.
    """
    return _script(
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
    return _script(layout, "migrate", colour=colour, version=version, drain_ms=drain, intent=intent, entry=entry)


def contract(layout: Layout, colour: Colour, intent: str, entry: str, refused: str) -> str:
    """Journal ``intent``, run the contract of the release in ``colour``, journal ``entry``, or ``refused``."""
    return _script(layout, "contract", colour=colour, intent=intent, entry=entry, refused=refused)


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
    return _script(
        layout,
        "start",
        colour=colour,
        **_asked(check),
        timeout_ms=_milliseconds(how.timeout_seconds),
        passes=how.passes,
        interval=how.interval_seconds,
        drain_ms=_milliseconds(how.drain_seconds),
        reuse=_word(how.reuse),
        must_record=_word(how.must_record),
        warm_paths="\n".join(how.warm_up),
        dependencies="\n".join(how.dependencies),
        entry=entry,
        seen=seen,
    )


def switch(
    layout: Layout, colour: Colour | None, check: Check, timeout_seconds: float, entry: str, *, must_record: bool
) -> str:
    """Journal ``entry``, move the host's traffic to ``colour`` (none: to nothing), wait until nginx answers with it."""
    return _script(
        layout,
        "switch",
        colour=colour or "-",
        **_asked(check),
        timeout_ms=_milliseconds(timeout_seconds),
        entry=entry,
        must_record=_word(must_record),
    )


def commit(layout: Layout, colour: Colour | None, entry: str, *, must_record: bool) -> str:
    """Make ``colour`` what the next boot serves, durably, and journal it."""
    return _script(layout, "commit", colour=colour or "-", entry=entry, must_record=_word(must_record))


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
    return _script(
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
    return _script(layout, "canary", colour=colour, tenths=tenths, entry=entry)


def withdraw(layout: Layout, colour: Colour, restore: str | None, drain_seconds: float, entry: str) -> str:
    """Stop ``colour``, which has no traffic, and bring back the release ``restore`` that it held before."""
    drain = _milliseconds(drain_seconds)
    return _script(layout, "withdraw", colour=colour, restore=restore or "-", drain_ms=drain, entry=entry)


def credentials_ready(layout: Layout) -> str:
    """Fail where the host has no tool for secrets, or where the user may not use it."""
    return _script(layout, "") + '\nsudo -n "$tools/credentials" names blue >/dev/null\n'


def credentials(layout: Layout, version: str) -> str:
    """Keep the secrets on standard input (lines of ``NAME BASE64``) for ``version``, root's alone."""
    return _script(layout, "credentials", version=version)


def changed(layout: Layout, before: str, version: str, folder: str) -> str:
    """Say which files below ``folder`` differ between the releases ``before`` and ``version``: a ``file`` line each."""
    return _script(layout, "changed", before=before, version=version, folder=folder)


@dataclass(frozen=True)
class Cooling:
    """A colour that has no traffic, and for how many seconds more it is kept running; 0 is until the next release."""

    colour: Colour
    seconds: float


def finish(layout: Layout, entry: str, prune: tuple[str, ...], cooling: Cooling | None = None) -> str:
    """Journal ``entry``, remove the releases ``prune`` and set down when the ``cooling`` colour is stopped."""
    return _script(
        layout,
        "finish",
        entry=entry,
        prune=" ".join(prune),
        cool=cooling.colour if cooling else "-",
        warm_seconds=round(cooling.seconds) if cooling else 0,
    )


def status(layout: Layout) -> str:
    """Say the facts, and how the live release is now: its health, its connections, the last five minutes' 5xx, disk."""
    return _script(layout, "facts") + "\nfacts\n" + fragment("status")


def logs(layout: Layout, colour: str, since: str, lines: int, cursor: str = "") -> str:
    """Say a colour's log in ``log`` lines (``live``: the one that has the traffic), and a ``cursor`` to go on from."""
    return _script(layout, "logs", colour=colour, since=since, lines=lines, cursor=cursor)


def maintenance(layout: Layout, *, on: bool) -> str:
    """Put the page on standard input before the visitors, or take it away."""
    return _script(layout, "maintenance", on=_word(on))


def audit(layout: Layout) -> str:
    """Say what an audit judges, and change nothing."""
    return _script(layout, "audit")


def prepare(layout: Layout, listen: str, names: str, *, override: bool, check: bool) -> str:
    """Run ``prepare-host`` from the tar on standard input, as root; ``override``: nginx's names are changed too."""
    option = "--check" if check else ""
    return _script(layout, "prepare", listen=listen, names=names, override=_word(override), check=option)


def ask(layout: Layout, path: str) -> str:
    """Say what nginx on the host answers for ``path``: its status and the release."""
    return _script(layout, "", health_path=path) + '\n"$tools/probe" "$health_path"\n'


def ledger(layout: Layout, offset: int, most: int) -> str:
    """Say how many bytes the journal has, and give at most ``most`` of them from ``offset`` on."""
    return _script(layout, "ledger", offset=offset, most=most)


def launcher(command: tuple[str, ...], version: str) -> str:
    """What a unit starts, in the release's folder: ``command`` with ``APP_VERSION`` set."""
    words = " ".join(shlex.quote(word) for word in command)
    return f"#!/bin/sh\nexport APP_VERSION={shlex.quote(version)}\nexec {words}"


def _asked(check: Check) -> dict[str, str | int]:
    return {"health_path": check.path, "status": check.status, "version": check.version, "body": check.body}


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _word(value: bool) -> str:
    return "yes" if value else "no"
