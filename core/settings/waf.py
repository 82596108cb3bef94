"""Section ``launch-ready:waf``: what the firewall lets through, in the platform's own terms.

Plan limits: https://developers.cloudflare.com/waf/custom-rules/ (availability).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from core.settings.base import Section
from core.settings.plans import LONGEST_EXPRESSION
from core.settings.rules import Action, RuleName, refuse_twin_rules
from core.settings.skips import Skip
from core.settings.waf_managed import Managed, Owasp
from core.settings.waf_templates import AdminPaths, Bots, HiddenFiles, LeakedCredentials, Methods, Uploads

TEMPLATES = ("admin-from-outside", "dotfiles", "bad-methods", "leaked-credentials", "uploads", "bots")


def _no_skip(action: object) -> object:
    if action == "skip":
        raise ValueError("a rule that skips stands under skips, where its condition is narrow by construction")
    return action


class WafRule(Section):
    """One rule: what it looks for, and what becomes of a request that fits."""

    name: RuleName
    """What it is called in messages, and its lasting reference at Cloudflare: renaming makes another rule."""
    description: Annotated[str, Field(min_length=1, max_length=500)]
    """What it is there for."""
    expression: Annotated[str, Field(min_length=1, max_length=LONGEST_EXPRESSION)]
    """In Cloudflare's rules language."""
    action: Annotated[Action, BeforeValidator(_no_skip)] = "block"
    """`log` needs the Enterprise plan."""
    enabled: bool = True
    """Whether it is in force."""


class Waf(Section):
    """The firewall. With nothing said, all of it is on but the rule for `admin` paths, which needs networks."""

    managed: Managed = Managed()
    """Cloudflare's own ruleset."""
    owasp: Owasp | None = None
    """The OWASP Core Ruleset; without it, it runs as it comes on every plan that has it."""
    admin: AdminPaths = AdminPaths()
    """The administrators' paths."""
    hidden_files: HiddenFiles = HiddenFiles()
    """Names that begin with a dot."""
    methods: Methods = Methods()
    """Methods that the platform does not use."""
    leaked_credentials: LeakedCredentials = LeakedCredentials()
    """Logins with what was stolen elsewhere."""
    uploads: Uploads = Uploads()
    """Size and type of what is sent to the `upload` paths."""
    bots: Bots = Bots()
    """Scripts that log in or sign up."""
    skips: tuple[Skip, ...] = ()
    """Exceptions, which come before everything else."""
    rules: tuple[WafRule, ...] = ()
    """Rules of your own, tried after those."""

    @model_validator(mode="after")
    def _each_name_once(self) -> Waf:
        names = [*(skip.name for skip in self.skips), *(rule.name for rule in self.rules)]
        refuse_twin_rules(names)
        for name in names:
            if name in TEMPLATES:
                raise ValueError(f"{name} is the name of a rule that this section makes itself: choose another")
        return self
