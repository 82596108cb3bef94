"""``python -m lab.cloudflare``: the lab's Cloudflare API in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import LabError
from core.loopback import require_loopback
from core.secret import Secret
from core.terminal import clean
from lab.cloudflare.faults import Faults
from lab.cloudflare.monitoring.internet import Internet
from lab.cloudflare.server import make_app, serve
from lab.cloudflare.store import Store
from lab.pki import Pki
from lab.place import ACCOUNT_ID


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; the exit status is 1, with one sentence on stderr, if that cannot be."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        address, port = _listen(chosen.listen)
        token = _token(chosen.token_file)
        faults = Faults() if chosen.faults else None
        app = make_app(Store(chosen.state, ACCOUNT_ID), token, faults, chosen.pki, _internet(chosen))
        asyncio.run(serve(app, address, port))
    except LabError as error:
        sys.stderr.write(f"error: {clean(str(error))}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.cloudflare", description="Serve the lab's Cloudflare API.")
    parser.add_argument("--listen", required=True, metavar="ADDRESS:PORT", help="where to listen, in 127.0.0.0/8")
    parser.add_argument("--state", required=True, type=Path, metavar="FILE", help="the state, made if it is missing")
    parser.add_argument("--token-file", required=True, type=Path, metavar="FILE", help="holds the one API token")
    parser.add_argument("--pki", type=Path, metavar="FOLDER", help="the authorities; made beside the state without it")
    parser.add_argument("--faults", action="store_true", help="for tests: let them ask for faults at /lab/faults")
    parser.add_argument("--dns", metavar="ADDRESS:PORT", help="the lab's DNS; with it, health checks are probed")
    parser.add_argument("--sink", metavar="ADDRESS:PORT", help="where notifications to the rest of the world go")
    parser.add_argument("--smtp", metavar="ADDRESS:PORT", help="where notifications by mail go")
    parser.add_argument("--probe-from", default="", metavar="ADDRESS", help="where probes come from, in 127.0.0.0/8")
    return parser


def _internet(chosen: argparse.Namespace) -> Internet | None:
    """What is probed and told. Raises :class:`LabError` unless all of it is said, or nothing."""
    given = [chosen.dns, chosen.sink, chosen.smtp, chosen.pki]
    if not any(given[:3]):
        return None
    if not all(given):
        raise LabError("--dns, --sink, --smtp and --pki go together: give all four")
    sink, port = _listen(chosen.sink)
    return Internet(
        dns=_listen(chosen.dns),
        sink=f"http://{sink}:{port}",
        smtp=_listen(chosen.smtp),
        ca_file=Pki(chosen.pki).edge_ca_file,
        source=require_loopback(chosen.probe_from) if chosen.probe_from else "",
    )


def _listen(text: str) -> tuple[str, int]:
    address, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise LabError(f"{text!r} is not ADDRESS:PORT with a port from 1 to 65535")
    return require_loopback(address), int(port)


def _token(path: Path) -> Secret:
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise LabError(f"the token file {path} cannot be read: {reason}") from None
    if not token:
        raise LabError(f"the token file {path} is empty: put the API token into it")
    return Secret(token)


if __name__ == "__main__":
    sys.exit(main())
