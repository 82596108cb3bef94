"""``python -m lab.timeline --load FILE --events FILE --out PAGE``: draw what a load recorded."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.errors import LabError
from lab.load.records import read
from lab.timeline.model import Facts, read_events
from lab.timeline.page import render


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab.timeline", description="Draw what a load recorded.")
    parser.add_argument("--load", type=Path, required=True, help="the records, as lab.load wrote them")
    parser.add_argument("--events", type=Path, help="a JSON list of events")
    parser.add_argument("--out", type=Path, required=True, help="where the page goes")
    options = parser.parse_args()
    try:
        records, stored = read(options.load)
        events = read_events(options.events) if options.events else []
        page = render(records, events, Facts(stored=stored))
        options.out.write_text(page, encoding="utf-8")
    except LabError as error:
        print(f"lab.timeline: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"lab.timeline: {options.out} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
