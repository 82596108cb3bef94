"""The table of all seeded faults: ``python -m tests.lab.readiness.page >docs/seeded-faults.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from lab.app.community import faults
from readiness.check import TITLES, Check, Row
from readiness.rows import all_probes
from tests.lab.readiness import (
    test_deployment_faults,
    test_edge_faults,
    test_email_faults,
    test_limits,
    test_monitoring,
    test_repository_faults,
    test_secret_faults,
    test_tls_faults,
)

_HEAD = """\
# Seeded faults

What proves that the checks find what they are for. Each of these faults is put into the lab, and the check beside it
has to fail; before that, the same probe has to find nothing on the lab as it is. Where several of one probe leave each
other alone they are put there at once, and those checks have to fail and no other.

`tests/lab/readiness/` has the tests, and each of them runs in `scripts/test`.

Faults of the app are built into its release 5.0.0 (`python -m lab.artifacts --faulty`, `lab/app/community/faults/`) and
off until a host's file of flags names them; the honest code knows nothing of them. The others are made where they
belong: at Cloudflare's API, in DNS, in files and journals of hosts, in a repository, in the stack's settings.
"""
_FOOT = """
This page is made from the tests' own tables: `python -m tests.lab.readiness.page >docs/seeded-faults.md`.
"""

Line = tuple[str, str, str]
"""A check's id, the fault in words, and where it is put."""


def lines() -> Iterator[Line]:
    """Every fault that the lab's tests put somewhere."""
    yield from ((one.check, f"`{one.flag}`: {one.what}", "the app") for one in faults.catalogue())
    yield from ((check, fault, "hosts, ledger, stack") for fault, (check, _) in test_deployment_faults.FAULTS.items())
    yield from ((check, fault, "Cloudflare, stack, hosts") for fault, (check, _) in test_monitoring.FAULTS.items())
    yield from ((check, fault, "hosts") for fault, (check, _) in test_secret_faults.FAULTS.items())
    yield from ((check, fault, "a repository") for fault, (check, _) in test_repository_faults.FAULTS.items())
    yield from ((check, fault, "AWS, the clock") for fault, (check, _) in test_repository_faults.KEPT.items())
    yield from ((check, fault, "DNS") for fault, (check, _) in test_email_faults.DNS.items())
    yield from ((check, fault, "Cloudflare") for fault, (_, _, check) in test_edge_faults.SETTINGS.items())
    yield from ((check, fault, "Cloudflare, the app") for fault, check in test_edge_faults.OPENED.items())
    yield from ((check, fault, "Cloudflare") for fault, (check, *_) in test_limits.FAULTS.items())
    yield from ((check, fault, where) for fault, (check, where) in test_tls_faults.AT_THE_EDGE.items())
    yield from ((check, fault, "in the edge's place") for fault, check in test_tls_faults.ANOTHER_SERVER.items())
    yield from (
        (check, fault, "hosts") for fault, (*_, checks) in test_edge_faults.CERTIFICATES.items() for check in checks
    )
    yield from ((check, fault, "hosts") for fault, check in test_edge_faults.DOORS.items())
    yield from ((check, fault, "DNS") for fault, check in test_edge_faults.RECORDS.items())


def page() -> str:
    """The page, as Markdown."""
    checks = {check.id: check for probe in all_probes() for check in probe.checks}
    found = sorted(lines(), key=lambda line: (list(Row).index(checks[line[0]].row), line))
    parts = [_HEAD, f"{len(found)} faults, for {len({line[0] for line in found})} of the {len(checks)} checks.\n"]
    for row in Row:
        of_row = [line for line in found if checks[line[0]].row is row]
        parts.append(f"## {TITLES[row]}\n\n{_counted(row, of_row, checks)}\n\n| check | fault | where |\n|---|---|---|")
        parts += [f"| `{check}` | {_cell(fault)} | {where} |" for check, fault, where in of_row]
        parts.append("")
    return "\n".join(parts).rstrip("\n") + "\n" + _FOOT


def _counted(row: Row, of_row: list[Line], checks: dict[str, Check]) -> str:
    count = sum(check.row is row for check in checks.values())
    return f"{len(of_row)} faults for {len({line[0] for line in of_row})} of {count} checks."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


if __name__ == "__main__":
    sys.stdout.write(page())
