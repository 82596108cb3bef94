"""A zone's rules, ready to be asked: from the API's rule objects to functions of a request."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from edge.evaluate import Expression, compile_expression, compile_value
from edge.rate_limit import Limit, key_of
from edge.request import Request
from edge.syntax import ExpressionError
from edge.truth import CannotTell, cannot_tell

# The data centre is always the same one here.
_SAME_FOR_ALL: Final = "cf.colo.id"
_RESPONSE_FIELD: Final = re.compile(r"\bhttp\.response\.")


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
    counts: Expression | None
    after_response: bool


@dataclass(frozen=True)
class Rule:
    """One rule. ``name`` is its ``ref``, else its ``id``. A rule that cannot be understood matches "cannot tell"."""

    name: str
    action: str
    matches: Expression
    answer: Answer | None = None
    skips_rest: bool = False
    skips_phases: frozenset[str] = field(default_factory=frozenset)
    rate_limit: RateLimit | None = None


def compile_rule(rule: Mapping[str, Any]) -> Rule:
    """Compile a rule as Cloudflare's API returns it (``expression``, ``action``, ``action_parameters``, …)."""
    parameters: Mapping[str, Any] = rule.get("action_parameters") or {}
    counting: Mapping[str, Any] = rule.get("ratelimit") or {}
    by_requests = counting.get("requests_per_period")
    matches = _understand(str(rule.get("expression", "")))
    if counting and not by_requests:
        matches = _open("its rate limit, which is not one of requests")
    return Rule(
        name=str(rule.get("ref") or rule.get("id") or "?"),
        action=str(rule.get("action", "")),
        matches=matches,
        answer=_answer(parameters.get("response")),
        skips_rest=parameters.get("ruleset") == "current",
        skips_phases=frozenset(parameters.get("phases") or ()),
        rate_limit=_rate_limit(rule, counting) if by_requests else None,
    )


def _understand(text: str) -> Expression:
    try:
        return compile_expression(text)
    except ExpressionError as error:
        return _open(f"its expression ({error})")


def _open(reason: str) -> Expression:
    unknown = cannot_tell(reason)
    return lambda _: unknown


def _answer(response: Mapping[str, Any] | None) -> Answer | None:
    if not response:
        return None
    content_type = str(response.get("content_type") or "text/html")
    return Answer(response.get("status_code"), content_type, str(response.get("content") or ""))


def _rate_limit(rule: Mapping[str, Any], given: Mapping[str, Any]) -> RateLimit:
    counting = str(given.get("counting_expression") or "")
    return RateLimit(
        limit=Limit(given["requests_per_period"], given["period"], given.get("mitigation_timeout") or 0),
        key=_key(_identity(rule), given.get("characteristics") or ()),
        counts=_understand(counting) if counting else None,
        after_response=bool(_RESPONSE_FIELD.search(counting)),
    )


def _identity(rule: Mapping[str, Any]) -> str:
    """What makes a rule the same one, with the same counters, after a change of its zone."""
    kept = {name: rule.get(name) for name in ("id", "ref", "expression", "ratelimit")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _key(identity: str, characteristics: Sequence[str]) -> Callable[[Request], bytes | CannotTell]:
    readers = [_characteristic(name) for name in characteristics if name != _SAME_FOR_ALL]

    def key(request: Request) -> bytes | CannotTell:
        values = [read(request) for read in readers]
        reasons = [reason for value in values if isinstance(value, CannotTell) for reason in value.reasons]
        return cannot_tell(*reasons) if reasons else key_of(identity, values)

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
        return b"\0".join(value)
    return str(value).encode()
