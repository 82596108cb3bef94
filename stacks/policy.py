"""What no stack may do: one list of rules, asked offline by `invoke preview` and `invoke review`, and by CrossGuard.

"undecided" is an outcome and never a pass. What is right all the same stands in the stack's file, as a waiver with a
reason, an owner and a day on which it ends. ``python -m stacks.policy >docs/policies.md`` writes the list down.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from core.environment import environment_of
from core.policy import Verdict
from core.resources import Resource
from core.settings.stack import Stack
from core.settings.waivers import Waiver
from stacks.policies import custody, encryption, mail, names, requests
from stacks.policies.rule import Facts, Rule

RULES: tuple[Rule, ...] = (*encryption.RULES, *names.RULES, *mail.RULES, *requests.RULES, *custody.RULES)
"""Every rule, in the order in which the documentation has them."""

OFFLINE_ONLY = frozenset({"secrets.closed"})
"""Rules that CrossGuard cannot ask: it lays secrets open before a rule sees them."""

_ENDED = "waivers.current"


def judge(resources: Iterable[Resource], stack: Stack, today: date) -> list[Verdict]:
    """What every rule says of everything that a stack declares, waivers applied."""
    facts = Facts(environment_of(resources, stack.zone.name), stack, today)
    return list(waived((one for rule in RULES for one in of_rule(rule, facts)), facts))


def of_rule(rule: Rule, facts: Facts) -> Iterator[Verdict]:
    """What one rule says; waivers are not looked at."""
    for said in rule.check(facts):
        yield Verdict(
            rule=rule.id,
            subject=said.subject,
            outcome=said.outcome,
            said=said.said,
            fix=rule.fix if said.outcome != "ok" else "",
            urn=said.urn,
        )


def waived(verdicts: Iterable[Verdict], facts: Facts) -> Iterator[Verdict]:
    """The same verdicts, with the waiver of each that one covers."""
    return (_waived(one, facts.stack.waivers.items, facts.today) for one in verdicts)


def _waived(verdict: Verdict, waivers: Iterable[Waiver], today: date) -> Verdict:
    if verdict.outcome == "ok" or verdict.rule == _ENDED:
        return verdict
    for waiver in waivers:
        if waiver.until >= today and waiver.covers(verdict.rule, verdict.subject):
            return replace(verdict, waived=(waiver.reason, waiver.owner, waiver.until))
    return verdict


_PREAMBLE = """\
# Policies

What no stack may do. `invoke preview` and `invoke review` ask these rules of everything that a stack declares, with no
account and no API; `pulumi preview --policy-pack policy-pack` asks the same ones by CrossGuard (see below).

A rule's outcome is *ok*, *violated* or *undecided*. Undecided means that something the rule needs is not known before
it is applied; it never counts as a pass. Rules about requests (`access.admin`, `limits.*`, `waf.skip-narrow`,
`mail.mta-sts-reachable`) send requests through the declared rules, as `invoke edge.test` does, and do not go by names.

| rule | why | what to do |
|---|---|---|
"""

_REST = """
## Waivers

What is right all the same stands in the stack's file, and in every review until it ends:

```yaml
launch-ready:waivers:
  items:
    - rule: dns.origin-hidden
      subject: ssh/A/192.0.2.11
      reason: Administrators reach web-1 by SSH until the VPN is there
      owner: platform team
      until: "2027-01-31"
```

`rule` and `subject` are those that the review shows; `*` is any text. After its last day (UTC) a waiver counts no more,
and is itself a violation (`waivers.current`), which no waiver covers; so is one that stands for over 400 days.

## CrossGuard

`policy-pack/` has the same rules for Pulumi's own policy engine. `pulumi_policy` pins another protobuf than Pulumi's
SDK wants, so the pack has an environment of its own:

```sh
python3 -m venv policy-pack/venv
policy-pack/venv/bin/pip install --require-hashes -r requirements/policy.txt
pulumi preview --stack NAME --policy-pack policy-pack
```

A violation and an undecided outcome both stop an update; the message says which it is. CrossGuard sees no state from
before, so what a change weakens only `invoke review` says; and it lays secrets open before a rule sees them, so
`secrets.closed` is not in the pack.

This page is made from the rules: `python -m stacks.policy >docs/policies.md`.
"""


def reference() -> str:
    """The documentation's page, as Markdown."""
    rows = "".join(f"| `{rule.id}` | {rule.why}. | {rule.fix[0].upper()}{rule.fix[1:]}. |\n" for rule in RULES)
    return _PREAMBLE + rows + _REST


if __name__ == "__main__":
    sys.stdout.write(reference())
