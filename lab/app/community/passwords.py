"""Password hashes: argon2id with OWASP's first choice of parameters (19 MiB, 2 passes, 1 lane)."""

from __future__ import annotations

import asyncio
import re

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .problems import Problem

_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

# A hash of nothing anyone knows, checked when there is no such account, so that both answers take as long.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$cqpMsOLcnAuaRjbeeCtCvA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

# zxcvbn's own scale: 1 is up to 10^6 guesses, which an attacker has soon, whatever the limits. Its work grows with the
# square of the length: more than this is not looked at.
_GUESSABLE = 1
_LOOKED_AT = 40
_WORD = re.compile(r"\w+")


class Passwords:
    """Hashes off the event loop, a few at a time, so that logins cannot starve other requests."""

    def __init__(self, at_once: int = 2) -> None:
        self._slots = asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> str:
        """The hash to store for ``password``."""
        async with self._slots:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def require_good(self, password: str, *known: str) -> None:
        """Raises 422 for one that is among the first that anybody tries, or made of ``known`` words: address, name."""
        async with self._slots:
            if await asyncio.to_thread(_guessable, password[:_LOOKED_AT], known):
                raise Problem(422, "This password is among the first that anybody would try: choose another one.")

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one behind ``stored``; no account (None) takes as long and is false."""
        async with self._slots:
            return await asyncio.to_thread(_verify, stored or _NOBODY, password) and stored is not None


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _guessable(password: str, known: tuple[str, ...]) -> bool:
    # Loaded with the first password that is set: its lists of words are most of what the app would load at its start.
    from zxcvbn import zxcvbn

    return (
        int(zxcvbn(password, user_inputs=[word for text in known for word in _WORD.findall(text)])["score"])
        <= _GUESSABLE
    )
