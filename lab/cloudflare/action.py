"""What the checks of ``action_parameters`` have in common: how they refuse, and the small shapes that recur."""

from __future__ import annotations

from collections.abc import Callable, Collection

from lab.cloudflare.context import whole
from lab.cloudflare.errors import ApiError
from lab.cloudflare.plans import Plan
from lab.cloudflare.store import Json

CHALLENGES = frozenset({"challenge", "js_challenge", "managed_challenge"})

Check = Callable[[Json, str, Plan, str], None]
"""Parameters, phase, plan and JSON pointer; raises :class:`ApiError`."""


def wrong(message: str, pointer: str) -> ApiError:
    """A refusal of what stands at ``pointer``."""
    return ApiError(400, 20120, message, pointer=pointer)


def members(value: object, allowed: Collection[str], pointer: str) -> Json:
    """An object that has no other keys than ``allowed``."""
    if not isinstance(value, dict):
        raise wrong(f"{pointer.rsplit('/', 1)[-1]} must be an object", pointer)
    if unknown := sorted(str(key) for key in value if key not in allowed):
        raise wrong(f"unknown field {unknown[0]!r}", f"{pointer}/{unknown[0]}")
    return value


def one_of(value: object, allowed: tuple[object, ...], pointer: str) -> object:
    """A value that is one of ``allowed``."""
    if value not in allowed or isinstance(value, bool):
        shown = ", ".join(str(each) for each in allowed)
        raise wrong(f"'{value}' is not a valid value for {pointer.rsplit('/', 1)[-1]}: it can be {shown}", pointer)
    return value


def flag(value: object, pointer: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong(f"{pointer.rsplit('/', 1)[-1]} must be true or false", pointer)


def number(value: object, least: int, pointer: str) -> int:
    """A whole number of at least ``least``."""
    found = whole(value)
    if found is None or found < least:
        raise wrong(f"{pointer.rsplit('/', 1)[-1]} must be a whole number from {least}", pointer)
    return found


def texts(value: object, pointer: str) -> list[str]:
    """A list of strings that is not empty, each once."""
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise wrong(f"{pointer.rsplit('/', 1)[-1]} must be a list of strings that is not empty", pointer)
    if len(set(value)) < len(value):
        raise wrong(f"{pointer.rsplit('/', 1)[-1]} has an item twice", pointer)
    return value


def objects(value: object, pointer: str) -> list[tuple[Json, str]]:
    """A list of objects, each with its pointer."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise wrong(f"{pointer.rsplit('/', 1)[-1]} must be a list of objects", pointer)
    return [(item, f"{pointer}/{index}") for index, item in enumerate(value)]
