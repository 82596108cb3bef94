"""Where things are on a host, as ``scripts/prepare-host`` lays them out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

Colour: TypeAlias = Literal["blue", "green"]
COLOURS: tuple[Colour, Colour] = ("blue", "green")

# A version names a folder and stands in scripts: no slash, no space, no leading dot.
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,63}")


@dataclass(frozen=True)
class Layout:
    """The host's folders and files that scripts name. Tests put them under a folder of their own."""

    srv: str = "/srv/app"
    run: str = "/run/app"
    launch: str = "/run/launch"
    tools: str = "/usr/local/lib/app"
    log: str = "/var/log/nginx/release.log"

    @staticmethod
    def under(root: PurePosixPath) -> Layout:
        """The same layout below ``root``."""
        plain = Layout()
        return Layout(*(f"{root}{path}" for path in (plain.srv, plain.run, plain.launch, plain.tools, plain.log)))


def other(colour: Colour) -> Colour:
    """The colour that is not this one."""
    return "green" if colour == "blue" else "blue"


def colour_of(text: str) -> Colour | None:
    """The colour that ``text`` names, if it names one."""
    return next((colour for colour in COLOURS if colour == text), None)
