"""/proc as it is written, and signals that reach the one process meant."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.hosts import processes
from lab.hosts.cgroups import hierarchies
from lab.hosts.mounts import parse
from lab.hosts.processes import Process

STAT = "{pid} ({command}) {state} 1 2 3 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 {started} 0 0 1 0 0"


@given(command=st.text(max_size=20), started=st.integers(0, 2**60))
def test_a_stat_line_is_read_whatever_the_command_is_called(command: str, started: int) -> None:
    line = STAT.format(pid=7, command=command, state="S", started=started)
    assert processes.parse_stat(line) == ("S", started)


def test_the_namespaces_of_a_containers_first_process() -> None:
    assert processes.parse_namespaces("Name:\tsystemd\nNSpid:\t985\t1\nNSsid:\t1\t1\n") == [985, 1]
    assert processes.parse_namespaces("Name:\tsh\n") == []


@pytest.mark.parametrize(
    ("text", "machine"),
    [
        ("0::/lr-abc-app-1/payload/system.slice/nginx.service\n", "lr-abc-app-1"),
        ("3:cpuset:/\n1:name=systemd:/lr-abc-app-1/supervisor\n0::/\n", "lr-abc-app-1"),
        ("0::/machine.slice/lr-abc-app-1.scope/payload/init.scope\n", "lr-abc-app-1"),
        ("0::/lr-xyz-app-1/payload\n", None),
        ("0::/user.slice/user-0.slice/session-1.scope\n", None),
        ("0::/system.slice/not-lr-abc-app-1.service\n", None),
        ("", None),
    ],
)
def test_the_container_of_a_process_is_in_its_cgroup(text: str, machine: str | None) -> None:
    assert processes.machine_of(text, "lr-abc-") == machine


@pytest.mark.parametrize(
    ("words", "machine"),
    [
        (["setsid", "--fork", "sh", "-c", "…", "systemd-nspawn", "--machine=lr-a-app-1", "--boot"], "lr-a-app-1"),
        (["/usr/bin/systemd-nspawn", "--machine=lr-a-db"], "lr-a-db"),
        (["systemd-nspawn", "--machine=lr-b-db"], None),
        (["grep", "--", "--machine=lr-a-db"], None),
        (["sh", "-c", "echo --machine=lr-a-db"], None),
        ([""], None),
    ],
)
def test_a_container_that_is_not_in_its_cgroup_yet_is_known_by_its_command(
    words: list[str], machine: str | None
) -> None:
    assert processes.launched_machine("\0".join([*words, ""]), "lr-a-") == machine


def fake(proc: Path, pid: int, *, cgroup: str, namespaces: str, state: str = "S", command: str = "x") -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "cgroup").write_text(f"0::{cgroup}\n")
    (folder / "stat").write_text(STAT.format(pid=pid, command="x", state=state, started=pid * 10))
    (folder / "cmdline").write_text(f"{command}\0")
    (folder / "status").write_text(f"NSpid:\t{namespaces}\n")


def test_a_scan_finds_each_container_whole_and_nothing_that_is_over(tmp_path: Path) -> None:
    fake(tmp_path, 10, cgroup="/lr-a-app-1/supervisor", namespaces="10")
    fake(tmp_path, 11, cgroup="/lr-a-app-1/payload/init.scope", namespaces="11\t1")
    fake(tmp_path, 12, cgroup="/lr-a-app-1/payload/system.slice", namespaces="12\t40")
    fake(tmp_path, 13, cgroup="/lr-a-app-1/payload", namespaces="13\t41", state="Z")
    fake(tmp_path, 14, cgroup="/lr-a-db/payload/system.slice", namespaces="14\t7\t1")
    fake(tmp_path, 15, cgroup="/", namespaces="15")
    fake(tmp_path, 17, cgroup="/", namespaces="17", command="sh\0--machine=lr-a-db")
    (tmp_path / "16").mkdir()
    (tmp_path / "self").mkdir()
    found = processes.scan("lr-a-", tmp_path)
    assert {name: sorted(process.pid for process in each) for name, each in found.items()} == {
        "lr-a-app-1": [10, 11, 12],
        "lr-a-db": [14, 17],
    }
    assert processes.leader(found["lr-a-app-1"]) == Process(11, 110, leads=True)
    assert processes.leader(found["lr-a-db"]) is None


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(["sleep", "60"])
    yield child
    child.kill()
    child.wait()


def test_a_signal_reaches_the_process_that_is_meant(sleeper: subprocess.Popen[bytes]) -> None:
    started = processes.parse_stat(Path(f"/proc/{sleeper.pid}/stat").read_text())[1]
    meant = Process(sleeper.pid, started, leads=False)
    assert processes.send(meant, signal.SIGTERM)
    assert sleeper.wait(5) == -signal.SIGTERM
    assert not processes.send(meant, signal.SIGTERM)


def test_a_number_used_again_is_not_hit(sleeper: subprocess.Popen[bytes]) -> None:
    started = processes.parse_stat(Path(f"/proc/{sleeper.pid}/stat").read_text())[1]
    before = replace(Process(sleeper.pid, started, leads=True), started=started - 1)
    assert not processes.send(before, signal.SIGKILL)
    processes.kill([before])
    assert sleeper.poll() is None


def test_this_process_is_in_no_container() -> None:
    assert os.getpid() not in [process.pid for each in processes.scan("lr-").values() for process in each]


MOUNTINFO = """\
25 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 25 0:26 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 25 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
33 25 0:29 / /srv/with\\040space/root rw shared:7 master:1 - overlay launch-ready rw,lowerdir=/l:/t,upperdir=/u
34 25 0:30 / /empty rw - tmpfs
"""


def test_mounts_are_read_with_their_spaces() -> None:
    mounts = parse(MOUNTINFO)
    assert (str(mounts[4].point), mounts[4].kind) == ("/srv/with space/root", "overlay")
    assert mounts[4].options == "rw,lowerdir=/l:/t,upperdir=/u"


def test_a_container_goes_where_nspawn_looks() -> None:
    assert [str(path) for path in hierarchies(parse(MOUNTINFO))] == ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"]
