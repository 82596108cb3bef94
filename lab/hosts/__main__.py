"""``python -m lab.hosts``: make the hosts' tree ready, as scripts/setup does. Prints one line a step."""

from __future__ import annotations

import sys

from core.errors import LaunchReadyError
from core.terminal import clean
from lab.hosts.tree import ensure_tree
from lab.place import here


def main() -> int:
    """Exit status 1 and one sentence on standard error where there can be no tree; 130 when interrupted."""
    try:
        ensure_tree(here(), lambda line: print(line, flush=True))
    except LaunchReadyError as error:
        print(f"error: {clean(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
