"""``invoke preview``'s work on a zone of many DNS records beside octoDNS planning the same, against the same API.

``python -m lab.bench.zone_plan --records 1000 10000`` shows it alone; it needs no hosts and no root. Each side is a
process of its own, so that its CPU seconds are its own: of ours, the Pulumi program's (the SDK, another process) are
told apart from the engine's. Nobody has created anything before: both plan to create all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from core.errors import LabError
from lab.place import ACCOUNT_ID, ZONE, here

ROOT = Path(__file__).resolve().parents[2]
STACK = "bench"
_COPIED = ("__main__.py", "Pulumi.yaml")
_LINKED = ("core",)
_WIDTHS = (11, 11, 9, 13, 11, 9, 11)
_READY_SECONDS = 10.0
_LONGEST_SECONDS = 900.0


@dataclass(frozen=True)
class Planned:
    """Seconds of one plan: the whole process's, the CPU's of it, and of that the Pulumi program's."""

    records: int
    ours: float
    cpu: float
    program_cpu: float
    octodns: float
    octodns_cpu: float

    def row(self) -> str:
        """A line of the table."""
        engine = self.cpu - self.program_cpu
        return (
            f"{self.records:>8}{self.ours:>9.1f} s{self.octodns:>9.1f} s{self.ours / self.octodns:>9.1f}"
            f"{self.program_cpu:>11.1f} s{engine:>9.1f} s{engine / self.cpu:>9.0%}{self.octodns_cpu:>9.1f} s"
        )


def heading() -> str:
    """The table's first line."""
    names = ("ours", "octoDNS", "ratio", "SDK (CPU)", "engine", "share", "octoDNS")
    return f"{'records':>8}" + "".join(f"{name:>{width}}" for name, width in zip(names, _WIDTHS, strict=True))


def measured(records: int) -> Planned:
    """Both plans of a zone with so many records, one after the other. Raises :class:`LabError`."""
    with tempfile.TemporaryDirectory(prefix="launch-ready-bench-") as name, _api(Path(name)) as (url, token):
        folder = Path(name)
        _require_zone(url, token)
        mine = _ours(folder, url, token, records)
        theirs = _octodns(folder, url, token, records)
    return Planned(records, mine["seconds"], mine["cpu"], mine["program_cpu"], theirs["seconds"], theirs["cpu"])


@contextmanager
def _api(folder: Path) -> Iterator[tuple[str, str]]:
    """The lab's Cloudflare API with nothing in it, on an address where no lab is."""
    token = f"lab_{secrets.token_hex(20)}"
    (folder / "token").write_text(token, encoding="utf-8")
    listen = f"{here().address(0, 205)}:8080"
    files = ("--state", str(folder / "cloudflare.json"), "--token-file", str(folder / "token"))
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.cloudflare", "--listen", listen, *files], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://{listen}/client/v4"
        _wait(process, url, token)
        yield url, token
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, token: str) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            _asked("GET", f"{url}/user/tokens/verify", token)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise LabError("the lab's Cloudflare API did not start")


def _asked(method: str, url: str, token: str, **sent: Any) -> Any:
    answer = requests.request(method, url, headers={"Authorization": f"Bearer {token}"}, timeout=10, **sent)
    answer.raise_for_status()
    return answer.json()["result"]


def _require_zone(url: str, token: str) -> None:
    """octoDNS plans for a zone that is there."""
    _asked("POST", f"{url}/zones", token, json={"name": ZONE, "account": {"id": ACCOUNT_ID}})


def _ours(folder: Path, url: str, token: str, records: int) -> dict[str, float]:
    """The program of this project, in a folder of its own with a stack of many records."""
    root = folder / "project"
    (root / "stacks").mkdir(parents=True)
    for name in _COPIED:
        # The program looks for its stacks beside itself, wherever a link would lead.
        shutil.copy(ROOT / name, root)
    for name in _LINKED:
        (root / name).symlink_to(ROOT / name)
    for path in (ROOT / "stacks").iterdir():
        if path.suffix != ".yaml":
            (root / "stacks" / path.name).symlink_to(path)
    stack = yaml.safe_dump({"config": _config(records)})
    (root / "stacks" / f"Pulumi.{STACK}.yaml").write_text(stack, encoding="utf-8")
    return _process([sys.executable, "-m", "lab.bench.zone_plan", "--plan", str(root), "--url", url], token, records)


def _config(records: int) -> dict[str, Any]:
    listed = [
        {"name": f"n{number}", "type": "TXT", "content": f"record {number}", "ttl": 300} for number in range(records)
    ]
    return {
        "launch-ready:zone": {"name": ZONE, "account_id": ACCOUNT_ID, "plan": "enterprise", "protect": False},
        "launch-ready:hosts": {"app": [{"name": "app-1", "address": "127.0.1.1"}]},
        "launch-ready:dns": {"web": ["@"], "records": listed},
        "launch-ready:email": {
            "mx": [],
            "senders": [],
            "dkim": [],
            "dmarc": {"policy": "reject", "reports": [f"dmarc@{ZONE}"]},
        },
    }


def plan(root: Path, url: str, token: str) -> dict[str, float]:
    """In the process of ours: a preview; what it took, by itself and by the program that it ran."""
    from core.secret import Secret
    from lab.engine import api
    from lab.engine.project import Project

    project = Project(
        root=root,
        stack=STACK,
        state_folder=root / "state",
        base_url=url,
        token=Secret(token),
        passphrase=Secret("bench"),
    )
    began = time.perf_counter()
    seen = api.preview(project, lambda _event: None)
    own, program = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    program_cpu = program.ru_utime + program.ru_stime
    return {
        "seconds": time.perf_counter() - began,
        "cpu": own.ru_utime + own.ru_stime + program_cpu,
        "program_cpu": program_cpu,
        "steps": float(sum(seen.changes.values())),
    }


def _octodns(folder: Path, url: str, token: str, records: int) -> dict[str, float]:
    """octoDNS's own command, with its YAML provider as the source and its Cloudflare provider as the target."""
    source = folder / "octodns"
    source.mkdir()
    listed = {f"n{number}": {"type": "TXT", "ttl": 300, "value": f"record {number}"} for number in range(records)}
    (source / f"{ZONE}.yaml").write_text(yaml.safe_dump(listed), encoding="utf-8")
    config = {
        "providers": {
            "config": {"class": "octodns.provider.yaml.YamlProvider", "directory": str(source), "enforce_order": False},
            "cloudflare": {
                "class": "octodns_cloudflare.CloudflareProvider",
                "token": "env/CLOUDFLARE_TOKEN",
                "account_id": ACCOUNT_ID,
                "api_url": url,
                "min_ttl": 60,
            },
        },
        "zones": {f"{ZONE}.": {"sources": ["config"], "targets": ["cloudflare"]}},
    }
    (folder / "octodns.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [sys.executable, "-m", "octodns.cmds.sync", "--config-file", str(folder / "octodns.yaml")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = _finished(command, token)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or f"Creates={records}" not in done.stdout + done.stderr:
        raise LabError(f"octoDNS did not plan to create {records} records: {(done.stdout + done.stderr)[-400:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": time.perf_counter() - began, "cpu": cpu}


def _process(command: list[str], token: str, records: int) -> dict[str, float]:
    done = _finished(command, token)
    if done.returncode:
        raise LabError(f"the preview failed: {done.stderr.strip()[-400:]}")
    found: dict[str, float] = json.loads(done.stdout)
    if found["steps"] < records:
        raise LabError(f"the preview has {found['steps']:g} steps for {records} records")
    return found


def _finished(command: list[str], token: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CLOUDFLARE_TOKEN": token}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=_LONGEST_SECONDS
    )


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab.bench.zone_plan", description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--plan", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plan:
        print(json.dumps(plan(options.plan, options.url, os.environ["CLOUDFLARE_TOKEN"])))
        return 0
    print(heading())
    for records in options.records:
        print(measured(records).row(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
