"""The file system that all hosts lie on: a Debian tree, and above it a layer that makes it a host of ours.

Both are kept in the cache under the digest of what they are made of. Each is made aside and renamed when it is whole.
Two layers, because Debian's packages take most of a minute and the network, and the rest a second or two.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from core.errors import LabError
from core.terminal import clean
from lab.hosts import mounts, needs
from lab.hosts.container import script_argv
from lab.hosts.lock import locked
from lab.hosts.recipe import Base, layer_digest, offers, read_files
from lab.place import Place

Say = Callable[[str], None]

_HERE = Path(__file__).resolve().parent
_PREPARE = _HERE.parent.parent / "scripts" / "prepare-host"
_CUSTOMIZE = _HERE / "customize"
# What prepare-host installs beside what it holds itself.
_BROUGHT = (_PREPARE.with_name("rollback-here"), _PREPARE.with_name("cloudflare-ranges"))
_FILES = _HERE / "tree"
# How apt reaches the outside on this machine: mmdebstrap starts from a clean configuration without it.
_APT_OPTIONS = ("Acquire::http", "Acquire::https", "Acquire::Retries", "Acquire::ForceIPv4")


def base_tree(place: Place) -> Path:
    """Where the Debian tree is, once :func:`ensure_tree` has made it."""
    return place.cache / f"tree-{_base().digest}" / "root"


def layers(place: Place) -> list[Path]:
    """What a host's overlay lies on, the top layer first."""
    return [place.cache / f"layer-{layer_digest(_base(), _sources())}" / "disk" / "upper", base_tree(place)]


def ensure_tree(place: Place, say: Say) -> Path:
    """Make the tree and its layer unless they are cached; returns the tree. Old ones that no host lies on are removed.

    Raises :class:`LabError` where this machine cannot make one.
    """
    needs.require_machine()
    layer, base = layers(place)
    if base.is_dir() and layer.is_dir():
        return base
    place.cache.mkdir(exist_ok=True)
    # One process builds, and another that needs the same waits for it.
    with locked(place.cache):
        if not base.is_dir():
            _make(base.parent, lambda aside: _build_base(aside, say))
        if not layer.is_dir():
            _make(layer.parent.parent, lambda aside: _build_layer(aside, base, say))
        _prune(place.cache, {base.parent, layer.parent.parent})
    return base


def _build_base(aside: Path, say: Say) -> None:
    base = _base()
    say(f"building the hosts' Debian tree ({base.suite}): once, about a minute")
    began = time.monotonic()
    errors = _mmdebstrap(base.argv(aside / "root", _apt_sources(base.suite), _apt_options()))
    if errors is not None:
        lines = [line for line in errors.splitlines() if line.startswith(("E:", "W:"))] or [errors[-300:]]
        raise LabError(f"mmdebstrap could not build the hosts' tree: {clean(' '.join(lines[:3]))}")
    say(f"the hosts' Debian tree is there after {time.monotonic() - began:.0f} s")


def _mmdebstrap(argv: list[str]) -> str | None:
    """Run it; its messages if it failed. An interrupt is passed on, and waited for while it stops its own children."""
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            errors = child.communicate()[1]
        except BaseException:
            child.terminate()
            raise
        return errors if child.returncode else None


def _build_layer(aside: Path, base: Path, say: Say) -> None:
    say("preparing the tree for releases (scripts/prepare-host)")
    root = aside / "root"
    mounts.make_overlay([base], aside / "disk", root)
    try:
        shutil.copytree(_FILES, root, dirs_exist_ok=True)
        _prepare(root)
        _run_inside(root, _CUSTOMIZE)
    finally:
        mounts.unmount(aside)
    shutil.rmtree(aside / "disk" / "work")


def _prepare(root: Path) -> None:
    brought = root / "run" / "prepare-host"
    brought.mkdir()
    try:
        for file in _BROUGHT:
            shutil.copy(file, brought)
        _run_inside(root, _PREPARE, "FILES=/run/prepare-host\n")
    finally:
        shutil.rmtree(brought)


def _run_inside(root: Path, script: Path, before: str = "") -> None:
    """Run a script of ours as root in the tree. It can be trusted: it is as much ours as this module."""
    text = before + script.read_text(encoding="utf-8")
    done = subprocess.run(script_argv(root), input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        words = clean(" ".join((done.stderr or done.stdout).split())[-400:])
        raise LabError(f"{script.name} failed in the hosts' tree: {words}")


def _make(target: Path, build: Callable[[Path], None]) -> None:
    """Let ``build`` fill a folder aside, and rename it to ``target``; what fails or is interrupted leaves nothing."""
    aside = target.with_name(f"{target.name}.part")
    _remove(aside)
    try:
        # The tree holds setuid programs that nothing will update: only root may come near.
        aside.mkdir(mode=0o700)
        build(aside)
        aside.rename(target)
    except BaseException:
        _remove(aside)
        raise


def _remove(folder: Path) -> None:
    if folder.exists():
        mounts.unmount(folder)
        shutil.rmtree(folder)


def _prune(cache: Path, wanted: set[Path]) -> None:
    for folder in (*cache.glob("tree-*"), *cache.glob("layer-*")):
        parts = (folder / "root", folder / "disk" / "upper")
        if folder not in wanted and not any(mounts.is_used(part) for part in parts):
            _remove(folder)


def _base() -> Base:
    return Base(needs.suite(), platform.machine())


def _sources() -> dict[str, tuple[int, bytes]]:
    """All that the layer is made from."""
    scripts = {path.name: (0o755, path.read_bytes()) for path in (_PREPARE, _CUSTOMIZE, *_BROUGHT)}
    return {**scripts, **{f"tree/{path}": content for path, content in read_files(_FILES).items()}}


def _apt_sources(suite: str) -> list[Path]:
    folder = Path("/etc/apt/sources.list.d")
    files = [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list")), *sorted(folder.glob("*.sources"))]
    found = [path for path in files if path.is_file() and offers(path.read_text(errors="replace"), suite)]
    if not found:
        raise LabError(
            f"no apt source of this machine (/etc/apt) offers Debian {suite} main, from which hosts are made"
        )
    return found


def _apt_options() -> list[str]:
    argv = ["apt-config", "dump", "--no-empty", "--format", '%f "%v";%n', *_APT_OPTIONS]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
