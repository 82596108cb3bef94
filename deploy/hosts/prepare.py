"""``hosts.prepare``: ``scripts/prepare-host`` brought to each host and run there as root."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import HostError
from core.ports import Shell
from core.terminal import clean
from deploy.facts import failure
from deploy.fleet import Gathered, at_once
from deploy.hosts import commands
from deploy.layout import Layout

# apt may have to fetch nginx over a slow line.
_SECONDS = 900.0
_WOULD = "things would change, and nothing was"


@dataclass(frozen=True)
class Names:
    """What nginx listens on and for which names. ``override``: also on a host that has its own already."""

    listen: str
    names: tuple[str, ...]
    override: bool = False


@dataclass(frozen=True)
class Prepared:
    """What a host said, and whether anything was changed (with ``check``: would be)."""

    lines: tuple[str, ...]
    changed: bool


def bundle(scripts: Path, ranges: Iterable[str], mta_sts: str | None = None) -> bytes:
    """A tar of what a host needs: the scripts as they are here, Cloudflare's ``ranges``, the policy of MTA-STS.

    An empty policy takes away the one that the host has; without one, it is left as it is.
    """
    listed = "".join(f"{network}\n" for network in ranges).encode()
    members = {name: (scripts / name).read_bytes() for name in ("prepare-host", "rollback-here")}
    members |= {"cloudflare-ranges": listed} | ({} if mta_sts is None else {"mta-sts.txt": mta_sts.encode()})
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def prepare(
    shells: Mapping[str, Shell], layout: Layout, bundled: bytes, names: Names, *, check: bool
) -> Gathered[Prepared]:
    """Prepare every host at once, or with ``check`` say what would change there."""
    script = commands.prepare(layout, names.listen, " ".join(names.names), override=names.override, check=check)

    def one(name: str) -> Prepared:
        ran = shells[name].run(script, timeout=_SECONDS, stdin=bundled)
        lines = tuple(ran.out.splitlines())
        would = check and ran.status == 1 and any(line.endswith(_WOULD) for line in lines)
        if ran.status and not would:
            last = " / ".join(clean(line) for line in lines[-3:] if line.strip())
            why = failure(ran) if not last or any(line.startswith("failed ") for line in lines) else last
            raise HostError(f"{name} could not be prepared: {why}")
        return Prepared(lines, would or any(line.startswith("changed: ") for line in lines))

    return at_once(shells, one)


def names_for(url: str | None, zone: str | None) -> tuple[str, ...]:
    """The names that nginx answers to, as far as a stack's file says: its zone with all below it, and its address."""
    host = (url or "").removeprefix("https://").partition("/")[0].partition(":")[0]
    known = (zone, f"*.{zone}") if zone else ()
    outside = host and not (
        zone and (host == zone or (host.endswith(f".{zone}") and host.count(".") == zone.count(".") + 1))
    )
    return (*known, *((host,) if outside else ()))
