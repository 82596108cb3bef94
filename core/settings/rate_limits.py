"""Section ``launch-ready:rate_limits``: how often one client may ask, written once in the platform's own terms.

With nothing said, each kind has its default and its paths by ``launch-ready:platform``. Clients are told apart by
address, and counted in each of Cloudflare's data centres by itself. What the zone's plan cannot do is compiled into
what it can: docs/edge.md. Limits by plan: https://developers.cloudflare.com/waf/rate-limiting-rules/ (availability).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.base import Section
from core.settings.platform import Path
from core.settings.rules import Action, Method, RuleName, refuse_twin_rules

Requests = Annotated[int, Field(ge=1, le=1_000_000)]
Reads = Annotated[int, Field(ge=0, le=100)]
Period = Literal[10, 60, 120, 300, 600, 3600]
Mitigation = Literal[0, 10, 60, 120, 300, 600, 3600, 86400]
PERIODS: tuple[Period, ...] = (10, 60, 120, 300, 600, 3600)


class Limit(Section):
    """A kind of request that everybody may make, but not without end."""

    requests: Requests
    """How many of one client are let through in a period."""
    period: Period = 60
    """Seconds over which they are counted; Free has 10, Pro up to 60, Business up to 600, and `requests` is scaled."""
    mitigation: Mitigation = 600
    """Seconds for which a client that went over is kept out. Free has 10; 0 only with a challenge, or on Enterprise."""
    reads: Reads = 1
    """How many reads come with each, such as a form before it is sent. They count only where the plan (Free, Pro)
    cannot tell methods apart: `requests` is multiplied by 1 + `reads` there."""
    action: Action = "block"
    """What a client that went over gets. `log` needs Enterprise."""


class LoginLimit(Limit):
    """The rule `login`: passwords tried. POST to the `login` paths."""

    requests: Requests = 10
    """How many of one client are let through in a period."""


class ResetLimit(Limit):
    """The rule `password-reset`: mails asked for, and tokens tried. POST to the `reset` paths."""

    requests: Requests = 5
    """How many of one client are let through in a period."""


class SignupLimit(Limit):
    """The rule `signup`: accounts made. POST to the `signup` paths. Not there unless it is written."""

    requests: Requests = 10
    """How many of one client are let through in a period."""


class InviteLimit(Limit):
    """The rule `invite`: mail sent to others in your name. POST to the `invite` paths."""

    requests: Requests = 20
    """How many of one client are let through in a period."""


class PostLimit(Limit):
    """The rule `post`: what others get to read. POST to the `post` paths."""

    requests: Requests = 60
    """How many of one client are let through in a period."""
    mitigation: Mitigation = 60
    """Seconds for which a client that went over is kept out."""
    reads: Reads = 9
    """How many reads come with each, where the plan cannot tell methods apart."""


class OtherWritesLimit(Limit):
    """The rule `other-writes`: POST, PUT, PATCH and DELETE to `api` and `signup` paths that no rule above counts."""

    requests: Requests = 120
    """How many of one client are let through in a period."""
    mitigation: Mitigation = 60
    """Seconds for which a client that went over is kept out."""
    reads: Reads = 9
    """How many reads come with each, where the plan cannot tell methods apart."""


class RateLimit(Limit):
    """One rule of your own."""

    name: RuleName
    """What it is called in messages, and its lasting reference at Cloudflare."""
    paths: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Paths, in lower case: a request's path is compared in lower case. `*` stands for any text, slashes included."""
    methods: tuple[Method, ...] = ()
    """The methods that count; none means all."""
    excluding: tuple[RuleName, ...] = ()
    """Names of other rules: what they count, this one does not."""
    mitigation: Mitigation = 60
    """Seconds for which a client that went over is kept out."""


class RateLimits(Section):
    """A kind that is `null` has no rule. Each rule counts by itself: a request can count in several."""

    login: LoginLimit | None = LoginLimit()
    """Passwords tried."""
    password_reset: ResetLimit | None = ResetLimit()
    """Mails asked for, and tokens tried."""
    signup: SignupLimit | None = None
    """Accounts made; without it, they count among the other writes."""
    invite: InviteLimit | None = InviteLimit()
    """Invitations sent."""
    post: PostLimit | None = PostLimit()
    """What others get to read."""
    other_writes: OtherWritesLimit | None = OtherWritesLimit()
    """All else that changes something."""
    rules: Annotated[tuple[RateLimit, ...], Field(max_length=100)] = ()
    """Rules of your own, tried after those."""

    @model_validator(mode="after")
    def _consistent(self) -> RateLimits:
        own = [rule.name for rule in self.rules]
        refuse_twin_rules(own)
        kinds = [key.replace("_", "-") for key in KINDS]
        for rule in self.rules:
            if rule.name in kinds:
                raise ValueError(f"{rule.name} is the name of a kind of this section: choose another")
            for other in rule.excluding:
                if other not in (*own, *kinds) or other == rule.name:
                    raise ValueError(f"rule {rule.name} excludes {other}, which is no other rule's name")
        return self


KINDS = ("login", "password_reset", "signup", "invite", "post", "other_writes")
"""The keys of the kinds, in the order of their rules; a rule's name has hyphens in their place."""
