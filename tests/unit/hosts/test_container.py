"""The commands that run containers, compared as values."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from core.errors import LabError
from lab.hosts import container
from lab.hosts.host import existing, machines, named, names
from lab.place import Place

PLACE = Place(Path("/srv/launch-ready"), 84)
HOST = named(PLACE, "app-2")


def test_a_host_boots_on_the_machines_network_unregistered() -> None:
    argv = container.nspawn_argv(HOST)
    assert argv[0] == "systemd-nspawn"
    assert {"--boot", "--register=no", "--keep-unit", "--settings=no"} <= set(argv)
    assert "--directory=/srv/launch-ready/.lab/hosts/app-2/root" in argv
    assert not [word for word in argv if word.startswith(("--network", "--private-network", "--port"))]


def test_without_systemd_it_enters_cgroups_of_its_own() -> None:
    argv = container.launch_argv(HOST, [Path("/sys/fs/cgroup/x"), Path("/sys/fs/cgroup/unified/x")])
    assert argv[:4] == ["setsid", "--fork", "sh", "-c"]
    assert argv[5:9] == ["sh", "/sys/fs/cgroup/x", "/sys/fs/cgroup/unified/x", "--"]
    assert argv[9:] == container.nspawn_argv(HOST)


def test_with_systemd_it_runs_in_a_scope_with_its_name() -> None:
    argv = container.launch_argv(HOST, [])
    assert argv[2:4] == ["systemd-run", "--scope"]
    assert f"--unit={HOST.machine}" in argv
    assert "--property=Delegate=yes" in argv
    assert argv[-len(container.nspawn_argv(HOST)) :] == container.nspawn_argv(HOST)


def test_the_cgroup_script_enters_each_and_then_runs_the_command(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    cgroups = [str(tmp_path / name) for name in ("one", "two")]
    argv = ["sh", "-c", container._ENTER, "sh", *cgroups, "--", "echo", "a word", "--"]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "a word --\n"
    assert (tmp_path / "one/cgroup.procs").read_text() == (tmp_path / "two/cgroup.procs").read_text()


def test_a_command_in_a_host_starts_from_a_clean_environment() -> None:
    argv = container.shell_argv(1234, ["systemctl", "is-active", "nginx"])
    assert argv[:2] == ["nsenter", "--target=1234"]
    assert argv[argv.index("--") + 1 :][:2] == ["env", "-i"]
    assert argv[-3:] == ["systemctl", "is-active", "nginx"]


def test_a_program_gets_its_folders_in_pairs_before_its_own_words() -> None:
    argv = container.program_argv(Path("/tree"), ["knotd", "-c", "/run/dns/knot.conf"], {Path("/a b"): "/run/dns"})
    assert argv[-7:] == ["/tree", "/a b", "/run/dns", "--", "knotd", "-c", "/run/dns/knot.conf"]


def test_names_and_addresses() -> None:
    assert names(2) == ["app-1", "app-2", "db"]
    assert [named(PLACE, name).address for name in names(2)] == ["127.84.1.1", "127.84.1.2", "127.84.2.1"]
    assert [named(PLACE, name).role for name in names(1)] == ["app", "database"]


@pytest.mark.parametrize("name", ["app-0", "app-201", "app-01", "web-1", "", "../db", "app-1/.."])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="none called"):
        named(PLACE, name)


def test_two_labs_never_share_a_containers_name() -> None:
    assert len({machines(PLACE), machines(Place(PLACE.root, 85)), machines(Place(Path("/other"), 84))}) == 3


def test_the_hosts_of_a_lab_that_is_not_up_are_none(tmp_path: Path) -> None:
    assert existing(Place(tmp_path, 84)) == []
