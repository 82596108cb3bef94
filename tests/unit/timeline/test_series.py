"""Records turned into bands, dots and marks."""

import pytest

from lab.load import Record
from lab.timeline.plot import label_places, shades
from lab.timeline.series import MOST_BINS, MOST_DOTS, Band, series


def record(
    at: float, release: str = "1.0.0", colour: str = "blue", status: int | None = 200, path: str = "/"
) -> Record:
    return Record(1000.0 + at, 0.01, "GET", path, status, "" if status else "TimeoutError", release, colour, "", 1)


def test_each_answer_is_in_one_band_at_the_time_it_was_sent() -> None:
    found = series([record(0.0), record(0.05), record(0.31, "2.0.0", "green"), record(0.99)])
    assert (found.start, found.width) == (1000.0, 0.1)
    assert found.span == pytest.approx(0.99)
    assert [(band.release, band.colour) for band in found.bands] == [("1.0.0", "blue"), ("2.0.0", "green")]
    assert found.bands[0].rates[0] == pytest.approx(20)
    assert found.bands[1].rates[3] == pytest.approx(10)
    assert sum(sum(band.rates) for band in found.bands) * found.width == pytest.approx(4)


def test_a_release_that_moved_to_the_other_colour_has_two_bands() -> None:
    found = series([record(0), record(1, colour="green")])
    assert [(band.release, band.colour) for band in found.bands] == [("1.0.0", "blue"), ("1.0.0", "green")]


def test_errors_and_losses_are_marked_where_they_happened() -> None:
    found = series([record(0), record(1, status=500), record(2, "", "", 502), record(3, "", "", None), record(4)])
    assert found.errors == (1.0,)
    assert found.lost == (2.0, 3.0)


def test_slow_requests_are_not_among_the_latencies() -> None:
    found = series([record(0), record(1, path="/api/slow")])
    assert found.dots == ((0.0, 0.01),)


def test_a_long_load_is_drawn_with_bounded_detail() -> None:
    found = series([record(index * 0.06) for index in range(10_000)])
    assert len(found.bands[0].rates) <= MOST_BINS + 1
    assert 0 < len(found.dots) <= MOST_DOTS


def test_one_record_is_enough() -> None:
    assert series([record(0)]).bands[0].rates[0] == pytest.approx(10)


def test_a_short_silence_does_not_end_a_run_and_a_long_one_does() -> None:
    band = Band("1.0.0", "blue", (1, 0, 0, 1, *[0] * 10, 1, 1))
    assert band.runs() == [(0, 4), (14, 16)]


def test_every_wide_run_is_named_and_a_band_without_one_once() -> None:
    band = Band("1.0.0", "blue", (*[1.0] * 10, *[0.0] * 10, *[1.0] * 20))
    assert label_places(band, 0.1, 0.5) == [pytest.approx(0.5), pytest.approx(3.0)]
    assert label_places(band, 0.1, 9.0) == [pytest.approx(3.0)]


def test_releases_on_one_colour_differ_in_shade_and_keep_its_hue() -> None:
    bands = [Band(str(number), "blue", (1.0,)) for number in range(2)] + [Band("x", "mauve", (1.0,))]
    assert list(shades(bands).values()) == ["blue-1", "blue-2", "other-1"]
