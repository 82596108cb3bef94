"""What hosts say of their logs, and when it counts as read."""

from __future__ import annotations

import pytest

from core.errors import CheckError, HostError
from core.ports import Ran
from readiness.check import Outcome, Result
from readiness.rows.monitoring import checks
from readiness.rows.monitoring.logs import parsed, read_all, why_not_told
from readiness.rows.monitoring.redaction import _logs
from readiness.rows.monitoring.sending import Sent
from tests.unit.readiness.fakes import make_target
from tests.unit.readiness.monitoring.test_canaries import CANARIES
from tests.unit.readiness.platform import Platform

GOOD = """size 12 journal
marker journal
marker app
size 40 /var/log/nginx/release.log
marker /var/log/nginx/release.log
size 3 /srv/app/journal.jsonl
end
"""
SENT = Sent((("query", "GET /", "200"),))


class Host:
    """Fulfils as much of :class:`core.ports.Shell` as is used; ``heard`` is its standard input."""

    name = "app-1"

    def __init__(self, *said: Ran | Exception) -> None:
        self._said = list(said)
        self.heard = b""

    def run(self, script: str, *, timeout: float, stdin: bytes = b"") -> Ran:
        self.heard = stdin
        said = self._said.pop(0)
        if isinstance(said, Exception):
            raise said
        return said


def judged(*said: str) -> Result:
    hosts = {f"app-{number}": Host(Ran(0, text, "")) for number, text in enumerate(said, 1)}
    return _logs(make_target(Platform(), shells=hosts), CANARIES, SENT, "check-abcdef", 1)


def test_what_is_looked_for_goes_in_on_standard_input() -> None:
    host = Host(Ran(0, GOOD, ""))
    (read,) = read_all({"app-1": host}, ["one", "two"], "check-abcdef", 17)  # type: ignore[dict-item]
    assert host.heard == b"17\ncheck-abcdef\none\ntwo\n"
    assert read.sizes["/var/log/nginx/release.log"] == 40


@pytest.mark.parametrize(
    "said", [HostError("app-1: lost"), Ran(1, GOOD, "sh: broken"), Ran(0, GOOD.removesuffix("end\n"), "")]
)
def test_a_host_that_does_not_say_all_is_not_read(said: Ran | Exception) -> None:
    with pytest.raises(CheckError, match="app-1"):
        read_all({"app-1": Host(said)}, [], "m", 1)  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("gone", "why"),
    [
        ("marker journal\n", "its journal does not show"),
        ("marker app\n", "its journal shows no line of the app's units"),
        ("marker /var/log/nginx/release.log\n", "no log of nginx"),
        ("size 12 journal\n", ""),
    ],
)
def test_a_log_counts_as_read_if_it_shows_what_must_be_there(gone: str, why: str) -> None:
    told = why_not_told(parsed("app-1", GOOD.replace(gone, "")))
    assert told.startswith(why)
    assert bool(told) == bool(why)


def test_clean_logs_pass_and_the_places_are_counted() -> None:
    result = judged(GOOD, GOOD)
    assert (result.check, result.outcome) == (checks.LOGS, Outcome.PASS)
    assert "110 lines of 6 logs on 2 hosts" in result.summary


def test_one_dark_host_is_no_pass() -> None:
    result = judged(GOOD, GOOD.replace("marker journal\n", ""))
    assert result.outcome is Outcome.CANNOT_TELL
    assert result.summary.startswith("app-2: ")


def test_a_leak_is_told_by_kind_and_place_and_not_shown() -> None:
    token = CANARIES["JWT"].value
    leak = f"hit /var/log/nginx/release.log GET /x?token={token}\nhit journal app[1]: Bearer {token}\n"
    result = judged(GOOD.replace("end\n", f"{leak}end\n"))
    assert result.outcome is Outcome.FAIL
    assert result.summary == "JWT in /var/log/nginx/release.log on app-1, journal on app-1"
    assert token not in repr(result)


def test_a_leak_counts_where_a_log_is_dark_too() -> None:
    dark = GOOD.replace("marker journal\n", f"hit journal {CANARIES['API key'].value}\n")
    assert judged(dark).outcome is Outcome.FAIL


def test_without_hosts_it_cannot_be_told() -> None:
    assert judged().outcome is Outcome.CANNOT_TELL
