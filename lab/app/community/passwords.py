"""Password hashes: argon2id with OWASP's first choice of parameters (19 MiB, 2 passes, 1 lane)."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

# A hash of nothing anyone knows, checked when there is no such account, so that both answers take as long.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$cqpMsOLcnAuaRjbeeCtCvA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class Passwords:
    """Hashes off the event loop, a few at a time, so that logins cannot starve other requests."""

    def __init__(self, at_once: int = 2) -> None:
        self._slots = asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> str:
        """The hash to store for ``password``."""
        async with self._slots:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one behind ``stored``; no account (None) takes as long and is false."""
        async with self._slots:
            return await asyncio.to_thread(_verify, stored or _NOBODY, password) and stored is not None


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
