"""``python -m lab.demo [--keep]``: what ``scripts/demo`` runs. The exit status is 0 only if every claim held."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from core.errors import LaunchReadyError
from lab import api as lab
from lab.artifacts import build
from lab.demo import story
from lab.demo.stage import Stage
from lab.place import here


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description="The main job from end to end, on this machine.")
    parser.add_argument("--keep", action="store_true", help="leave the lab up, to go on by hand")
    options = parser.parse_args()
    stage = Stage(here())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        lab.require_none(stage.place, "the demo")
        return _run(stage, options.keep)
    except KeyboardInterrupt:
        stage.say("interrupted")
        return 130
    except LaunchReadyError as error:
        stage.say(f"error: {error}")
        return error.exit_code


def _run(stage: Stage, keep: bool) -> int:
    began = time.monotonic()
    try:
        story.tell(stage, build(stage.place, stage.say))
        stage.say(
            f"{len(stage.claims)} claims, {sum(not claim.held for claim in stage.claims)} of them failed; "
            f"{time.monotonic() - began:.0f} s in all"
        )
    finally:
        if not (keep and stage.held):
            stage.act("The lab is taken down" + (" (--keep keeps one that worked)" if keep else ""))
            lab.down(stage.place, stage.say)
    return 0 if stage.held else 1


if __name__ == "__main__":
    sys.exit(main())
