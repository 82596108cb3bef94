"""What may be typed after the options of a release."""

from __future__ import annotations

import pytest

from cli.release import _percents
from cli.world import seconds
from core.errors import SettingsError


@pytest.mark.parametrize(
    ("given", "meant"), [("0", 0), ("90", 90), ("60s", 60), ("2m", 120), ("1h", 3600), ("0.5m", 30)]
)
def test_a_time_has_a_unit_or_is_in_seconds(given: str, meant: float) -> None:
    assert seconds("--watch", given) == meant


@pytest.mark.parametrize("given", ["", "m", "-1s", "2h", "1d", "nan", "inf", "1 0"])
def test_another_time_is_refused(given: str) -> None:
    with pytest.raises(SettingsError, match=r"^--step is .*, and it takes a time such as 90s or 2m, from 0 to 3600 s$"):
        seconds("--step", given)


@pytest.mark.parametrize(("given", "meant"), [("10,50,100", (10, 50, 100)), ("10 %, 20%", (10, 20)), ("100", (100,))])
def test_percents_rise_in_tens(given: str, meant: tuple[int, ...]) -> None:
    assert _percents(given) == meant


@pytest.mark.parametrize("given", [",", "5", "50,10", "10,10", "0", "110", "ten", "10;20", "١٠"])
def test_other_percents_are_refused(given: str) -> None:
    with pytest.raises(SettingsError, match=r"rising multiples of 10 up to 100, such as 10,50,100$"):
        _percents(given)
