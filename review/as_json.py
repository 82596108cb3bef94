"""A review for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from review.assess import Review
from review.finding import Finding
from review.sections import headline


def as_json(made: Review) -> dict[str, Any]:
    """``{stack, status, headline, counts, findings, policies, behaviour, changes, waivers, notes}``."""
    return {
        "stack": made.stack,
        "status": made.status,
        "headline": headline(made),
        "counts": dict(made.counts),
        "findings": [_finding(one) for one in made.findings],
        "policies": [
            {
                "rule": one.rule,
                "subject": one.subject,
                "outcome": one.outcome,
                "said": one.said,
                "fix": one.fix,
                "urn": one.urn,
                "stops": one.stops,
                "waived_until": str(one.waived[2]) if one.waived else None,
            }
            for one in made.verdicts
        ],
        "behaviour": {
            "tried": made.behaviour.tried,
            "left_out": made.behaviour.left_out,
            "undecided": made.behaviour.undecided,
            "not_tried": made.behaviour.not_tried,
            "changes": [{**asdict(one), "rules": sorted(one.rules)} for one in made.behaviour.changes],
        },
        "changes": [
            {
                "op": one.step.op,
                "urn": one.step.urn,
                "kind": one.step.subject.kind,
                "name": one.step.subject.name,
                "differences": [asdict(difference) for difference in one.differences],
            }
            for one in made.changed
        ],
        "waivers": [one.model_dump(mode="json") for one in made.waivers],
        "notes": list(made.notes),
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "direction": one.direction,
        "rule": one.rule,
        "subject": one.subject,
        "what": one.what,
        "why": one.why,
        "urn": one.urn,
        "stops": one.stops,
        "waived_until": str(one.waived.until) if one.waived else None,
    }
