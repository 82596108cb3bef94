"""The hosts' Python: which one it is, the packages for it, and bytecode that it need not check."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from core.errors import LabError
from core.terminal import clean

Version = tuple[int, int]

# Of the wheels' contents, what running the app never reads.
_UNREAD = ("*.pyx", "*.pxd", "*.pyi", "*.c", "*.h")
# Of Pillow: AVIF, fonts, colour profiles and Tk, a third of all that is sent to a host. Uploads are none of these.
_UNUSED = (
    *("PIL/_avif.*", "PIL/_imagingft.*", "PIL/_imagingcms.*", "PIL/_imagingtk.*", "pillow.libs/libavif-*"),
    *("pillow.libs/libfreetype-*", "pillow.libs/libharfbuzz-*", "pillow.libs/liblcms2-*", "pillow.libs/libbrotli*"),
)
_BUILD_ONLY = ("bin", "cffi", "cffi-*", "pycparser", "pycparser-*")
_GLIBCS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


def version_of(root: Path) -> Version | None:
    """The version of Debian's ``/usr/bin/python3`` in the tree at ``root``; None where there is none."""
    try:
        name = (root / "usr/bin/python3").readlink().name
    except OSError:
        return None
    match = re.fullmatch(r"python(\d+)\.(\d+)", name)
    return (int(match[1]), int(match[2])) if match else None


def pip_argv(version: Version, machine: str, requirements: Path, target: Path) -> list[str]:
    """The command that puts wheels for ``version`` into ``target``: pinned, hashed, nothing built from source."""
    platforms = [word for glibc in _GLIBCS for word in ("--platform", f"{glibc}_{machine}")]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--target", str(target), "--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:"),
        *("--implementation", "cp", "--python-version", ".".join(map(str, version)), *platforms),
        *("--requirement", str(requirements)),
    ]


def install(version: Version, requirements: Path, target: Path) -> None:
    """Install ``requirements`` into ``target`` and leave out what is never read. Raises :class:`LabError`."""
    argv = pip_argv(version, platform.machine(), requirements, target)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = clean((done.stderr.strip().splitlines() or ["no reason given"])[-1])
        raise LabError(f"pip cannot bring the app's packages in {requirements}: {reason}")
    for pattern in _BUILD_ONLY:
        for path in target.glob(pattern):
            shutil.rmtree(path)
    for pattern in _UNREAD:
        for path in target.rglob(pattern):
            path.unlink()
    for pattern in _UNUSED:
        for path in target.glob(pattern):
            path.unlink()
    _forget_commands(target)


def _forget_commands(target: Path) -> None:
    """``bin/`` is left out, and its lines with it: their hashes are of scripts that name the builder's own Python."""
    for record in target.glob("*.dist-info/RECORD"):
        lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
        record.write_text("".join(line for line in lines if not line.startswith("../../bin/")), encoding="utf-8")


def compile_folder(version: Version, folder: Path, say: Callable[[str], None]) -> None:
    """Compile all of ``folder`` for ``version``; without a Python of that version on this machine, say so and go on.

    The bytecode carries an unchecked hash (PEP 552): a release is never edited in place, and a start needs no stat.
    """
    interpreter = _interpreter(version)
    if interpreter is None:
        say(f"no Python {version[0]}.{version[1]} here to compile the app with: its releases start some seconds slower")
        return
    argv = [interpreter, "-IS", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder)]
    # Single-threaded and unsalted: bytecode differs with the order of work and of sets.
    done = subprocess.run(
        [*argv, str(folder)], env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise LabError(f"the app does not compile: {clean((done.stdout + done.stderr).strip())[:500]}")


def _interpreter(version: Version) -> str | None:
    wanted = f"python{version[0]}.{version[1]}"
    candidates = ("/usr/bin/python3", sys.executable, shutil.which(wanted))
    return next((name for name in candidates if name and Path(name).resolve().name == wanted), None)
