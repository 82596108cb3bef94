"""The report as a JSON document: what is kept, and what ``--format json`` prints."""

from __future__ import annotations

import base64
from typing import Any

from readiness.check import Evidence, Picture, Said, Table
from readiness.report.model import Judged, Report, RowReport

VERSION = 1


def document(report: Report, *, pictures: bool = True) -> dict[str, Any]:
    """``{version, stack, site, began, seconds, ready, headline, counts, of, rows, requests, times, last, notes}``.

    Pictures are Base64; without ``pictures`` their words alone are kept.
    """
    return {
        "version": VERSION,
        "stack": report.stack,
        "site": report.site,
        "began": report.began,
        "seconds": round(report.seconds, 3),
        "ready": report.ready,
        "headline": report.headline,
        "counts": report.counts,
        "of": report.of,
        "rows": [_row(row, pictures) for row in report.rows],
        "requests": dict(report.requests or {}),
        "times": [
            {"probe": each.probe, "began": round(each.began, 3), "seconds": round(each.seconds, 3)}
            for each in report.times
        ],
        "last": report.last or None,
        "notes": list(report.notes),
    }


def _row(row: RowReport, pictures: bool) -> dict[str, Any]:
    return {
        "row": row.row.value,
        "title": row.title,
        "state": row.state.value,
        "checks": [_check(each, pictures) for each in row.checks],
    }


def _check(each: Judged, pictures: bool) -> dict[str, Any]:
    result, check = each.result, each.result.check
    return {
        "id": check.id,
        "title": check.title,
        "severity": check.severity.value,
        "outcome": result.outcome.value,
        "state": each.state.value,
        "summary": result.summary,
        "breaks": check.breaks,
        "fix": check.fix,
        "references": list(check.references),
        "before": each.before or None,
        "waiver": each.waiver.model_dump(mode="json") if each.waiver else None,
        "evidence": [_evidence(one, pictures) for one in result.evidence],
    }


def _evidence(one: Evidence, pictures: bool) -> dict[str, Any]:
    match one:
        case Said(title, text):
            return {"title": title, "text": text}
        case Table(title, columns, rows):
            return {"title": title, "columns": list(columns), "rows": [list(row) for row in rows]}
        case Picture(title, media_type, data, alt):
            shown = {"data": base64.b64encode(data).decode()} if pictures else {}
            return {"title": title, "media_type": media_type, "alt": alt, **shown}
