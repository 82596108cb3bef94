"""A zone's rules, ready to be asked: from the API's rule objects to functions of a request."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge import inline
from edge.decision import Opaque
from edge.effects import (
    Headers,
    Redirect,
    Rewrite,
    Skip,
    headers_of,
    mapping,
    redirect_of,
    rewrite_of,
    skip_of,
)
from edge.evaluate import Evaluate, compile_tree, compile_value
from edge.inline import Hits, Scan
from edge.parser import parse
from edge.rate_limit import Limit, key_maker
from edge.request import Request
from edge.syntax import Address, ExpressionError, Logical
from edge.truth import CannotTell, cannot_tell

# The data centre is always the same one here.
_SAME_FOR_ALL: Final = "cf.colo.id"
# Methods whose requests the cache may answer ("Default cache behavior").
_CACHEABLE: Final = frozenset({"GET", "HEAD"})
_RESPONSE_FIELD: Final = re.compile(r"\bhttp\.response\.|\bcf\.response\.")
# What a rule of such an action sets, under its ``action_parameters``.
_SETTING: Final = frozenset({"set_config", "route", "set_cache_settings"})


@dataclass(frozen=True)
class Answer:
    """What a client gets from a rule that blocks, where the rule says so itself; the phase has a ``status`` too."""

    status: int | None
    content_type: str
    content: str


@dataclass(frozen=True)
class RateLimit:
    """How a rate-limit rule counts. ``key`` gives the counter's key, or says what of it is not known.

    ``counts`` says whether a request is counted; None: if it matches. ``after_response``: it asks about the response.
    """

    limit: Limit
    key: Callable[[Request], bytes | CannotTell]
    counts: Evaluate | None
    after_response: bool


@dataclass(frozen=True)
class Rule:
    """One rule. ``name`` is its ``ref``, else its ``id``. ``tree`` is its filter, or what is wrong with it.

    ``settings`` are what it sets in the phases of settings; ``opaque`` is the managed ruleset that it executes.
    """

    name: str
    action: str
    tree: Logical | CannotTell
    answer: Answer | None = None
    skip: Skip | None = None
    redirect: Redirect | None = None
    rewrite: Rewrite | None = None
    headers: Headers | None = None
    settings: Mapping[str, Any] | None = None
    opaque: Opaque | None = None
    rate_limit: RateLimit | None = None


def compile_rule(rule: Mapping[str, Any], phase: str) -> Rule:
    """Compile a rule of a phase as Cloudflare's API returns it (``expression``, ``action``, ``action_parameters``, …).

    Nothing in it makes this fail: whether a rule matches that is not as Cloudflare has them cannot be told.
    """
    action, name = str(rule.get("action") or ""), str(rule.get("ref") or rule.get("id") or "?")
    parameters = mapping(rule.get("action_parameters"))
    tree, rate_limit = _understood(str(rule.get("expression") or "")), None
    if counting := mapping(rule.get("ratelimit")):
        rate_limit = _rate_limit(rule, counting)
        tree = tree if rate_limit else cannot_tell("its rate limit, which is not one of requests")
    return Rule(
        name=name,
        action=action,
        tree=tree,
        answer=_answer(mapping(parameters.get("response"))),
        skip=skip_of(parameters) if action == "skip" else None,
        redirect=redirect_of(parameters) if action == "redirect" else None,
        rewrite=rewrite_of(parameters) if action == "rewrite" else None,
        headers=headers_of(parameters) if action == "rewrite" else None,
        settings=parameters if action in _SETTING else None,
        opaque=Opaque(phase, name, str(parameters.get("id") or "")) if action == "execute" else None,
        rate_limit=rate_limit,
    )


def scan_of(rules: Sequence[Rule]) -> Scan:
    """The functions that give the rules of a phase that match a request, or may: their places, and the truth.

    Rules that count more than they match are always among them.
    """
    understood = [(place, rule.tree) for place, rule in enumerate(rules) if not isinstance(rule.tree, CannotTell)]
    open_ones: Hits = [(place, rule.tree) for place, rule in enumerate(rules) if isinstance(rule.tree, CannotTell)]
    places = [place for place, _ in understood]
    counting = [i for i, place in enumerate(places) if (limit := rules[place].rate_limit) and limit.counts]
    scan = inline.scan_of([tree for _, tree in understood], frozenset(counting))
    return Scan(*(_with(open_ones, places, one) for one in scan)) if open_ones else scan


def _with(open_ones: Hits, places: Sequence[int], scan: Callable[[Request], Hits]) -> Callable[[Request], Hits]:
    """``scan``, its places put right, and beside its hits the rules that nobody understands."""
    return lambda request: sorted(
        [*open_ones, *((places[place], truth) for place, truth in scan(request))], key=lambda hit: hit[0]
    )


def _understood(text: str) -> Logical | CannotTell:
    try:
        return parse(text)
    except ExpressionError as error:
        return cannot_tell(f"its expression ({error})")


def _understand(text: str) -> Evaluate:
    tree = _understood(text)
    return (lambda _: tree) if isinstance(tree, CannotTell) else compile_tree(tree)


def _open(reason: str) -> Evaluate:
    unknown = cannot_tell(reason)
    return lambda _: unknown


def _answer(response: Mapping[str, Any]) -> Answer | None:
    if not response:
        return None
    content_type = str(response.get("content_type") or "text/html")
    return Answer(_whole(response.get("status_code")), content_type, str(response.get("content") or ""))


def _rate_limit(rule: Mapping[str, Any], given: Mapping[str, Any]) -> RateLimit | None:
    requests, period = _whole(given.get("requests_per_period")), _whole(given.get("period"))
    if not requests or not period or requests < 0 or period < 0:
        return None
    counting = str(given.get("counting_expression") or "")
    characteristics = given.get("characteristics")
    names = [str(name) for name in characteristics] if isinstance(characteristics, list | tuple) else []
    return RateLimit(
        limit=Limit(requests, period, max(0, _whole(given.get("mitigation_timeout")) or 0)),
        key=_key(_identity(rule), names, to_origin=given.get("requests_to_origin") is True),
        counts=_understand(counting) if counting else None,
        after_response=bool(_RESPONSE_FIELD.search(counting)),
    )


def _whole(value: Any) -> int | None:
    """A whole number, which JSON may have with a decimal point."""
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    return int(value) if whole else None


def _identity(rule: Mapping[str, Any]) -> str:
    """What makes a rule the same one, with the same counters, after a change of its zone."""
    kept = {name: rule.get(name) for name in ("id", "ref", "expression", "ratelimit")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()


def _key(identity: str, characteristics: Sequence[str], *, to_origin: bool) -> Callable[[Request], bytes | CannotTell]:
    """The key of a request's counter. ``to_origin``: what the cache answers is not counted."""
    readers = [_characteristic(name) for name in characteristics if name != _SAME_FOR_ALL]
    made = key_maker(identity)

    def key(request: Request) -> bytes | CannotTell:
        if to_origin and request.method in _CACHEABLE:
            return cannot_tell("what the cache has (requests_to_origin)")
        values = [read(request) for read in readers]
        for value in values:
            if isinstance(value, CannotTell):
                return cannot_tell(*(why for one in values if isinstance(one, CannotTell) for why in one.reasons))
        return made(values)

    return key


def _characteristic(text: str) -> Callable[[Request], Any]:
    try:
        read = compile_value(text)
    except ExpressionError as error:
        return _open(f"its characteristic {text} ({error})")
    return lambda request: _as_bytes(read(request))


def _as_bytes(value: Any) -> bytes | CannotTell | None:
    """Several values of one header or cookie make one key together."""
    if value is None or isinstance(value, bytes | CannotTell):
        return value
    if isinstance(value, Sequence):
        return b"\0".join(map(_item, value))
    return value.packed if isinstance(value, Address) else str(value).encode()


def _item(value: Any) -> bytes:
    return value if isinstance(value, bytes) else repr(value).encode()
