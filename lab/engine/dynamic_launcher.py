"""Runs ``python -m pulumi.dynamic``, and ends it with the engine: what the CLI's plugin host does.

A script, and a process of its own: it imports nothing of this project but what the pickled providers name. The engine
holds its standard input open; when that closes, the engine is gone and so is this process.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
from pathlib import Path


def _end_with_the_engine() -> None:
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_engine, daemon=True).start()
    # As `python -m` has it: a provider is pickled by reference to a module of the project.
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
