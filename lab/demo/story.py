"""The acts, in order. Each uses what a user would use: the tasks, DNS, HTTPS through the edge."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from core.settings.stack import load_stack
from lab.demo import proofs
from lab.demo.declared import expected
from lab.demo.report import Released, close
from lab.demo.stage import Stage
from lab.hosts import api as hosts
from lab.hosts.disk import ORIGIN_NAMES
from lab.load import read
from lab.pki import Pki
from lab.place import ZONE
from lab.timeline import BUDGET_SECONDS

STACK = ("--stack", "lab")
T = TypeVar("T")
WATCH = ("--watch", "3")
FOLLOWS_WITHIN = 3.0
AFTERWARDS = 2.0
"""Seconds that clients go on after the rollback: what it broke would show then."""


def tell(stage: Stage, artifacts: dict[str, Path]) -> None:
    """All of it, with what it came to. What could not even be begun raises :class:`LabError`."""
    status = bring_up(stage)
    provision(stage)
    prove_dns(stage, status)
    first_release(stage, artifacts["v1"])
    prove_strict(stage, status)
    out = stage.place.home / "load.jsonl"
    load = ("--status", str(stage.place.status_file), "--seconds", "300", "--out", str(out))
    with stage.background("lab.load", *load, ready="ready"):
        released = releases_under_load(stage, artifacts)
        time.sleep(AFTERWARDS)
    close(stage, released, *read(out), stage.place.root / "reports" / "timeline.html")


def bring_up(stage: Stage) -> dict[str, Any]:
    """Act 1: the machines and everything that stands around them. Returns the lab's status."""
    stage.act("1  A whole environment on this machine: invoke lab.up")
    stage.invoke("lab.up")
    status: dict[str, Any] = stage.ask("lab.status")
    stage.claim(
        "two app hosts answer", len(status["hosts"]) == 2, ", ".join(host["address"] for host in status["hosts"])
    )
    return status


def provision(stage: Stage) -> None:
    """Act 2: the Pulumi program runs, and a second run has nothing to do."""
    stage.act("2  The environment from a Pulumi program: invoke up")
    stage.invoke("up", *STACK)
    again = stage.invoke("up", *STACK)
    stage.claim("a second up changes nothing and says so", "nothing changed" in again.output)


def prove_dns(stage: Stage, status: dict[str, Any]) -> None:
    """Act 3: DNS answers what the stack's file declares."""
    stage.act("3  What the world sees: DNS as declared")
    for record in expected(load_stack(stage.place.root, "lab"), status["edge"]["address"]):
        answers = _soon(partial(proofs.look_up, status, record.name, record.kind), record.among)
        seen = "; ".join(answers) or "no answer"
        held = record.among(answers)
        stage.claim(f"{record.name} {record.kind}: {record.why}", held, seen if len(seen) < 80 else seen[:77] + "…")


def prove_strict(stage: Stage, status: dict[str, Any]) -> None:
    """Act 5: with a release live, an origin certificate of an authority that nobody knows makes the edge answer 526."""
    stage.act("5  Full (strict): an origin with a stranger's certificate gets no request")
    ask = partial(proofs.edge_status, stage.place.status_file, f"app.{ZONE}", "/version")
    stage.claim(f"https://app.{ZONE} answers through the edge", ask() == 200)
    names = [host["name"] for host in status["hosts"]]
    try:
        _certify(stage, names, Pki(stage.place.home / "stranger"))
        seen = _soon(ask, lambda code: code == 526)
        stage.claim("with the origins' certificates broken the edge answers 526", seen == 526, f"answered {seen}")
    finally:
        _certify(stage, names, Pki(stage.place.home / "pki"))
    seen = _soon(ask, lambda code: code == 200)
    stage.claim("with the right ones back it answers 200", seen == 200, f"answered {seen}")


def _certify(stage: Stage, names: list[str], authorities: Pki) -> None:
    for name in names:
        hosts.install_origin_certificate(stage.place, name, *authorities.origin_certificate(name, ORIGIN_NAMES))


def first_release(stage: Stage, artifact: Path) -> None:
    """Act 4: the first release, on bare hosts."""
    stage.act("4  The first release: invoke deploy")
    stage.invoke("deploy", *STACK, "--artifact", str(artifact), "--watch", "0")


def releases_under_load(stage: Stage, artifacts: dict[str, Path]) -> list[Released]:
    """Act 6: one good release, two bad ones and the way back, while clients keep asking."""
    stage.act("6  Under load: a good release, two bad ones, the way back")
    deploy = partial(_command, stage, "deploy", *WATCH, "--artifact")
    good = deploy(str(artifacts["v2"]), label="deploy 2.0.0", outcome="live")
    refused = deploy(str(artifacts["unhealthy"]), label="deploy 3.0.0", outcome="refused", expect=4)
    stage.claim("a release that fails its health gate is refused", refused.ran.status == 4)
    turned = deploy(str(artifacts["turns-bad"]), label="deploy 4.0.0", outcome="taken back", expect=5)
    stage.claim("a release that turns bad after the switch is taken back by itself", turned.ran.status == 5)
    back = _command(stage, "rollback", label="rollback", outcome="live")
    seen = f"{back.ran.seconds:.2f} s of {BUDGET_SECONDS:.0f} s"
    stage.claim("invoke rollback is verified and within its budget", _within_budget(back), seen)
    return [good, refused, turned, back]


def _within_budget(back: Released) -> bool:
    return back.ran.status == 0 and back.ran.seconds < BUDGET_SECONDS


def _command(stage: Stage, *arguments: str, label: str, outcome: str, expect: int = 0) -> Released:
    began = time.time()
    name, *rest = arguments
    return Released(label, outcome, began, stage.invoke(name, *STACK, *rest, expect=expect))


def _soon(ask: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """What ``ask`` gives once it is enough, else what it gave last: DNS and edge follow within a second."""
    deadline = time.monotonic() + FOLLOWS_WITHIN
    while not enough(found := ask()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
