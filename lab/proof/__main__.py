"""``python -m lab.proof``: what ``scripts/prove`` runs. The exit status is 0 only if every claim held."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from core.errors import LaunchReadyError
from lab import api as lab
from lab.place import Place, here
from lab.proof.plan import Proof
from lab.proof.report import document, lines, page
from lab.proof.run import prove
from lab.proof.verdict import Outcome


def main() -> int:
    """Returns the exit status."""
    options = _options()
    place = here()
    proof = Proof(
        options.clients, options.switches, options.requests, options.minutes, options.rate, longest=options.longest
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        proof.check()
        lab.require_none(place, "the proof")
        outcome = _on_a_lab(place, proof, options.keep)
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except LaunchReadyError as error:
        _say(f"error: {error}")
        return error.exit_code
    _leave(outcome, options.out, options.json)
    return 0 if outcome.held else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/prove", description="Deploys and rollbacks under load on a lab of its own: is anything lost?"
    )
    parser.add_argument("--clients", type=int, default=Proof.clients, help="keep-alive clients (default %(default)s)")
    parser.add_argument("--switches", type=int, default=Proof.switches, help="deploys and rollbacks (%(default)s)")
    parser.add_argument("--requests", type=int, default=Proof.requests, help="at least so many (%(default)s)")
    parser.add_argument("--rate", type=float, default=Proof.rate, help="requests a second a client (%(default)s)")
    parser.add_argument("--longest", type=float, default=Proof.longest, help="seconds of a stream (%(default)s)")
    parser.add_argument("--minutes", type=float, default=Proof.minutes, help="end by then (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("reports"), help="the folder for proof.html and proof.json")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON and nothing else")
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    return parser.parse_args()


def _on_a_lab(place: Place, proof: Proof, keep: bool) -> Outcome:
    try:
        status = lab.up(place, say=_say)
        return prove(place, status, proof, _say)
    finally:
        if not keep:
            lab.down(place, _say)


def _leave(outcome: Outcome, folder: Path, as_json: bool) -> None:
    found = json.dumps(document(outcome), indent=2)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "proof.json").write_text(found + "\n", encoding="utf-8")
    (folder / "proof.html").write_text(page(outcome), encoding="utf-8")
    print(found if as_json else "\n".join(lines(outcome)))
    _say(f"the page with the plot: {folder / 'proof.html'}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
