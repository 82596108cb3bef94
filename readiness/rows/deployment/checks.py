"""What is asked of how releases are made and taken back."""

from __future__ import annotations

from readiness.check import Check, Row, Severity

_ROW = Row.DEPLOYMENT

BY_CI = Check(
    "deployment.by-ci",
    _ROW,
    Severity.HIGH,
    "Releases are made by CI, not from a laptop",
    "What a laptop released was built from what lay there, was reviewed by nobody, and cannot be built again.",
    "Have CI run `invoke deploy`, with LAUNCH_READY_WHO set; name it in launch-ready:readiness.releasing.by.",
    ("ASVS 5.0.0 15.2.1",),
)
DRILLED = Check(
    "deployment.drill-recent",
    _ROW,
    Severity.HIGH,
    "The way back was tried on the live hosts lately, and went well",
    "A way back that nobody has gone is found to be blocked on the night when it is needed.",
    "Run `invoke rollback.drill`, and have CI run it by the calendar (docs/drills.md).",
    ("NIST SP 800-53 CP-4",),
)
IN_BUDGET = Check(
    "deployment.drill-in-budget",
    _ROW,
    Severity.HIGH,
    "The last drill took no longer than its budget, and lost no request",
    "The platform is down, or wrong, for as long as the way back takes.",
    "`invoke rollback.report` shows which phase takes the time.",
    ("NIST SP 800-53 CP-4",),
)
TARGET = Check(
    "deployment.way-back",
    _ROW,
    Severity.CRITICAL,
    "Every host keeps the release before, and it is well where it runs",
    "There is nothing to go back to when the live release turns bad.",
    "Deploy once more, or have the host catch up (`invoke deploy.catch-up`); keep at least two (release.keep).",
    ("NIST SP 800-53 CM-2(3)",),
)
LEDGER = Check(
    "deployment.ledger-whole",
    _ROW,
    Severity.HIGH,
    "The record of releases is whole on every host",
    "Nobody can tell who released what, and somebody had a reason to change that.",
    "`invoke releases.verify` names the lines; compare with the copy (docs/ledger.md).",
    ("ASVS 5.0.0 16.4.2",),
)
HOSTS = Check(
    "deployment.hosts-agree",
    _ROW,
    Severity.HIGH,
    "All hosts serve the same release, are well, and no command was left half done",
    "Visitors get another platform from one request to the next, or a boot serves another one.",
    "`invoke status` names the command to run next.",
    ("NIST SP 800-53 CM-3(2)",),
)
DRIFT = Check(
    "deployment.no-drift",
    _ROW,
    Severity.HIGH,
    "What is live at the edge is what is declared",
    "The next `pulumi up` undoes what somebody changed by hand, or a protection is off that the file says is on.",
    "`invoke drift` shows each difference: take it into the stack's file, or apply the file.",
    ("ASVS 5.0.0 13.4.2",),
)
BACKUPS = Check(
    "deployment.backups-restore",
    _ROW,
    Severity.CRITICAL,
    "Each declared backup was restored into a place of its own just now",
    "A backup that was never restored is a hope: data that is lost stays lost.",
    "Write a command that restores the newest backup aside, and name it in launch-ready:readiness.releasing.restores.",
    ("NIST SP 800-53 CP-9(1)",),
)
