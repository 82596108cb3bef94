"""``python -m lab.hosts``: make the hosts' tree ready, one line a step.

Needs no package beside the standard library: scripts/setup runs it while it installs those.
"""

from __future__ import annotations

import signal
import sys

from core.errors import LaunchReadyError
from core.terminal import clean
from lab.hosts.tree import ensure_tree
from lab.place import here


def main() -> int:
    """Exit status 1 and one sentence on standard error where there can be no tree; 130 when interrupted."""
    # Not SIGINT alone: a shell starts what it puts in the background with that one ignored.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        ensure_tree(here(), lambda line: print(f"hosts: {line}", flush=True))
    except LaunchReadyError as error:
        print(f"hosts: {clean(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("hosts: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
