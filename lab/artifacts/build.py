"""Build the artefacts: the same inputs give the same bytes, and are not built again."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core import pack as packing
from core.errors import LabError
from lab.artifacts import python
from lab.artifacts.variants import NAME, VARIANTS, Variant
from lab.hosts.api import base_tree
from lab.place import Place

APP = Path(__file__).resolve().parent.parent / "app"
REQUIREMENTS = APP / "requirements.txt"
FAULTS = "faults"

Say = Callable[[str], None]


def build(
    place: Place, say: Say, version: python.Version | None = None, variants: Sequence[Variant] = VARIANTS
) -> dict[str, Path]:
    """Build what is not in the cache; returns the artefacts' paths by key: v1, v2, unhealthy, turns-bad.

    ``version`` is the hosts' Python, by default that of their tree, or this machine's where there is no tree yet.
    The first build takes some seconds (pip); without a change after it, nothing is done. Raises :class:`LabError`.
    """
    version = version or hosts_python(place)
    folder = place.cache / "artifacts"
    folder.mkdir(parents=True, exist_ok=True)
    targets = {variant: folder / f"{NAME}-{variant.version}-{_digest(variant, version)}.tar.gz" for variant in variants}
    missing = {variant: target for variant, target in targets.items() if not target.exists()}
    if missing:
        with _locked(folder):
            packages = _packages(folder, version, say)
            for variant, target in missing.items():
                say(f"packing {NAME} {variant.version}")
                _build_one(variant, packages, version, target, say)
    return {variant.key: target for variant, target in targets.items()}


def hosts_python(place: Place) -> python.Version:
    """The version of the hosts' Python. Raises :class:`LabError` where neither a tree nor this machine has one."""
    version = python.version_of(base_tree(place)) or python.version_of(Path("/"))
    if version is None:
        raise LabError("the app needs /usr/bin/python3 as Debian installs it, on the hosts or on this machine")
    return version


def stage(variant: Variant, folder: Path) -> None:
    """Lay out ``variant``'s own files, without its libraries, in ``folder``."""
    shutil.copytree(APP / "bin", folder / "bin")
    for path in _sources(variant):
        target = folder / path.relative_to(APP)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (folder / "release.toml").write_text(variant.release_toml(), encoding="utf-8")


def _sources(variant: Variant) -> list[Path]:
    """The files of the app that ``variant`` has: all of the ground, its parts, the migrations up to its target."""
    files = [path for path in sorted((APP / NAME).rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    return [path for path in files if _belongs(variant, path)]


def _belongs(variant: Variant, path: Path) -> bool:
    if path.is_relative_to(APP / NAME / FAULTS):
        return FAULTS in variant.parts
    if path.parent.name == "parts":
        return path.stem == "__init__" or path.stem in variant.parts
    if path.parent.name == "migrations":
        return int(path.name[:4]) <= variant.target
    return True


def _build_one(variant: Variant, packages: Path, version: python.Version, target: Path, say: Say) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        folder = Path(name)
        stage(variant, folder)
        python.compile_folder(version, folder / NAME, say)
        shutil.copytree(packages, folder / "lib")
        packing.pack(folder, target)


def _packages(folder: Path, version: python.Version, say: Say) -> Path:
    """The app's libraries, installed and compiled once for each set of pins and each Python."""
    digest = _hash(_inputs([REQUIREMENTS]), str(version))
    target = folder / f"packages-{digest}"
    if not target.exists():
        say(f"installing the app's packages for Python {version[0]}.{version[1]}")
        with tempfile.TemporaryDirectory(dir=folder) as name:
            staging = Path(name) / "lib"
            python.install(version, REQUIREMENTS, staging)
            python.compile_folder(version, staging, say)
            staging.rename(target)
    return target


def _digest(variant: Variant, version: python.Version) -> str:
    """What an artefact is made of, and how: the builder's own sources count too."""
    builder = [*sorted(Path(__file__).parent.glob("*.py")), Path(packing.__file__)]
    files = [*_sources(variant), *sorted((APP / "bin").iterdir()), REQUIREMENTS, *builder]
    return _hash(_inputs(files), str(version), str(variant))


def _inputs(paths: Iterable[Path]) -> str:
    return _hash(*(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in paths))


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
