"""Records summed up, and what counts as lost."""

import math
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LabError
from lab.load import Record, Stored, is_lost, read, summary
from lab.load.progress import Progress, report
from lab.load.records import GATEWAY_STATUSES, compare, line
from lab.load.summary import percentile


def record(at: float = 0.0, seconds: float = 0.01, **changes: object) -> Record:
    values: dict[str, object] = {
        "method": "GET",
        "path": "/",
        "status": 200,
        "error": "",
        "release": "1.0.0",
        "colour": "blue",
        "ray": "abc",
        "client": 1,
    }
    return Record(at=at, seconds=seconds, **{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("status", sorted(GATEWAY_STATUSES))
def test_a_gateway_error_is_lost_unless_the_app_made_it(status: int) -> None:
    assert is_lost(record(status=status, release=""))
    assert not is_lost(record(status=status, release="1.0.0"))


@pytest.mark.parametrize("status", [200, 403, 404, 429, 500, 501, 505, 519, 527])
def test_any_other_answer_is_an_answer(status: int) -> None:
    assert not is_lost(record(status=status, release=""))


def test_no_whole_answer_is_lost_even_if_the_app_began_one() -> None:
    assert is_lost(record(status=None, error="ClientPayloadError", release="1.0.0"))


def test_releases_come_in_the_order_in_which_they_answered() -> None:
    found = summary(
        [
            record(3, release="1.0.0", colour="blue"),
            record(2, release="2.0.0", colour="green", status=500),
            record(1, release="1.0.0", colour="blue"),
        ]
    )
    assert [(each.release, each.requests, each.errors, each.first, each.last) for each in found.releases] == [
        ("1.0.0", 2, 0, 1, 3),
        ("2.0.0", 1, 1, 2, 2),
    ]
    assert found.errors == 1
    assert found.seconds == pytest.approx(2.01)


def test_losses_are_counted_by_reason_and_proxies_answers_by_status() -> None:
    found = summary(
        [
            record(status=None, error="ServerDisconnectedError", release=""),
            record(status=521, release=""),
            record(status=429, release=""),
            record(),
        ]
    )
    assert (found.requests, found.lost) == (4, 2)
    assert found.reasons == {"ServerDisconnectedError": 1, "521": 1}
    assert found.by_proxy == {429: 1}


def test_the_slow_request_does_not_count_in_percentiles() -> None:
    found = summary([record(seconds=0.01), record(seconds=2.0, path="/api/slow")])
    assert found.latency.p99 == 0.01


def test_nothing_sums_up_to_nothing() -> None:
    found = summary([])
    assert (found.requests, found.lost, found.seconds, found.releases) == (0, 0, 0.0, ())
    assert math.isnan(found.latency.p50)


@given(st.lists(st.floats(0, 100), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_the_least_value_that_covers_its_share(values: list[float], share: float) -> None:
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert sum(value <= found for value in ordered) >= share * len(ordered)
    assert sum(value < found for value in ordered) < share * len(ordered)


def test_missing_and_doubled_posts_are_told_apart() -> None:
    assert compare(["a", "b", "c"], ["a", "c", "c"]) == Stored(accepted=3, missing=1, doubled=1)
    assert compare(["a"], ["a", "unanswered"]).exact


def test_records_survive_the_file(tmp_path: Path) -> None:
    path = tmp_path / "load.jsonl"
    kept = [record(1.5), record(status=None, error="TimeoutError", release="")]
    stored = Stored(3, 0, 0)
    path.write_text("".join(line(item) for item in kept) + line(stored))
    assert read(path) == (kept, stored)


@pytest.mark.parametrize("text", ["{}", "[]", "no json", '{"record": {"at": 1}}', '{"record": 5}'])
def test_a_file_that_is_no_load_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "load.jsonl"
    path.write_text(line(record()) + text + "\n")
    with pytest.raises(LabError, match=r"load\.jsonl, line 2: this is no record"):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"gone\.jsonl cannot be read"):
        read(tmp_path / "gone.jsonl")


def test_a_release_cannot_write_to_the_terminal() -> None:
    hostile = record(release="1\x1b[2J", colour="\x07", status=None, error="\x1b]0;x")
    progress = Progress(sys.stderr)
    progress.count(hostile)
    text = progress.text(1.0, 1.0) + "".join(report(summary([hostile]), Stored(0, 0, 0)))
    assert "\x1b" not in text
    assert "\x07" not in text
