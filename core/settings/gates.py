"""What a release must pass on its way: to be healthy, to do well with a part of the traffic, and with all of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from core.settings.section import Section, matching

Seconds = Annotated[float, Field(ge=0, le=3600)]
AskedPath = Annotated[
    str, matching(r"/[A-Za-z0-9._~/?&=%+:@,;-]{0,500}", "a path such as /readyz/db, with no space and no fragment")
]
Status = Annotated[int, Field(ge=200, le=599)]


class Dependency(Section):
    """Something that a release cannot do without, by what the release itself says of it."""

    name: Annotated[str, matching(r"[a-z0-9][a-z0-9-]{0,39}", "1 to 40 lower-case letters, digits and hyphens")]
    """What it is called when it fails, such as `database`."""
    path: AskedPath
    """Where the release says how it is."""
    status: Status = 200
    """The status that a right answer has."""


class Health(Section):
    """When a release that was started counts as healthy. It is asked on the host itself, on the release's own socket.

    ``body``, ``warm_up`` and ``dependencies`` are for a deploy alone: the release that a rollback goes back to may be
    older than they are.
    """

    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    """How long it has, on each host, from its start."""
    passes: Annotated[int, Field(ge=1, le=100)] = 3
    """How many answers in a row must be right: the status, the body, and ``X-Release`` with the version."""
    interval_seconds: Annotated[float, Field(ge=0.01, le=60)] = 0.05
    """The pause between two questions."""
    status: Annotated[int, Field(ge=200, le=399)] = 200
    """The status that a right answer has."""
    body: Annotated[str, matching(r"[^\x00-\x1f]{1,200}", "1 to 200 characters on one line")] | None = None
    """A text that a right answer must have in the first 64 KiB of its body."""
    warm_up: Annotated[tuple[AskedPath, ...], Field(max_length=20)] = ()
    """Paths that a release which was just started is asked for once each, in this order, once it answers at all and
    before its answers count: so that its first visitors need not wait. What they answer does not matter."""
    dependencies: Annotated[tuple[Dependency, ...], Field(max_length=20)] = ()
    """What must answer right, too, before the release counts as healthy."""


class Watch(Section):
    """What a release that is live must not do, or it is taken back."""

    seconds: Seconds = 10
    """How long it is watched after the switch; 0 is not at all. ``--watch`` overrides it."""
    max_error_ratio: Annotated[float, Field(ge=0, le=1)] = 0.05
    """5xx answers to all answers since the switch, over all hosts, by nginx's own log."""
    min_requests: Annotated[int, Field(ge=1)] = 20
    """Below this many requests the ratio says nothing, and health and restarts alone count."""
    interval_seconds: Annotated[float, Field(ge=0.1, le=60)] = 1
    """The pause between two looks, at a canary too."""
    max_p95_ms: Annotated[float, Field(gt=0)] | None = None
    """What 95 of 100 answers may take at most, in milliseconds; unset: anything. Websockets do not count."""
    max_p95_ratio: Annotated[float, Field(ge=1)] | None = None
    """The same, as so many times what it was with the release before, by the last of the log before the switch."""
    command: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(max_length=100)] = ()
    """A command of your own, as a list of words, run on the machine that deploys, in the project's folder, without a
    shell. It has ``LAUNCH_READY_VERSION`` and ``LAUNCH_READY_STACK`` in its environment. If it ends with another status
    than 0, the release is taken back, and its last line is the reason."""
    command_every_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 10
    """How long after one run has ended the next one begins. It runs at least once."""
    command_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    """How long one run may take: one that takes longer counts as failed."""


class Canary(Section):
    """How a release is tried on a part of the traffic before it gets all of it, and what takes it back from there."""

    steps: Annotated[tuple[Annotated[int, Field(ge=10, le=100, multiple_of=10)], ...], Field(max_length=10)] = ()
    """Rising percentages of the traffic, multiples of 10, such as ``[10, 50]``; 100 is the switch itself, which follows
    in any case. None: no canary. ``--canary`` overrides it."""
    step_seconds: Annotated[float, Field(gt=0, le=86400)] = 60
    """How long each step is watched. ``--step`` overrides it."""
    max_error_ratio: Annotated[float, Field(ge=0, le=1)] = 0.05
    """5xx answers to all answers of the release in a step, over all hosts."""
    max_error_ratio_more: Annotated[float, Field(ge=0, le=1)] = 0.02
    """By how much that may be more than with the release before, in the same step."""
    max_p95_ratio: Annotated[float, Field(ge=1)] | None = 3
    """How many times as long 95 of 100 answers may take as with the release before, in the same step."""
    min_p95_ms: Annotated[float, Field(ge=0)] = 100
    """Up to so many milliseconds that does not matter: small times differ by chance."""
    min_requests: Annotated[int, Field(ge=1)] = 20
    """Below this many requests a ratio says nothing, and health and restarts alone count."""

    @model_validator(mode="after")
    def _steps_rise(self) -> Canary:
        if list(self.steps) != sorted(set(self.steps)):
            raise ValueError("steps must rise, such as [10, 50, 100]")
        return self
