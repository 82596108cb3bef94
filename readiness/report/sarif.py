"""The report as SARIF 2.1.0 (OASIS Standard, 27 March 2020), for code-scanning views."""

from __future__ import annotations

from typing import Any

from core.terminal import clean
from readiness.check import Check, Severity
from readiness.report.model import Judged, Report, State
from readiness.report.plain import evidence_text

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
# GitHub orders results by this number: over 9.0 is critical, from 7.0 high, from 4.0 medium.
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
# Section 3.27.9: "review" wants a person's look, which is what cannot be told. What holds is no result: code scanning
# makes an alert of each, whatever its kind (https://github.com/microsoft/PSRule/issues/955).
_KINDS = {State.FAIL: "fail", State.ACCEPTED: "fail", State.CANNOT_TELL: "review"}


def as_sarif(report: Report) -> dict[str, Any]:
    """The log file: one run, a rule a check, a result for each that does not hold; what is accepted is suppressed, with
    its reason.
    """
    checks = report.checks
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "Launch Ready", "rules": [_rule(each.result.check) for each in checks]}},
                "invocations": [{"executionSuccessful": True, "startTimeUtc": report.began}],
                "automationDetails": {"id": f"invoke-check/{report.stack}/"},
                "results": [_result(each, index, report) for index, each in enumerate(checks) if each.state in _KINDS],
                "properties": {"headline": report.headline, "counts": report.counts},
            }
        ],
    }


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.breaks},
        "help": {"text": check.fix},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "tags": ["security", check.row.value, *check.references],
            "security-severity": _SCORES[check.severity],
        },
    }


def _result(each: Judged, index: int, report: Report) -> dict[str, Any]:
    check = each.result.check
    kind = _KINDS[each.state]
    details = "\n".join([clean(each.result.summary), *map(evidence_text, each.result.evidence)])
    found: dict[str, Any] = {
        "ruleId": check.id,
        "ruleIndex": index,
        "kind": kind,
        # Section 3.27.10: a level other than "none" is for failures alone.
        "level": _LEVELS[check.severity] if kind == "fail" else "none",
        "message": {"text": details},
        # Code scanning wants a place in the repository: what a stack is held to stands in its file.
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": f"stacks/Pulumi.{report.stack}.yaml"},
                    "region": {"startLine": 1},
                }
            }
        ],
        "partialFingerprints": {"check/v1": f"{report.stack}/{check.id}"},
    }
    if each.waiver:
        reason = f"{each.waiver.reason} ({each.waiver.owner}, until {each.waiver.until})"
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return found
