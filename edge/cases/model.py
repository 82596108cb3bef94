"""A file of request cases, ``stacks/requests/*.yaml``: strict, and wrong in a place that can be named."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from core.settings.section import Section, matching

CaseName = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{0,79}", "1 to 80 lower-case letters, digits and hyphens, such as login-burst")
]
Header = str | tuple[str, ...]
Expected = Literal[
    "pass", "block", "challenge", "js_challenge", "managed_challenge", "any_challenge", "stop", "redirect"
]


class SentRequest(Section):
    """One request. ``{zone}`` and the platform's names, ``{login}`` say, may stand in `url`."""

    method: Annotated[str, matching(r"[A-Za-z]{1,32}", "a method, such as GET")] = "GET"
    """The method."""
    url: Annotated[str, matching(r"https?://.+", "an absolute URL, http:// or https://")]
    """With `{zone}` for the zone's name, `{login}` for the first path of `platform.login`, `{static:a.css}` for the
    first of `platform.static` with its star filled."""
    headers: dict[str, Header] = Field(default_factory=dict)
    """Header fields; a list for one that is sent several times."""
    body: str | None = None
    """The body as text. Without it and without `body_bytes` the body is empty."""
    body_bytes: Annotated[int, Field(ge=0, le=200_000_000)] | None = None
    """As many octets of no meaning, for uploads; their number is what rules are told."""
    client: str = "visitor"
    """Who sends it: a name under `clients`."""
    fields: dict[str, Any] = Field(default_factory=dict)
    """More of Cloudflare's fields by name; they go before the client's."""


class Burst(Section):
    """The same request many times."""

    requests: Annotated[int, Field(ge=2, le=5000)]
    """How many."""
    every: Annotated[float, Field(ge=0, le=3600)] = 0.1
    """Seconds from one to the next."""
    clients: tuple[str, ...] = ()
    """Clients that take turns, instead of the request's own."""
    addresses: Annotated[int, Field(ge=1, le=250)] = 1
    """How many addresses of the client's network take turns."""


class Expectation(Section):
    """What has to become of the request; a burst is judged by its first request that does not pass."""

    action: Expected
    """`any_challenge` is any of the three, `stop` a block or any challenge."""
    rule: str | None = None
    """The `ref` of the rule that does it."""
    phase: str | None = None
    """The phase that it happens in, such as http_ratelimit."""
    status: Annotated[int, Field(ge=100, le=599)] | None = None
    """The status that the client gets."""
    location: str | None = None
    """Where a redirect leads; `{zone}` may stand in it."""
    managed: bool | None = None
    """Whether a managed ruleset gets to see the request: what it does then is Cloudflare's own."""
    cached: bool | None = None
    """Whether cache rules make it cacheable (true) or keep it out of the cache (false)."""
    response_headers: tuple[str, ...] = ()
    """Names of header fields that rules set on the response."""
    at_least: Annotated[int, Field(ge=0)] | None = None
    """For a burst: as many requests pass before the first that is stopped."""
    at_most: Annotated[int, Field(ge=0)] | None = None
    """For a burst: no more than these pass before the first that is stopped."""


class Case(Section):
    """One case."""

    name: CaseName
    """What it is called, once among all files."""
    why: Annotated[str, Field(min_length=1, max_length=300)]
    """What it stands for."""
    stacks: tuple[str, ...] = ()
    """The stacks that it holds for; all without it."""
    plans: tuple[Literal["free", "pro", "business", "enterprise"], ...] = ()
    """The plans that it holds for; all without it."""
    request: SentRequest
    """What is sent."""
    burst: Burst | None = None
    """Sent many times."""
    expect: Expectation
    """What has to become of it."""

    @model_validator(mode="after")
    def _consistent(self) -> Case:
        counted = self.expect.at_least is not None or self.expect.at_most is not None
        if counted and (self.burst is None or self.expect.action in ("pass", "redirect")):
            raise ValueError("at_least and at_most are for a burst that is stopped")
        if self.request.body is not None and self.request.body_bytes is not None:
            raise ValueError("a request has body or body_bytes, and not both")
        return self


class CaseFile(Section):
    """One file."""

    clients: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Who sends requests: fields by name, the address as `ip.src`. Clients of all files are known to all."""
    cases: tuple[Case, ...] = ()
    """The cases, each by itself: no counter is kept from one to the next."""
