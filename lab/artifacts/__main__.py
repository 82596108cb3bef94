"""``python -m lab.artifacts [--python 3.11] [--faulty]``: build the artefacts and print their paths, one a line."""

from __future__ import annotations

import argparse
import sys

from core.errors import LabError
from lab.artifacts.build import build
from lab.artifacts.python import Version
from lab.artifacts.variants import FAULTY, VARIANTS
from lab.place import here


def _version(text: str) -> Version:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab.artifacts", description="Build the lab's artefacts.")
    parser.add_argument("--python", type=_version, help="the hosts' Python, like 3.13; by default what they have")
    parser.add_argument("--faulty", action="store_true", help="the release with seeded faults too")
    options = parser.parse_args()
    variants = (*VARIANTS, FAULTY) if options.faulty else VARIANTS
    try:
        paths = build(here(), lambda line: print(line, file=sys.stderr, flush=True), options.python, variants)
    except LabError as error:
        print(f"lab.artifacts: {error}", file=sys.stderr)
        return error.exit_code
    for key, path in paths.items():
        print(key, path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
