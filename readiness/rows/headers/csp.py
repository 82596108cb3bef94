"""Content-Security-Policy (CSP Level 3), as far as a score needs it: directives and their sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Policy = Mapping[str, frozenset[str]]
"""Directive → its sources, both in lower case. Of several policies, what all of them allow."""

_SHORTEST = len("img-src")
_REPEATABLE = {"report-uri", "report-to"}
_NONE = frozenset({"'none'"})

# Sources that let in nearly everybody, and those that let in what an attacker wrote into the page.
BROAD = frozenset({"*", "ftp:", "http:", "https:", "http://*", "http://*.*", "https://*", "https://*.*"})
INLINE = frozenset({"'unsafe-inline'", "data:"})
_VOUCHED = ("'nonce-", "'sha256-", "'sha384-", "'sha512-")


def policy_of(values: Iterable[str]) -> Policy:
    """What the header's values say together; empty without one. Raises :class:`ValueError` for one that is none.

    Commas part policies (CSP3 §2.2.1). A directive that stands twice in one is refused: browsers read the first alone.
    """
    together: dict[str, frozenset[str]] = {}
    for text in (part.strip() for value in values for part in value.split(",")):
        for name, allowed in _directives(text).items():
            together[name] = (together.get(name, allowed) & allowed) or (_NONE if allowed else allowed)
    return together


def _directives(text: str) -> dict[str, frozenset[str]]:
    if len(text) < _SHORTEST:
        raise ValueError("a policy is too short to be one")
    found: dict[str, frozenset[str]] = {}
    for words in (part.lower().split() for part in text.split(";")):
        if not words:
            continue
        name, sources = words[0], frozenset(words[1:])
        if name in found and name not in _REPEATABLE:
            raise ValueError(f"{name} stands twice")
        found.setdefault(name, sources or (_NONE if name.endswith("-src") else frozenset()))
    return found


def sources(policy: Policy, directive: str) -> frozenset[str]:
    """What ``directive`` allows, by ``default-src`` where it is not there; ``*`` where that is not either.

    A nonce or a hash makes browsers pass over 'unsafe-inline', and 'strict-dynamic' over hosts too.
    """
    allowed = policy.get(directive, policy.get("default-src", frozenset({"*"})))
    if any(source.startswith(_VOUCHED) for source in allowed):
        allowed -= {"'unsafe-inline'"}
        if "'strict-dynamic'" in allowed:
            allowed = frozenset(one for one in allowed - {"'self'"} if not one.startswith(tuple(BROAD)))
    return allowed


def dynamic_without_a_nonce(policy: Policy) -> bool:
    """Whether scripts have 'strict-dynamic' and nothing that it could begin with."""
    scripts = sources(policy, "script-src")
    return "'strict-dynamic'" in scripts and not any(source.startswith(_VOUCHED) for source in scripts)
