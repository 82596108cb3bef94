"""Times compared: what is there is told, noise is not."""

from __future__ import annotations

import random

import pytest

from readiness.rows.auth.pairs import difference


def _pairs(rng: random.Random, count: int, more: float, spread: float) -> list[tuple[float, float]]:
    def time() -> float:
        return 0.05 + rng.expovariate(1 / spread) + (rng.random() < 0.05) * rng.uniform(0.1, 2.0)

    return [(time() + more, time()) for _ in range(count)]


@pytest.mark.parametrize("count", [12, 16, 24])
@pytest.mark.parametrize("spread", [0.001, 0.005, 0.02, 0.1])
def test_noise_is_hardly_ever_told(count: int, spread: float) -> None:
    rng = random.Random(count)
    assert sum(difference(_pairs(rng, count, 0.0, spread)).tells for _ in range(2000)) <= 30


@pytest.mark.parametrize(("more", "spread"), [(0.03, 0.005), (-0.03, 0.005), (0.01, 0.001), (-0.3, 0.05)])
def test_a_difference_is_told(more: float, spread: float) -> None:
    rng = random.Random(5)
    assert sum(difference(_pairs(rng, 20, more, spread)).tells for _ in range(200)) >= 190


@pytest.mark.parametrize("more", [0.0, 0.002, -0.004])
def test_what_nobody_far_away_sees_is_not_told(more: float) -> None:
    pairs = [(0.05 + more + 1e-5 * n, 0.05) for n in range(20)]
    assert not difference(pairs).tells


def test_a_tenth_is_needed_of_what_takes_long() -> None:
    assert not difference([(1.08 + 1e-5 * n, 1.0) for n in range(20)]).tells
    assert difference([(1.15 + 1e-5 * n, 1.0) for n in range(20)]).tells


def test_it_is_said_in_milliseconds() -> None:
    assert str(difference([(0.06, 0.05)] * 16)) == "+10.0 ms (between +10.0 and +10.0) over 16 pairs"
