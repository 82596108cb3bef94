"""A script for a host, as text: assignments, and then fragments of ``scripts/``.

The values are quoted by :mod:`shlex` and the fragments name no value of their own, so that no text from an artefact, a
journal or a settings file is ever read as shell. Hosts answer in lines, ``WORD VALUE``.
"""

from __future__ import annotations

import functools
import shlex
from pathlib import Path

from deploy.layout import Layout

_FOLDER = Path(__file__).parent / "scripts"
# The fragments that steps are made of.
PARTS = frozenset({"lib", "facts", "nothing", "preflight", "contents"})


def script(layout: Layout, fragments: str, **values: str | float) -> str:
    """``lib`` and the ``fragments`` (names, with spaces between), with the host's places and ``values`` set before."""
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


def word(value: bool) -> str:
    """As scripts are told it."""
    return "yes" if value else "no"
