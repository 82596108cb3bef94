"""Whether the secrets are kept as the stack's file says, as `invoke secrets.audit` finds it."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.check import Result, Table, beside_the_point, failed, passed, unknown
from readiness.rows.secrets import checks
from readiness.target import Target

_UNSEEN = ("cannot-tell", "age-unknown")


def as_declared(target: Target) -> Iterator[Result]:
    """Decides on stores, hosts and ages."""
    if target.custody is None:
        return
    declared = target.settings.secrets.items
    findings = target.custody()
    rows = tuple((each.id, each.subject, each.what, each.fix) for each in findings)
    table = Table("What the audit finds", ("finding", "of", "what", "way out"), rows)
    wrong = [each for each in findings if not each.id.endswith(_UNSEEN)]
    count = f"{len(declared)} declared secrets and {len(target.shells)} hosts"
    if wrong:
        yield failed(checks.AUDIT, f"{len(wrong)} findings over {count}: {wrong[0].subject}: {wrong[0].what}", table)
    elif findings:
        yield unknown(
            checks.AUDIT, f"{len(findings)} of {count} cannot be told: {findings[0].what}; {findings[0].fix}", table
        )
    elif not declared and not target.settings.credentials.items:
        yield beside_the_point(checks.AUDIT, "launch-ready:secrets and launch-ready:credentials declare none")
    else:
        yield passed(checks.AUDIT, f"nothing over {count}: {', '.join(item.name for item in declared)}")
