"""What each function takes and gives (Cloudflare, "Functions"; and what Cloudflare's parser accepts)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.scheme import BOOL, BOOLS, BYTES, INT, IP, STRINGS, ArrayOf, MapOf, Type


@dataclass(frozen=True)
class Parameter:
    """What an argument may be: one of ``types``, from a field or a call (``value``), a literal, or either."""

    types: tuple[Type, ...]
    value: bool = True
    literal: bool = False

    def __str__(self) -> str:
        forms = ["a field or a call"] * self.value + ["a literal"] * self.literal
        return f"{' or '.join(forms)} of type {' or '.join(str(one) for one in self.types)}"

    def takes(self, kind: Type, *, literal: bool) -> bool:
        """Whether an argument of this type fits."""
        return kind in self.types and (self.literal if literal else self.value)


@dataclass(frozen=True)
class Signature:
    """A function: its result, its parameters, how many of the last may be left out, and whether the last repeats.

    ``documented``: Cloudflare's documentation has it, and the parser that we have of theirs does not know it.
    """

    result: Type
    parameters: tuple[Parameter, ...]
    optional: int = 0
    repeats: bool = False
    documented: bool = False

    def misfit(self, given: Sequence[tuple[Type, bool]]) -> tuple[int, str] | None:
        """Why these arguments (type, whether a literal) do not fit: the index of the one at fault, and the reason."""
        for index, (kind, literal) in enumerate(given):
            if index >= len(self.parameters) and not self.repeats:
                return index, "has too many arguments"
            parameter = self.parameters[min(index, len(self.parameters) - 1)]
            if not parameter.takes(kind, literal=literal):
                return index, f"has {kind} as argument {index + 1}; it takes {parameter}"
        if len(given) < len(self.parameters) - self.optional:
            return len(given), "has too few arguments"
        return None


_TEXT = Parameter((BYTES,))
_WORD = Parameter((BYTES,), value=False, literal=True)
_NUMBER = Parameter((INT,), value=False, literal=True)
_TEXT_OR_WORD = Parameter((BYTES,), literal=True)
_NUMBERS = ArrayOf(INT)
_KEY = Parameter((BYTES, INT), value=False, literal=True)
# Cloudflare's parser takes this many names at most.
_MOST_NAMES: Final = 10


def _documented(signature: Signature) -> Signature:
    return replace(signature, documented=True)


def _same(kind: Type) -> Signature:
    either = Parameter((kind,), literal=True)
    return Signature(kind, (either, either), repeats=True)


def _texts(*more: Parameter, optional: int = 0, result: Type = BYTES) -> Signature:
    return Signature(result, (_TEXT, *more), optional)


def _hash() -> tuple[Signature, ...]:
    return _texts(), _documented(Signature(BYTES, (_TEXT_OR_WORD,)))


def _trim() -> tuple[Signature, ...]:
    return (_texts(_WORD, optional=1),)


FUNCTIONS: Final[dict[str, tuple[Signature, ...]]] = {
    "all": (Signature(BOOL, (Parameter((BOOLS,)),)),),
    "any": (Signature(BOOL, (Parameter((BOOLS,)),)),),
    "bit_slice": (_texts(_NUMBER, _NUMBER, result=INT),),
    "cidr": (Signature(IP, (Parameter((IP,)), _NUMBER, _NUMBER)),),
    "cidr6": (Signature(IP, (Parameter((IP,)), _NUMBER)),),
    "coalesce": tuple(_same(kind) for kind in (BYTES, INT, IP, BOOL)),
    "concat": (
        _same(BYTES),
        *(Signature(kind, (Parameter((kind,)), Parameter((kind,))), repeats=True) for kind in (STRINGS, _NUMBERS)),
    ),
    "contains": (_texts(_TEXT_OR_WORD, result=BOOL),),
    "decode_base64": (_texts(),),
    "encode_base64": (_texts(_WORD, optional=1), _documented(Signature(BYTES, (_TEXT_OR_WORD, _WORD), 1))),
    "ends_with": (_texts(_TEXT_OR_WORD, result=BOOL),),
    "has_key": (Signature(BOOL, (Parameter((MapOf(STRINGS),)), _WORD)),),
    "has_value": (Signature(BOOL, (Parameter((STRINGS,)), _WORD)),),
    "hash_in_range": (Signature(INT, (_NUMBER, _NUMBER, Parameter((BYTES, INT, IP)))),),
    "hmac": (_texts(_WORD, _WORD),),
    "ip_in_range": (Signature(BOOL, (Parameter((IP,)), _WORD)),),
    "is_jwt_present": (Signature(BOOL, (_WORD,)),),
    "is_jwt_valid": (Signature(BOOL, (_WORD,)),),
    # The second is what the parser that we have takes; the documentation has the first.
    "is_timed_hmac_valid_v0": (
        _documented(Signature(BOOL, (_WORD, _TEXT, _NUMBER, Parameter((INT,), literal=True), _NUMBER, _WORD), 2)),
        _texts(_WORD, _NUMBER, _WORD, _NUMBER, optional=2, result=BOOL),
    ),
    "join": (Signature(BYTES, (Parameter((STRINGS,)), _WORD)),),
    # "Missing field versus empty value" of Cloudflare's rate limiting parameters counts an array's items.
    "len": (_texts(result=INT), _documented(Signature(INT, (Parameter((STRINGS, _NUMBERS)),)))),
    "lookup_json_integer": (
        _texts(_WORD, result=INT),
        _documented(Signature(INT, (_TEXT, _KEY), repeats=True)),
    ),
    "lookup_json_string": (_texts(_WORD), _documented(Signature(BYTES, (_TEXT, _KEY), repeats=True))),
    "lower": (_texts(),),
    "regex_replace": (_texts(_WORD, _WORD),),
    "remove_bytes": (_texts(_WORD),),
    "remove_query_args": (Signature(BYTES, (_TEXT, *[_WORD] * _MOST_NAMES), _MOST_NAMES - 1),),
    "sha256": _hash(),
    "sha512": _hash(),
    "split": (_texts(_WORD, _NUMBER, result=STRINGS),),
    "starts_with": (_texts(_TEXT_OR_WORD, result=BOOL),),
    "substring": (_texts(_NUMBER, _NUMBER), _documented(_texts(_NUMBER))),
    "to_string": (
        Signature(BYTES, (Parameter((INT,)),)),
        _documented(Signature(BYTES, (Parameter((BOOL, IP)),))),
    ),
    "trim": _trim(),
    "trim_end": _trim(),
    "trim_start": _trim(),
    "upper": (_texts(),),
    "url_decode": (_texts(), _documented(_texts(_WORD))),
    "uuidv4": (_texts(),),
    "wildcard": (_texts(_WORD, result=BOOL),),
    "wildcard_replace": (_texts(_WORD, _WORD, _WORD, optional=1),),
}
