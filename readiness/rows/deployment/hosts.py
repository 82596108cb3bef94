"""The hosts as they are now: what they serve, what they could go back to, and whether that is well."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace

from core.errors import RollbackError
from core.ports import Shell
from core.terminal import clean
from deploy.facts import HostFacts
from deploy.fleet import Gathered
from deploy.history import compared
from deploy.hosts.status import HostStatus, problems, status
from deploy.layout import Layout
from readiness.check import Result, Table, failed, held, unknown
from readiness.rows.deployment import checks
from readiness.target import Target
from rollback.choose import choose

_SECONDS = 30.0


def hosts(target: Target) -> Iterator[Result]:
    """Decides on whether the hosts agree, and on the way back."""
    if target.world is None or not target.shells:
        why = "the stack has no host that can be asked: give launch-ready:hosts"
        yield from (unknown(check, why) for check in (checks.HOSTS, checks.TARGET))
        return
    layout = target.world.layout
    found = status(target.shells, layout)
    yield _agree(found, target.stack)
    if found.bad:
        yield unknown(checks.TARGET, "; ".join(clean(str(error)) for error in found.bad.values()))
        return
    fleet = compared({name: host.facts for name, host in found.good.items()})
    try:
        version = choose(fleet, None)
    except RollbackError as error:
        yield failed(checks.TARGET, clean(str(error)))
        return
    yield _way_back(target.shells, layout, fleet, version)


def _agree(found: Gathered[HostStatus], stack: str) -> Result:
    rows = tuple(
        (
            name,
            host.facts.version or "nothing",
            f"{host.health[0]}",
            f"{host.nginx[0]}",
            f"{host.recent[1]} of {host.recent[0]}",
        )
        for name, host in found.good.items()
    )
    table = Table("Hosts", ("host", "serves", "its health", "through nginx", "5xx in 5 minutes"), rows)
    if not found.good:
        return unknown(checks.HOSTS, "; ".join(clean(str(error)) for error in found.bad.values()))
    wrong = [f"{problem.what}: {problem.command}" for problem in problems(_without_errors(found), stack)]
    versions = ", ".join(sorted({host.facts.version or "nothing" for host in found.good.values()}))
    return held(checks.HOSTS, wrong, f"{len(found.good)} hosts serve {versions} and are well", table)


def _without_errors(found: Gathered[HostStatus]) -> Gathered[HostStatus]:
    """The same without the 5xx of the last minutes, which other checks bring about on purpose."""
    same: Gathered[HostStatus] = Gathered()
    same.bad = found.bad
    same.good = {name: replace(host, recent=(0, 0)) for name, host in found.good.items()}
    return same


def _way_back(shells: Mapping[str, Shell], layout: Layout, fleet: Mapping[str, HostFacts], version: str) -> Result:
    rows, wrong = [], []
    for name, facts in fleet.items():
        runs = facts.slots.get(facts.idle) == version and facts.idle in facts.sockets
        how = _answer(shells[name], layout, facts, version) if runs else _kept(shells[name], layout, version)
        rows.append((name, version, "runs beside the live one" if runs else "is kept on the disk", how or "well"))
        wrong += [f"{name}: {version} {how}"] if how else []
    warm = sum("runs" in row[2] for row in rows)
    table = Table("Where back is", ("host", "release", "how", "state"), tuple(rows))
    return held(checks.TARGET, wrong, f"{version} on {len(rows)} hosts, warm on {warm}", table)


def _answer(shell: Shell, layout: Layout, facts: HostFacts, version: str) -> str:
    """Why the release that runs idle is not well; "" where it is."""
    path = facts.kept[version].health_path
    words = [
        "curl",
        "--silent",
        "--noproxy",
        "*",
        "--unix-socket",
        f"{layout.run}/{facts.idle}.sock",
        "--max-time",
        "5",
    ]
    words += ["--output", "/dev/null", "--write-out", "%{http_code} %header{x-release}", f"http://app{path}"]
    said = shell.run(shlex.join(words), timeout=_SECONDS).out.strip()
    code, _, answered = said.partition(" ")
    if not code.isdecimal() or not 200 <= int(code) < 400:
        return f"answers {clean(code) or 'nothing'}"
    return "" if answered == version else f"answers as {clean(answered) or 'nobody'}"


def _kept(shell: Shell, layout: Layout, version: str) -> str:
    """Why a release that would be started from the disk could not be; "" where its files are there."""
    folder = f"{layout.srv}/releases/{shlex.quote(version)}"
    script = f'[ -s {folder}/.launch/release.json ] && [ -s {folder}/release.toml ] && [ -n "$(ls {folder})" ]'
    return "" if shell.run(script, timeout=_SECONDS).status == 0 else "is not whole on the disk: deploy it again"
