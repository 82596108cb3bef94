"""The policies of :mod:`stacks.policy` as a CrossGuard pack: ``pulumi preview --policy-pack policy-pack``.

It runs in an environment of its own (``requirements/policy.txt``), and reads the stack's file beside it. Rules are all
asked of the whole stack, once its resources are known. CrossGuard ends a policy in peace where it reads an unknown:
here it is read as such, and the rule says "undecided", which stops an update as a violation does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pulumi_policy import (  # noqa: E402
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError  # noqa: E402

from cli.declared import stack_without_hosts  # noqa: E402
from core.environment import environment_of  # noqa: E402
from core.errors import LaunchReadyError  # noqa: E402
from core.policy import Verdict  # noqa: E402
from core.resources import UNKNOWN, Resource, closed_properties  # noqa: E402
from core.terminal import clean  # noqa: E402
from stacks.policies.rule import Facts, Rule  # noqa: E402
from stacks.policy import OFFLINE_ONLY, RULES, of_rule, waived  # noqa: E402

_COMPONENTS = ("launch-ready:", "pulumi:pulumi:")


def facts_of(args: StackValidationArgs) -> Facts:
    """What the engine says of the stack that ``PULUMI_STACK`` names, with the stack's file."""
    stack = stack_without_hosts(ROOT, os.environ.get("PULUMI_STACK", ""))
    resources = [_resource(one) for one in args.resources]
    return Facts(environment_of(resources, stack.zone.name), stack, datetime.now(UTC).date())


def _resource(one: Any) -> Resource:
    sources = one.property_dependencies.get("zoneId") or ()
    return Resource(
        type=one.resource_type,
        name=one.name,
        urn=one.urn,
        # Secrets come here laid open: they go no further than this.
        properties=closed_properties(one.resource_type, _known(one.props)),
        zone=sources[0].urn if sources else "",
        custom=not one.resource_type.startswith(_COMPONENTS),
    )


def _known(value: Any) -> Any:
    """A value without the proxies that end a policy where it reads what is not known."""
    if isinstance(value, Mapping):
        return {key: _at(value, key) for key in value}
    if isinstance(value, list | tuple) or (hasattr(value, "__len__") and not isinstance(value, str | bytes)):
        return [_at(value, index) for index in range(len(value))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _at(holder: Any, key: Any) -> Any:
    try:
        return _known(holder[key])
    except UnknownValueError:
        return UNKNOWN


def _policy(rule: Rule) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        try:
            facts = facts_of(args)
        except LaunchReadyError as error:
            report(f"undecided: the stack's file cannot be read: {clean(str(error))}", None)
            return
        for verdict in waived(of_rule(rule, facts), facts):
            if verdict.stops:
                report(_said(verdict), verdict.urn or None)

    return StackValidationPolicy(
        name=rule.id.replace(".", "-"),
        description=f"{rule.why}.",
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def _said(verdict: Verdict) -> str:
    word = "undecided: " if verdict.outcome == "undecided" else ""
    return clean(
        f"[{verdict.rule}] {verdict.subject}: {word}{verdict.said}. {verdict.fix[:1].upper()}{verdict.fix[1:]}."
    )


if __name__ == "__main__":
    PolicyPack("launch-ready", [_policy(rule) for rule in RULES if rule.id not in OFFLINE_ONLY])
