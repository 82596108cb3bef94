"""Real hosts: booted, logged in to, killed, repaired, and gone without a trace."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import LabError
from lab import pki
from lab.hosts import api, inotify, mounts, power, processes
from lab.hosts.container import run_in_tree
from lab.hosts.host import machines, named, names
from lab.place import Place, here

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="hosts need root")]

ROOT = Path(__file__).resolve().parents[3]


def quiet(_line: str) -> None:
    """Progress is not looked at here."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A lab folder and a net of its own, on the cached tree of this checkout: another lab may be up beside it."""
    root = tmp_path_factory.mktemp("lab")
    (root / ".cache").symlink_to((ROOT / ".cache").resolve())
    place = Place(root, (here().net + 150) % 254 + 1)
    yield place
    api.halt(place)


@pytest.fixture
def up(place: Place) -> Place:
    """Two app hosts and the database host, up; whatever a test did to them, the next finds them repaired."""
    api.boot(place, names(2), quiet)
    return place


def ssh(place: Place, name: str, command: str) -> subprocess.CompletedProcess[str]:
    """Log in as a release would, by OpenSSH's client, with the host's key checked."""
    host = api.inventory(place, [name])[0] if name != "db" else {"address": place.database}
    options = {
        "UserKnownHostsFile": f"{place.home}/ssh/known_hosts",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
    }
    argv = ["ssh", "-F", "none", "-p", "2222", "-i", f"{place.home}/ssh/deploy"]
    for option, value in options.items():
        argv += ["-o", f"{option}={value}"]
    return subprocess.run([*argv, f"deploy@{host['address']}", command], capture_output=True, text=True, timeout=30)


def leader(place: Place, name: str) -> processes.Process:
    found = processes.leader(processes.scan(machines(place))[named(place, name).machine])
    assert found is not None
    return found


def test_every_host_lets_the_releaser_in_and_checks_its_key(up: Place) -> None:
    for name in names(2):
        done = ssh(up, name, "id -un; hostname; cat /proc/1/comm")
        assert done.stdout.split() == ["deploy", name, "systemd"], done.stderr


def test_a_host_with_another_key_is_refused_by_the_client(up: Place) -> None:
    known_hosts = up.home / "ssh" / "known_hosts"
    kept = known_hosts.read_text()
    keys = [line.split(" ", 1) for line in kept.splitlines()]
    try:
        known_hosts.write_text(f"{keys[0][0]} {keys[1][1]}\n")
        assert "HOST IDENTIFICATION HAS CHANGED" in ssh(up, "app-1", "true").stderr
    finally:
        known_hosts.write_text(kept)


def test_nothing_on_a_host_failed_or_listens_elsewhere(up: Place) -> None:
    for name in names(2):
        assert api.shell(up, name, ["systemctl", "is-system-running", "--wait"]).stdout.strip() == "running"
        assert api.shell(up, name, ["systemctl", "--failed", "--no-legend"]).stdout == ""
    members = {each.pid for found in processes.scan(machines(up)).values() for each in found}
    listening = subprocess.run(["ss", "-Hlntup"], capture_output=True, text=True, check=True).stdout.splitlines()
    ours = [line.split()[4] for line in listening if any(f"pid={pid}," in line for pid in members)]
    assert sorted(ours) == [
        f"127.{up.net}.1.1:2222",
        f"127.{up.net}.1.1:443",
        f"127.{up.net}.1.2:2222",
        f"127.{up.net}.1.2:443",
        f"127.{up.net}.2.1:2222",
        f"127.{up.net}.2.1:5432",
    ]


def tls(place: Place, name: str) -> None:
    context = ssl.create_default_context(cafile=str(pki.Pki(place.home / "pki").origin_ca_file))
    with (
        socket.create_connection((named(place, name).address, 443), 5) as connection,
        context.wrap_socket(connection, server_hostname="app.community.test"),
    ):
        pass


def test_nginx_serves_the_origin_certificate_and_another_when_told(up: Place, tmp_path: Path) -> None:
    tls(up, "app-1")
    authority = pki.Pki(up.home / "pki").authority("origin")
    now = datetime.now(UTC)
    expired = authority.issue(["app.community.test"], now - timedelta(days=3), now - timedelta(days=1))
    pki.write(tmp_path / "expired.pem", *expired)
    good = pki.Pki(up.home / "pki").origin_certificate("app-1", ["community.test", "*.community.test"])
    try:
        api.install_origin_certificate(up, "app-1", tmp_path / "expired.pem", tmp_path / "expired.key")
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            tls(up, "app-1")
    finally:
        api.install_origin_certificate(up, "app-1", *good)
    tls(up, "app-1")


def test_a_key_that_does_not_fit_is_refused_and_nginx_goes_on(up: Place, tmp_path: Path) -> None:
    certificates = pki.Pki(up.home / "pki")
    good = certificates.origin_certificate("app-1", ["community.test", "*.community.test"])
    other = certificates.origin_certificate("other", ["other.test"])
    with pytest.raises(LabError, match="app-1 refused the certificate"):
        api.install_origin_certificate(up, "app-1", good[0], other[1])
    tls(up, "app-1")
    assert api.shell(up, "app-1", ["nginx", "-t", "-q"]).returncode == 0


def test_postgresql_takes_the_apps_password_and_no_other(up: Place) -> None:
    password = (up.home / "database" / "password").read_text()
    assert (up.home / "database" / "password").stat().st_mode & 0o777 == 0o600
    database = api.database(up)
    query = ["psql", "-h", database["address"], "-U", database["user"], "-Atc", "select current_user", database["name"]]
    # From an app host, over the network, as the app will.
    right = api.shell(up, "app-1", ["env", f"PGPASSWORD={password}", *query])
    assert right.stdout.strip() == "app", right.stderr
    wrong = api.shell(up, "app-1", ["env", "PGPASSWORD=guess", *query])
    assert "password authentication failed" in wrong.stderr


def test_booting_what_is_up_changes_nothing(up: Place) -> None:
    before = {name: leader(up, name) for name in names(2)}
    api.boot(up, names(2), quiet)
    assert {name: leader(up, name) for name in names(2)} == before


def test_a_dead_host_is_repaired_and_the_others_are_left_alone(up: Place) -> None:
    before = {name: leader(up, name) for name in names(2)}
    os.kill(before["app-1"].pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while api.alive(up, "app-1") and time.monotonic() < deadline:
        time.sleep(0.02)
    api.boot(up, names(2), quiet)
    after = {name: leader(up, name) for name in names(2)}
    assert after["app-1"] != before["app-1"]
    assert (after["app-2"], after["db"]) == (before["app-2"], before["db"])
    assert ssh(up, "app-1", "true").returncode == 0


def test_a_host_whose_sshd_died_is_repaired(up: Place) -> None:
    assert api.shell(up, "app-2", ["systemctl", "stop", "ssh.service"]).returncode == 0
    api.boot(up, names(2), quiet)
    assert ssh(up, "app-2", "true").returncode == 0


def test_a_container_that_lost_its_supervisor_is_still_found(up: Place) -> None:
    members = processes.scan(machines(up))[named(up, "app-1").machine]
    [supervisor] = [each for each in members if Path(f"/proc/{each.pid}/comm").read_text().startswith("systemd-nspawn")]
    os.kill(supervisor.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert api.alive(up, "app-1")
    api.power_cut(up, "app-1")
    assert not api.alive(up, "app-1")


@pytest.mark.parametrize("name", ["app-1", "db"])
def test_after_a_power_cut_a_host_boots_from_the_files_it_had(up: Place, name: str) -> None:
    note = "/home/deploy/note"
    assert ssh(up, name, f"echo kept >{note}; sync {note}").returncode == 0
    api.power_cut(up, name)
    assert not api.alive(up, name)
    assert machines(up) not in "".join(processes.scan(named(up, name).machine))
    with pytest.raises(LabError, match=f"{name} is off"):
        api.shell(up, name, ["true"])
    api.start(up, name)
    assert ssh(up, name, f"cat {note}").stdout == "kept\n"


def test_a_disk_of_a_given_size_fills_up_and_the_machine_does_not(up: Place) -> None:
    size = 48 * 1024 * 1024
    api.halt(up, ["app-2"])
    api.boot(up, ["app-2"], quiet, {"app-2": size})
    done = ssh(up, "app-2", "head -c 100M /dev/zero >/srv/app/releases/fill")
    assert "No space left on device" in done.stderr
    api.power_cut(up, "app-2")
    api.start(up, "app-2")
    assert ssh(up, "app-2", "rm /srv/app/releases/fill").returncode == 0
    api.power_cut(up, "app-2")
    with pytest.raises(LabError, match="app-2 has a disk of another size"):
        api.boot(up, ["app-2"], quiet, {"app-2": 2 * size})
    api.halt(up, ["app-2"])


def test_hosts_of_a_machine_that_rebooted_come_back_with_their_files(up: Place) -> None:
    assert ssh(up, "app-1", "echo kept >note").returncode == 0
    api.power_cut(up, "app-1")
    mounts.unmount(named(up, "app-1").folder)
    api.boot(up, names(2), quiet)
    assert ssh(up, "app-1", "cat note").stdout == "kept\n"


def test_one_program_runs_in_the_tree_and_is_the_process_that_is_signalled(up: Place, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    tree = api.ensure_tree(up, quiet)
    script = "echo $$ >/run/data/pid; touch /etc/x 2>/run/data/refused || true; exec sleep 60"
    child = run_in_tree(tree, ["sh", "-c", script], {tmp_path / "data": "/run/data"})
    deadline = time.monotonic() + 5
    while not (tmp_path / "data/refused").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)
    assert int((tmp_path / "data/pid").read_text()) == child.pid
    assert "Read-only file system" in (tmp_path / "data/refused").read_text()
    assert mounts.below(tree) == []
    child.terminate()
    assert child.wait(5) == -signal.SIGTERM


def traces(place: Place) -> dict[str, object]:
    """All that hosts could leave on the machine."""
    return {
        "processes": processes.scan(machines(place)),
        "mounts": [str(path) for path in mounts.below(place.root)],
        "cgroups": [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/{machines(place)}*")],
        "nspawn": [str(path) for path in Path("/run/systemd/nspawn").glob(f"*/{machines(place)}*")],
        "files": sorted(path.name for path in place.home.iterdir()) if place.home.exists() else [],
        "inotify": inotify.LIMIT.read_text() if not processes.scan("lr-") else "",
    }


NOTHING: dict[str, object] = {"processes": {}, "mounts": [], "cgroups": [], "nspawn": []}


def test_a_halt_leaves_nothing(up: Place) -> None:
    api.halt(up)
    left = traces(up)
    # The authorities belong to the whole lab, and go with its folder.
    assert left.pop("files") == ["pki"]
    assert left.pop("inotify") != f"{inotify.WANTED}\n" or not inotify.FORMER.exists()
    assert left == NOTHING
    api.halt(up)


def test_a_failed_host_takes_the_whole_boot_back_with_its_last_words(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.halt(place)
    monkeypatch.setattr(power, "ENVIRONMENT", {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "neither"})
    with pytest.raises(LabError, match=r"app-1 did not boot: .*SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"):
        api.boot(place, ["app-1"], quiet)
    assert {key: value for key, value in traces(place).items() if key in NOTHING} == NOTHING
    assert not (place.home / "hosts").exists()


BOOT = """
import sys
from pathlib import Path
from lab.hosts import api
from lab.hosts.host import names
from lab.place import Place
print("go", flush=True)
api.boot(Place(Path(sys.argv[1]), int(sys.argv[2])), names(2), lambda line: print(line, flush=True))
"""


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.1, 0.2, 0.4])
def test_ctrl_c_while_hosts_boot_leaves_nothing(place: Place, seconds: float) -> None:
    api.halt(place)
    argv = [sys.executable, "-c", BOOT, str(place.root), str(place.net)]
    child = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert child.stdout
    assert child.stdout.readline() == b"go\n"
    time.sleep(seconds)
    os.killpg(child.pid, signal.SIGINT)
    errors = child.communicate(timeout=30)[1].decode()
    assert "KeyboardInterrupt" in errors.splitlines()[-1], errors
    assert {key: value for key, value in traces(place).items() if key in NOTHING} == NOTHING
    assert not (place.home / "hosts").exists()


@pytest.mark.parametrize("seconds", [0.1, 0.15, 0.2, 0.25, 0.3, 0.6])
def test_what_a_killed_boot_left_is_taken_over(place: Place, seconds: float) -> None:
    argv = [sys.executable, "-c", BOOT, str(place.root), str(place.net)]
    child = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout
    child.stdout.readline()
    time.sleep(seconds)
    child.kill()
    child.communicate()
    api.boot(place, names(2), quiet)
    assert ssh(place, "app-2", "true").returncode == 0
    api.halt(place)
    assert {key: value for key, value in traces(place).items() if key in NOTHING} == NOTHING
