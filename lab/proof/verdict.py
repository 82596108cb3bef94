"""What the count says: claims that hold or do not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.proof.plan import Proof
from lab.proof.switches import Switch
from lab.swarm import KINDS, Samples, Tally

STREAMS = ("websocket", "events")


@dataclass(frozen=True)
class Claim:
    """Something that was to be proven, whether it held, and what was seen."""

    text: str
    held: bool
    seen: str


@dataclass(frozen=True)
class Outcome:
    """All of a proof. ``stragglers`` were answered by another release than the one a finished command had put live."""

    proof: Proof
    tally: Tally
    samples: Samples
    switches: Sequence[Switch]
    stragglers: int
    claims: Sequence[Claim]

    @property
    def held(self) -> bool:
        """Whether every claim held."""
        return all(claim.held for claim in self.claims)


def judge(proof: Proof, tally: Tally, samples: Samples, switches: Sequence[Switch]) -> Outcome:
    """The outcome of a load under ``switches``."""
    late = stragglers(samples, switches)
    return Outcome(proof, tally, samples, switches, late, _claims(proof, tally, switches, late))


def stragglers(samples: Samples, switches: Sequence[Switch]) -> int:
    """Requests sent after a command had ended, and answered before the next began, that another release answered.

    One that is under way when the next begins may meet either: on a busy machine it can wait longer than a rollback.
    """
    requests = ~np.isin(samples.kind, [KINDS.index(kind) for kind in STREAMS])
    releases = np.array([name[0] for name in samples.names] or [""])
    named = releases[samples.who] != ""
    late = 0
    for index, one in enumerate(switches):
        until = switches[index + 1].at if index + 1 < len(switches) else np.inf
        between = requests & named & (samples.at > one.ended) & (samples.at + samples.seconds < until)
        late += int(np.count_nonzero(between & (releases[samples.who] != one.version)))
    return late


def _claims(proof: Proof, tally: Tally, switches: Sequence[Switch], late: int) -> list[Claim]:
    counts = tally.counts
    good = sum(one.status == 0 for one in switches)
    wrong = sum(each.wrong for each in counts.values())
    reasons = ", ".join(f"{count} × {reason}" for reason, count in tally.reasons.most_common(4))
    statuses = ", ".join(f"{count} × {status}" for status, count in tally.statuses.most_common(4))
    stored, files, pushed = tally.stored, tally.files, tally.streams
    cut = sum(counts[kind].cut for kind in STREAMS)
    return [
        Claim(
            f"{proof.switches} deploys and rollbacks in turn, each verified",
            good == len(switches) == proof.switches,
            f"{good} of {len(switches)} ended with status 0",
        ),
        Claim(
            f"at least {proof.requests:,} requests from {proof.clients} keep-alive clients and more",
            tally.sent >= proof.requests,
            f"{tally.sent:,} sent over {tally.connections} connections",
        ),
        Claim("not one was lost", tally.lost == 0, f"{tally.lost} lost" + (f": {reasons}" if reasons else "")),
        Claim(
            "every one is accounted for",
            not any(each.open for each in counts.values()),
            f"{tally.sent:,} = answered + lost + cut",
        ),
        Claim("every answer is the one that was wanted", wrong == 0, statuses or "no other status"),
        Claim(
            "every post answered 201 is stored exactly once",
            stored.exact and stored.accepted > 0,
            f"{stored.accepted:,} accepted, {stored.missing} missing, {stored.doubled} doubled",
        ),
        Claim(
            "every slow upload is stored exactly once, and came back as it went",
            files.exact and (files.accepted > 0 or not proof.uploads),
            f"{files.accepted:,} accepted, {files.missing} missing, {files.doubled} doubled",
        ),
        Claim(
            "every post was pushed once to each stream that was open on its space",
            not pushed.missing and not pushed.doubled and (pushed.received > 0 or not proof.websockets + proof.events),
            f"{pushed.expected:,} due, {pushed.missing} missing, {pushed.doubled} doubled; {cut} streams cut",
        ),
        Claim("once a command had ended, only its release answered", late == 0, f"{late} answered by another"),
    ]
