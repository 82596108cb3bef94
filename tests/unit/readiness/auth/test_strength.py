"""How hard tokens are to guess: good generators pass, weak ones do not, whatever the tokens."""

from __future__ import annotations

import base64
import hashlib
import random
import string
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.rows.auth.strength import MAIL_BITS, SESSION_BITS, examine

Make = Callable[[random.Random, int], str]


def _base64(size: int) -> Make:
    return lambda rng, _n: base64.urlsafe_b64encode(rng.randbytes(size)).decode().rstrip("=")


GOOD: dict[str, Make] = {
    "16 bytes as Base64": _base64(16),
    "32 bytes as Base64": _base64(32),
    "16 bytes as hex": lambda rng, _n: rng.randbytes(16).hex(),
    "32 bytes as HEX": lambda rng, _n: rng.randbytes(32).hex().upper(),
    "40 digits": lambda rng, _n: "".join(rng.choices(string.digits, k=40)),
    "26 of base 32": lambda rng, _n: "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=26)),
    "with a fixed prefix": lambda rng, _n: "tok_" + rng.randbytes(16).hex(),
}
BAD: dict[str, Make] = {
    "6 digits": lambda rng, _n: f"{rng.randrange(10**6):06d}",
    "6 digits, padded": lambda rng, _n: f"{rng.randrange(10**6):06d}{'A' * 26}",
    "a counter": lambda _rng, n: str(1000 + n),
    "a counter, padded": lambda _rng, n: f"{n:043d}",
    "8 bytes as hex": lambda rng, _n: rng.randbytes(8).hex(),
    "the same again and again": lambda _rng, _n: "k3J9dkq02lsKKd93kdkA1w",
    "one of two": lambda rng, _n: rng.choice(["a" * 43, "b" * 43]),
    "four characters, written ten times": lambda rng, _n: rng.randbytes(2).hex() * 10,
    "a clock before 16 random bytes": lambda rng, n: f"{1_760_000_000_000 + 40 * n:x}" + rng.randbytes(16).hex(),
    "a clock in Base64 before random bytes": lambda rng, n: base64.urlsafe_b64encode(
        (1_760_000_000_000 + 40 * n).to_bytes(6, "big") + rng.randbytes(18)
    ).decode(),
    "random bytes before a counter that falls": lambda rng, n: rng.randbytes(16).hex() + f"{9000 - n:04d}",
    "a UUID of the time": lambda rng, n: str(uuid.UUID(int=rng.getrandbits(128), version=1)),
    "the number's digest": lambda _rng, n: hashlib.md5(str(n).encode()).hexdigest(),
}
# What a statistic cannot know is told by what is known of the account.
KNOWN = [str(n) for n in range(100)]


@given(seed=st.integers(0, 2**32), count=st.integers(20, 40), kind=st.sampled_from(sorted(GOOD)))
def test_good_tokens_have_no_fault(seed: int, count: int, kind: str) -> None:
    rng = random.Random(seed)
    strength = examine([GOOD[kind](rng, n) for n in range(count)], KNOWN)
    assert strength.wrong(SESSION_BITS) == []
    assert strength.bits <= strength.room + 1e-9


@given(seed=st.integers(0, 2**32), count=st.integers(20, 40), kind=st.sampled_from(sorted(BAD)))
def test_weak_tokens_are_told(seed: int, count: int, kind: str) -> None:
    rng = random.Random(seed)
    assert examine([BAD[kind](rng, n) for n in range(count)], KNOWN).wrong(MAIL_BITS) != []


@given(st.lists(st.text(max_size=60), max_size=30))
def test_any_text_is_measured(tokens: list[str]) -> None:
    strength = examine(tokens, tokens)
    assert strength.bits >= 0
    assert str(strength)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("a counter, padded", "a counter or a clock"),
        ("a clock before 16 random bytes", "only ever grow"),
        ("random bytes before a counter that falls", "only ever shrink"),
        ("the same again and again", "23 of 24 came before"),
        ("a UUID of the time", "24 of 24 are UUIDs made of the time"),
        ("the number's digest", "24 of 24 are digests"),
        ("8 bytes as hex", "(at most 64) where 112 are wanted"),
    ],
)
def test_the_reason_is_said(kind: str, says: str) -> None:
    rng = random.Random(1)
    assert says in "; ".join(examine([BAD[kind](rng, n) for n in range(24)], KNOWN).wrong(MAIL_BITS))


def test_a_random_uuid_is_enough_for_a_link_and_not_for_a_session() -> None:
    rng = random.Random(3)
    strength = examine([str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(24)])
    assert strength.wrong(MAIL_BITS) == []
    assert strength.wrong(SESSION_BITS) != []
