"""What is run on a host to care for it, as text: pure builders over :mod:`deploy.script`."""

from __future__ import annotations

from deploy.layout import Layout
from deploy.script import fragment, script, word


def status(layout: Layout) -> str:
    """Say the facts, and how the live release is now: its health, its connections, the last five minutes' 5xx, disk."""
    return script(layout, "facts") + "\nfacts\n" + fragment("status")


def logs(layout: Layout, colour: str, since: str, lines: int, cursor: str = "") -> str:
    """Say a colour's log in ``log`` lines (``live``: the one that has the traffic), and a ``cursor`` to go on from."""
    return script(layout, "logs", colour=colour, since=since, lines=lines, cursor=cursor)


def maintenance(layout: Layout, entry: str, *, on: bool) -> str:
    """Put the page on standard input before the visitors, or take it away; then journal ``entry``."""
    return script(layout, "maintenance", on=word(on), entry=entry)


def audit(layout: Layout) -> str:
    """Say what an audit judges, and change nothing."""
    return script(layout, "audit")


def prepare(layout: Layout, listen: str, names: str, *, override: bool, check: bool) -> str:
    """Run ``prepare-host`` from the tar on standard input, as root; ``override``: nginx's names are changed too."""
    option = "--check" if check else ""
    return script(layout, "prepare", listen=listen, names=names, override=word(override), check=option)
