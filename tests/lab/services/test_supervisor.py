"""The supervisor over tiny services: started together, mended, stopped, and never mistaken for another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import LabError
from lab.services import process
from lab.services.lock import alone
from lab.services.supervisor import Service, Supervisor

READY_FILE = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str({what})); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY_FILE.format(what="0")
WITH_CHILD = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', "
    "'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)']); "
) + READY_FILE.format(what="child.pid")


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    home = tmp_path / ".lab"
    home.mkdir()
    one = Supervisor(tmp_path, home, start_seconds=3)
    yield one
    one.stop()


def service(supervisor: Supervisor, name: str = "tiny", code: str = READY_FILE.format(what="0")) -> Service:
    """A service that is ready when its file is there."""
    file = supervisor.home / f"{name}.ready"
    return Service(name, (sys.executable, "-c", code, str(file)), (), lambda: file.exists() and bool(file.read_text()))


def quiet(_line: str) -> None:
    """Say nothing."""


def leader(supervisor: Supervisor, name: str = "tiny") -> process.Process:
    return process.running(supervisor.home)[name][0]


def test_a_service_has_a_session_of_its_own_no_input_and_a_log(supervisor: Supervisor) -> None:
    said: list[str] = []
    supervisor.ensure(
        [service(supervisor, code="print('hello', flush=True); " + READY_FILE.format(what="0"))], said.append
    )
    found = leader(supervisor)
    assert found.leads
    assert Path(f"/proc/{found.pid}/fd/0").readlink() == Path("/dev/null")
    assert supervisor.log("tiny").read_text() == "hello\n"
    assert len(said) == 1
    assert said[0].startswith("tiny ")


def test_a_service_sees_none_of_the_callers_secrets(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-to-be-seen")
    supervisor.ensure([service(supervisor)], quiet)
    assert b"not-to-be-seen" not in Path(f"/proc/{leader(supervisor).pid}/environ").read_bytes()


def test_what_runs_and_answers_is_left_alone(supervisor: Supervisor) -> None:
    supervisor.ensure([service(supervisor)], quiet)
    before = leader(supervisor)
    supervisor.ensure([service(supervisor)], quiet)
    assert leader(supervisor) == before


def test_what_died_is_started_again(supervisor: Supervisor) -> None:
    supervisor.ensure([service(supervisor), service(supervisor, "other")], quiet)
    before, other = leader(supervisor), leader(supervisor, "other")
    before.signal(signal.SIGKILL)
    supervisor.ensure([service(supervisor), service(supervisor, "other")], quiet)
    assert leader(supervisor) != before
    assert leader(supervisor, "other") == other


def test_what_lives_but_does_not_answer_is_started_again(supervisor: Supervisor) -> None:
    file = supervisor.home / "tiny.ready"
    supervisor.ensure([service(supervisor)], quiet)
    before = leader(supervisor)
    file.unlink()
    said: list[str] = []
    supervisor.ensure([service(supervisor)], said.append)
    assert leader(supervisor) != before
    assert "did not answer" in said[0]


def test_a_service_that_ends_is_reported_with_its_last_words(supervisor: Supervisor) -> None:
    supervisor.log("tiny").parent.mkdir()
    supervisor.log("tiny").write_text("words of an earlier run\n")
    with pytest.raises(LabError) as caught:
        supervisor.ensure([service(supervisor, code="raise SystemExit('no such file')")], quiet)
    assert "tiny ended with exit status 1" in str(caught.value)
    assert "no such file" in str(caught.value)
    assert "earlier run" not in str(caught.value)


def test_a_service_that_is_never_ready_is_reported_in_bounded_time(supervisor: Supervisor) -> None:
    begun = time.monotonic()
    with pytest.raises(LabError, match="tiny does not answer after 3 s"):
        supervisor.ensure([service(supervisor, code="import time; time.sleep(60)")], quiet)
    assert time.monotonic() - begun < 6


def test_a_failure_ends_the_wait_for_the_others(supervisor: Supervisor) -> None:
    patient = Supervisor(supervisor.root, supervisor.home, start_seconds=60)
    never = service(supervisor, "never", "import time; time.sleep(60)")
    begun = time.monotonic()
    with pytest.raises(LabError, match="tiny ended"):
        patient.ensure([service(supervisor, code="raise SystemExit(1)"), never], quiet)
    assert time.monotonic() - begun < 10


def test_a_stubborn_service_and_its_stubborn_child_are_killed(supervisor: Supervisor) -> None:
    supervisor.ensure([service(supervisor, code=STUBBORN), service(supervisor, "parent", WITH_CHILD)], quiet)
    child = int((supervisor.home / "parent.ready").read_text())
    assert supervisor.stop() == ["parent", "tiny"]
    assert process.running(supervisor.home) == {}
    assert process.read_process(child) is None


def test_a_child_that_outlives_its_service_is_ended_before_a_new_one_starts(supervisor: Supervisor) -> None:
    supervisor.ensure([service(supervisor, code=WITH_CHILD)], quiet)
    orphan = int((supervisor.home / "tiny.ready").read_text())
    killed = leader(supervisor)
    killed.signal(signal.SIGKILL)
    while killed.alive:
        time.sleep(0.01)
    (supervisor.home / "tiny.ready").unlink()
    assert supervisor.states([service(supervisor)])["tiny"].process is None
    supervisor.ensure([service(supervisor, code=WITH_CHILD)], quiet)
    assert process.read_process(orphan) is None


def test_the_services_of_another_lab_are_not_ours(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.ensure([service(supervisor)], quiet)
    other = Supervisor(tmp_path, tmp_path / ".lab-of-another", start_seconds=3)
    assert other.stop() == []
    assert leader(supervisor).alive


def test_a_number_that_was_given_to_another_process_is_not_signalled() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        now = process.read_process(child.pid)
        assert now is not None
        earlier = process.Process(now.pid, now.started - 1, now.session)
        assert not earlier.alive
        earlier.signal(signal.SIGKILL)
        time.sleep(0.1)
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_zombie_is_not_alive_and_an_ended_process_takes_no_signal() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process.read_process(child.pid) is None
    child.wait()
    process.Process(child.pid, 0, child.pid).signal(signal.SIGKILL)


def test_only_one_command_holds_the_lab(tmp_path: Path) -> None:
    refused = threading.Event()
    with alone(tmp_path):
        with pytest.raises(LabError, match="another"), alone(tmp_path):
            refused.set()
        assert list(tmp_path.iterdir()) == []
    with alone(tmp_path):
        assert not refused.is_set()
