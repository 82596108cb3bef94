"""``invoke review`` of a preview of many steps, as a whole command, in each of its forms.

``python -m lab.bench.review`` shows it alone; it needs no lab. The preview is of the example stack with many DNS
records beside its own: some stay, most come, change, go or are replaced; and a rule of its WAF goes, so that requests
are tried.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.resources import Resource
from lab.bench.timed import Took, timed
from lab.engine.declared import declared

STEPS: Final = 10_000
FORMATS: Final = ("text", "markdown", "html", "json")
STACK: Final = "example"
_ROOT: Final = Path(__file__).resolve().parents[2]
_CUSTOM: Final = "http_request_firewall_custom"
# Of ten records: what becomes of each.
_OPS: Final = ("same", "same", "create", "create", "create", "update", "update", "update", "delete", "replace")
# A review ends with 2 where something weakens, and here something does.
_ENDS: Final = (0, 2)


@dataclass(frozen=True)
class Figure:
    """Medians: ``seconds`` of a whole command, and of its processor."""

    form: str
    steps: int
    rounds: int
    seconds: float
    cpu: float
    peak_megabytes: float

    def row(self) -> str:
        """A line of the table."""
        return f"{self.form:<10}{self.steps:>8}{self.seconds:>9.2f} s{self.cpu:>9.2f} s{self.peak_megabytes:>8.0f} MB"


def heading() -> str:
    """The table's first line."""
    return f"{'review':<10}{'steps':>8}{'command':>11}{'CPU':>11}{'memory':>11}"


def measured(steps: int, runs: int) -> list[Figure]:
    """Each form, ``runs`` times. Raises :class:`core.errors.LabError`."""
    with tempfile.TemporaryDirectory(prefix="launch-ready-bench-") as name:
        file = Path(name) / "preview.json"
        file.write_text(json.dumps(preview(steps)), encoding="utf-8")
        return [_figure(form, steps, [_reviewed(file, form) for _ in range(runs)]) for form in FORMATS]


def _reviewed(file: Path, form: str) -> Took:
    command = [sys.executable, "-m", "invoke", "review", "--stack", STACK, "--preview", str(file), "--format", form]
    return timed([*command, "--out", str(file.with_name(f"review.{form}"))], ends=_ENDS)


def _figure(form: str, steps: int, rounds: list[Took]) -> Figure:
    return Figure(
        form,
        steps,
        len(rounds),
        statistics.median(one.seconds for one in rounds),
        statistics.median(one.cpu for one in rounds),
        max(one.peak_bytes for one in rounds) / 1_000_000,
    )


def preview(steps: int) -> dict[str, Any]:
    """What ``pulumi preview --json --show-sames`` would print, with so many steps."""
    own = [one.resource for one in declared(_ROOT, STACK)]
    zone = next(one for one in own if one.kind == "Zone")
    listed = [_of_the_stack(one) for one in own]
    listed += [_step(number, zone) for number in range(steps - len(listed))]
    return {"steps": listed, "diagnostics": [], "changeSummary": Counter(step["op"] for step in listed)}


def _of_the_stack(one: Resource) -> dict[str, Any]:
    """What stays as it is; of the WAF's own rules the first goes."""
    now = _state(one, dict(one.properties))
    rules = list(one.properties.get("rules") or ())
    if one.kind != "Ruleset" or one.properties.get("phase") != _CUSTOM:
        return {"op": "same", "urn": one.urn, "oldState": now, "newState": now}
    after = _state(one, {**one.properties, "rules": rules[1:]})
    paths = {"rules[0]": {"kind": "delete", "inputDiff": True}}
    return {"op": "update", "urn": one.urn, "oldState": now, "newState": after, "detailedDiff": paths}


def _step(number: int, zone: Resource) -> dict[str, Any]:
    op = _OPS[number % len(_OPS)]
    old, new = (Resource(_RECORD, f"n{number}", _urn(zone, number), made, zone=zone.urn) for made in _record(number))
    step: dict[str, Any] = {"op": op, "urn": new.urn}
    if op != "create":
        step["oldState"] = _state(old, dict(old.properties))
    if op != "delete":
        step["newState"] = _state(new, dict((old if op == "same" else new).properties))
    if op in ("update", "replace"):
        step["detailedDiff"] = {"content": {"kind": "update", "inputDiff": True}}
    if op == "replace":
        step["replaceReasons"] = ["content"]
    return step


_RECORD: Final = "cloudflare:index/dnsRecord:DnsRecord"


def _urn(zone: Resource, number: int) -> str:
    stack, project, _types, _name = zone.urn.split("::", 3)
    return f"{stack}::{project}::{_RECORD}::n{number}"


def _record(number: int) -> Iterator[dict[str, Any]]:
    """A record before and after: addresses, texts and aliases in turn."""
    name = f"n{number}.example.com"
    for side in (1, 2):
        common = {"zoneId": "z", "name": name, "ttl": 300}
        match number % 3:
            case 0:
                yield {**common, "type": "A", "content": f"198.51.{number % 250}.{side}", "proxied": True, "ttl": 1}
            case 1:
                yield {**common, "type": "TXT", "content": f'"record {number} of {side}"'}
            case _:
                yield {**common, "type": "CNAME", "content": f"target-{side}.example.net", "proxied": False}


def _state(one: Resource, inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "urn": one.urn,
        "type": one.type,
        "custom": one.custom,
        "inputs": inputs,
        "propertyDependencies": {"zoneId": [one.zone]} if one.zone else {},
    }


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab.bench.review", description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print("\n".join([heading(), *(one.row() for one in measured(options.steps, options.runs))]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
