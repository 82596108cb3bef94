"""The firewall's rules in the platform's own terms."""

from __future__ import annotations

from collections.abc import Iterator

from core.rulesets.expressions import addresses, either, every, methods, paths, quoted
from core.rulesets.rule import Rule
from core.settings.platform import Platform
from core.settings.waf import Waf
from core.settings.waf_templates import Bots, Uploads
from core.settings.zone import Plan

# The second part: /.well-known/ does not make what is below it any less hidden.
_HIDDEN = (
    '(http.request.uri.path contains "/." and not starts_with(http.request.uri.path, "/.well-known/"))'
    ' or http.request.uri.path wildcard r"/.well-known*/.*"'
)
_LENGTH = 'http.request.headers["content-length"][0]'
_TYPES = 'lower(http.request.headers["content-type"][*])[*]'


def templates(waf: Waf, platform: Platform, plan: Plan) -> Iterator[Rule]:
    """The rules in the platform's terms that are turned on."""
    if waf.admin.enabled and waf.admin.networks:
        yield Rule(
            ref="admin-from-outside",
            description="The administrators' paths are for their networks alone",
            expression=every([paths(platform.admin), f"not {addresses(waf.admin.networks)}"]),
            action=waf.admin.action,
        )
    if waf.hidden_files.enabled:
        yield Rule(
            ref="dotfiles",
            description="Nothing is served from hidden files but what RFC 8615 puts below /.well-known/",
            expression=_HIDDEN,
            action=waf.hidden_files.action,
        )
    if waf.methods.enabled:
        yield Rule(
            ref="bad-methods",
            description=f"No other methods than {', '.join(waf.methods.allowed)}",
            expression=f"not {methods(waf.methods.allowed)}",
            action=waf.methods.action,
        )
    if waf.uploads.enabled and platform.upload:
        yield Rule(
            ref="uploads",
            description=f"Uploads are at most {waf.uploads.max_bytes} bytes, and of a type that no browser runs",
            expression=every([paths(platform.upload), methods(("POST", "PUT", "PATCH")), _upload(waf.uploads)]),
            action=waf.uploads.action,
        )
    if waf.leaked_credentials.enabled:
        pair = (waf.leaked_credentials.checked or ("password" if plan == "free" else "pair")) == "pair"
        leaked = "username_and_password_leaked" if pair else "password_leaked"
        yield Rule(
            ref="leaked-credentials",
            description=f"A login with a {'name and password' if pair else 'password'} known from a breach",
            expression=every([paths(platform.login), methods(("POST",)), f"cf.waf.credential_check.{leaked}"]),
            action=waf.leaked_credentials.action,
        )
    if waf.bots.enabled:
        where = paths((*platform.login, *platform.signup))
        yield Rule(
            ref="bots",
            description="Scripts that log in or sign up",
            expression=every([where, methods(("POST",)), _bot(waf.bots)]),
            action=waf.bots.action,
        )


def _upload(uploads: Uploads) -> str:
    """Too long, or of another type. Lengths are texts: of two with as many digits, the larger is the larger number."""
    digits = len(str(uploads.max_bytes))
    too_long = f'len({_LENGTH}) gt {digits} or (len({_LENGTH}) eq {digits} and {_LENGTH} gt "{uploads.max_bytes}")'
    if not uploads.types:
        return f"({too_long})"
    known = [f"any({_TYPES} in {{{quoted(uploads.types)}}})"]
    known += [f'any({_TYPES} wildcard r"{media_type};*")' for media_type in uploads.types]
    return f"({too_long} or not {either(known)})"


def _bot(bots: Bots) -> str:
    signs = ['http.user_agent eq ""']
    signs += [f'lower(http.user_agent) contains "{agent}"' for agent in bots.agents]
    if bots.score_below:
        signs.append(f"(cf.bot_management.score lt {bots.score_below} and not cf.bot_management.verified_bot)")
    return either(signs)
