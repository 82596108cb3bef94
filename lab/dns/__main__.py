"""``python -m lab.dns --listen 127.0.0.53:53 --state … --tree … --folder … --edge 127.0.0.3``"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from core.errors import LabError
from core.loopback import require_loopback
from lab.dns.follow import Zones, serve
from lab.dns.keys import Keys
from lab.services.foreground import listen_address, log_to_stderr


def main() -> int:
    """Parse the command line and serve; return the exit status."""
    parser = argparse.ArgumentParser(prog="lab.dns", description="Serve the Cloudflare API's zones with Knot DNS.")
    parser.add_argument("--listen", type=listen_address, required=True, metavar="ADDRESS:PORT")
    parser.add_argument("--state", type=Path, required=True, help="the Cloudflare API's state file")
    parser.add_argument("--tree", type=Path, required=True, help="a Debian tree that has Knot DNS")
    parser.add_argument("--folder", type=Path, required=True, help="where zone files go")
    parser.add_argument("--edge", required=True, help="the address that proxied names have")
    arguments = parser.parse_args()
    log_to_stderr()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        address, port = arguments.listen
        folder = arguments.folder.resolve()
        keys = Keys(folder, arguments.tree)
        zones = Zones(folder, address, port, require_loopback(arguments.edge), keys.make_sign)
        return serve(zones, arguments.state, arguments.tree, stopped)
    except LabError as error:
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
