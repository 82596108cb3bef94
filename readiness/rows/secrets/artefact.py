"""The live release as a host has it: its files, packed there and looked through here."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from core.errors import HostError
from core.leaks import Piece
from core.terminal import clean
from deploy import commands
from deploy.facts import HostFacts, failure, read_facts
from deploy.operation import World
from readiness.check import Result, Said, failed, passed, unknown
from readiness.rows.secrets import checks
from readiness.rows.secrets.baseline import Judge, load
from readiness.rows.secrets.repository import known_values, spots_table
from readiness.rows.secrets.served import leaks_table
from readiness.rows.secrets.spellings import Spotter
from readiness.target import Target

_SECONDS = 90.0
_MOST_PACKED = 256 * 1024 * 1024
_MOST_FILE = 16 * 1024 * 1024
_MOST_FILES = 50_000
# What others wrote: the scanner's rules see examples and test keys there, so only own values are looked for.
_OTHERS = re.compile(r"(?:^|/)(?:site-packages|dist-packages|node_modules|vendor|__pycache__)/")
_INSTALLED = re.compile(r"(.*/|)[^/]+\.dist-info/")
_NAMES = re.compile(
    r"(?i)(?:^|/)(?:\.env(?:\.(?!example|sample|template)[^/]*)?|\.git/(?:HEAD|config)|\.npmrc|\.pypirc|\.netrc|id_(?:rsa|ecdsa|ed25519)"
    r"|[^/]+\.(?:p12|pfx|jks|keystore)|\.aws/credentials|\.htpasswd|\.git-credentials)$"
)


def artefact(target: Target) -> Iterator[Result]:
    """Decides on the live release's files."""
    if target.world is None or target.scanner is None or not target.shells:
        yield unknown(checks.ARTEFACT, "no host can be asked for what it serves: give launch-ready:hosts")
        return
    name = next(iter(target.shells))
    packed = target.folder / f"release-{name}.tar"
    facts = _fetched(target.world, name, packed)
    look = _Members(packed)
    values, unread = known_values(target)
    spotter = Spotter(values)
    scanned = target.scanner.scan(piece for piece in spotter.watch(look.pieces()) if not look.is_others(piece.path))
    packed.unlink()
    judge = Judge(load(target.root), target.clock.now().date())
    opened = [leak for leak in scanned.leaks if judge.closed_by(leak) is None]
    wrong = [f"{clean(path)} is in it" for path in look.named]
    wrong += [f"{len(opened)} that look like credentials"] if opened else []
    wrong += [f"the stack's own {', '.join(sorted({spot.secret for spot in spotter.spots}))}"] if spotter.spots else []
    count = f"{look.files} files of {facts.version} on {name} ({look.files - look.others} its own) by {scanned.tool}"
    if wrong:
        tables = (leaks_table(opened, judge), spots_table(spotter.spots))
        yield failed(checks.ARTEFACT, f"{'; '.join(wrong)}, of {count}", *tables)
    elif gap := unread or look.gap:
        yield unknown(checks.ARTEFACT, f"nothing in {count}, and not all was looked at: {gap}")
    else:
        words = (
            f"{len(spotter.names)} values of the stack's own were looked for in all files, {scanned.fed} bytes by rules"
        )
        yield passed(checks.ARTEFACT, f"nothing in {count}", Said("How far", words))


def _fetched(world: World, name: str, into: Path) -> HostFacts:
    """The facts of the host, and its live release packed into a file. Raises :class:`HostError`."""
    shell = world.shells[name]
    facts = read_facts(name, shell.run(commands.look(world.layout), timeout=_SECONDS))
    if facts.serving is None or facts.version is None:
        raise HostError(f"{name} serves nothing: release something first")
    folder = f"{world.layout.srv}/slots/{facts.serving}/."
    most = _MOST_PACKED // 1024
    size = f'[ "$(du -sk {folder} | cut -f 1)" -le {most} ] || {{ echo "it has more than {most} KiB" >&2; exit 1; }}'
    ran = shell.pull(f"{size}; exec tar -C {folder} -cf - .", into, timeout=_SECONDS)
    if ran.status:
        raise HostError(f"{name}: the live release cannot be read: {failure(ran)}")
    return facts


class _Members:
    """Reads a tar from its beginning to its end; nothing is unpacked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.files = 0
        self.others = 0
        self.gap = ""
        self.named: list[str] = []
        self._installed: tuple[str, ...] = ()

    def is_others(self, path: str) -> bool:
        """Whether a package brought it, by its folder: pip leaves a ``*.dist-info`` where it installs."""
        return _OTHERS.search(path) is not None or path.startswith(self._installed)

    def pieces(self) -> Iterator[Piece]:
        """Each regular file. Raises :class:`HostError` for a tar that is none."""
        try:
            with tarfile.open(self._path, mode="r:") as tar:
                found = (_INSTALLED.match(_path(name)) for name in tar.getnames()[:_MOST_FILES])
                self._installed = tuple({each[1] for each in found if each and each[1] != "release/"})
                for member in tar.getmembers():
                    yield from self._piece(tar, member)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise HostError(f"the live release came as no tar ({type(error).__name__})") from None

    def _piece(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[Piece]:
        path = _path(member.name)
        if not member.isreg():
            return
        self.files += 1
        self.others += self.is_others(path)
        if _NAMES.search(path):
            self.named.append(path)
        if member.size > _MOST_FILE or self.files > _MOST_FILES:
            self.gap = f"{path} is too big" if member.size > _MOST_FILE else f"more than {_MOST_FILES} files"
        elif (file := tar.extractfile(member)) is not None:
            yield Piece("live release", path, file.read(_MOST_FILE), 1)


def _path(name: str) -> str:
    return f"release/{name.removeprefix('./')}"
