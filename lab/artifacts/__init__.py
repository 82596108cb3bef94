"""The lab's artefacts, built from ``lab/app`` for the hosts' own Python and kept in ``.cache/artifacts``."""

from lab.artifacts.build import build

__all__ = ["build"]
