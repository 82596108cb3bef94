"""Section ``launch-ready:redirects``: one name for the platform, and old paths that lead to where things are now.

From HTTP to HTTPS leads the setting ``always_https`` of ``launch-ready:tls``. No redirect here touches a host
``mta-sts.*`` (RFC 8461 §3.3 allows none) nor ``/.well-known/acme-challenge/``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator

from core.settings.base import Section, matching
from core.settings.names import RelativeName
from core.settings.rules import RuleName, refuse_twin_rules

OldPath = Annotated[
    str,
    matching(
        r"/[A-Za-z0-9._~/-]{0,199}\*?",
        "a path of letters, digits and -._~/ that begins with /; * at its end is any text",
    ),
]
NewPlace = Annotated[
    str,
    matching(
        r"(https://[a-z0-9-]+(\.[a-z0-9-]+)+)?/[A-Za-z0-9._~/-]{0,199}\*?",
        "a path that begins with /, or https://HOST/PATH; * at its end stands for what the old path's * was",
    ),
]


class Moved(Section):
    """One old path."""

    name: RuleName
    """What it is called in messages, and its lasting reference at Cloudflare."""
    old: OldPath
    """Where it was: upper and lower case are the same."""
    new: NewPlace
    """Where it is: a path on the same name, or a whole address."""
    at: RelativeName = "@"
    """On which name. With a canonical one, `@` and `www` are both meant, so that one redirect is enough."""
    permanent: bool = True
    """Whether clients may remember it (301, 308) or must ask again (302, 307)."""
    keep_query: bool = True
    """Whether the query goes along."""
    keep_method: bool = False
    """Whether a POST stays one (307, 308), as an API wants it."""

    @model_validator(mode="after")
    def _a_star_has_a_star(self) -> Moved:
        if self.new.endswith("*") and not self.old.endswith("*"):
            raise ValueError(f"{self.name}: new ends with *, and old has none that it could stand for")
        if self.old.startswith("/.well-known/acme-challenge"):
            raise ValueError(f"{self.name}: certificates are made by what stands there: no redirect may touch it")
        if self.old == self.new or (self.old.endswith("*") and self.new.startswith(self.old[:-1])):
            raise ValueError(f"{self.name}: {self.new} is below {self.old}, and would be redirected for ever")
        return self


class Redirects(Section):
    """Each request takes one redirect at most."""

    canonical: Literal["@", "www"] | None = None
    """The name that visitors see: `www` leads to `@`, or `@` to `www`, path and query kept. Both must be in dns.web."""
    moved: tuple[Moved, ...] = ()
    """Old paths, in the order in which they are tried."""

    @model_validator(mode="after")
    def _one_hop(self) -> Redirects:
        refuse_twin_rules([item.name for item in self.moved])
        for item in self.moved:
            if item.name == "canonical":
                raise ValueError("canonical is the name of the rule from www or to it: choose another")
            for other in self.moved:
                if other.at == item.at and _leads_to(item.new, other.old):
                    raise ValueError(
                        f"{item.name} leads to {item.new}, which {other.name} moves on: name the last place"
                    )
        return self


def _leads_to(new: str, old: str) -> bool:
    """Whether a place is, or can be, one that ``old`` fits; upper and lower case are the same."""
    new, old = new.lower(), old.lower()
    if old.endswith("*"):
        return new.rstrip("*").startswith(old[:-1])
    return new == old or (new.endswith("*") and old.startswith(new[:-1]))
