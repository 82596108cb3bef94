"""Expressions of the rules language, checked by Cloudflare's own parser (``wirefilter``)."""

from __future__ import annotations

from typing import Any

from octorules_wirefilter import parse_expression

from lab.cloudflare.errors import ApiError
from lab.cloudflare.plans import Plan

MAX_EXPRESSION = 4096
# Cloudflare takes these as whole expressions; the parser has no literals of their type.
_CONSTANTS = ("true", "false")


def check_filter(text: object, plan: Plan, field: str, pointer: str) -> str:
    """Return ``text`` if it is a filter that ``plan`` may use; the :class:`ApiError` else says where it breaks."""
    text = _sized(text, field, pointer)
    if text.strip() in _CONSTANTS:
        return text
    parsed = parse_expression(text)
    if "error" in parsed:
        raise _invalid(20127, text, field, f"could not parse filter expression: {parsed['error'].strip()}", pointer)
    _check_entitled(parsed, plan, field, pointer)
    return text


def check_value_expression(text: object, plan: Plan, field: str, pointer: str) -> None:
    """Raise :class:`ApiError` unless ``text`` is an expression that gives a string (a dynamic redirect's target)."""
    text = _sized(text, field, pointer)
    # The parser reads filters alone: a string compared with another is one.
    parsed = parse_expression(f'{text} eq ""')
    if "error" in parsed:
        raise _invalid(20127, text, field, f"could not parse expression: {parsed['error'].strip()}", pointer)
    _check_entitled(parsed, plan, field, pointer)
    if "regex_replace" in parsed["functions"] and not plan.regular_expressions:
        raise ApiError(400, 20127, f"not entitled to use the function regex_replace in {field}", pointer=pointer)


def _sized(text: object, field: str, pointer: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise _invalid(20125, "", field, "the expression cannot be blank", pointer)
    if len(text) > MAX_EXPRESSION:
        raise _invalid(20127, text[:40], field, f"it is longer than {MAX_EXPRESSION} characters", pointer)
    return text


def _check_entitled(parsed: dict[str, Any], plan: Plan, field: str, pointer: str) -> None:
    if parsed["regex_literals"] and not plan.regular_expressions:
        raise ApiError(400, 20127, f"not entitled to use the operator matches in {field}", pointer=pointer)


def _invalid(code: int, shown: str, field: str, reason: str, pointer: str) -> ApiError:
    return ApiError(400, code, f"'{shown}' is not a valid value for {field} because {reason}", pointer=pointer)
