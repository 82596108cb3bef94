"""Releasing to real hosts while things break: kills, power cuts, full disks, wrong keys, a second releaser."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.ssh import SshShell
from core.errors import HealthError, HostError, LockedError, RevertedError, RollbackError
from deploy.api import deploy
from deploy.artifact import Artifact
from lab.hosts import api
from rollback.api import rollback

Live = Callable[..., Artifact]
ROOT = Path(__file__).resolve().parent.parent.parent

CONTROLLER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from adapters.clock import SystemClock
from adapters.ssh import SshShell
from cli.guard import _ENDING
from core.settings.hosts import Hosts, fleet_of
from core.settings.release import Release
from core.signals import handled
from deploy.api import deploy
from deploy.artifact import open_artifact
from deploy.operation import World
from rollback.api import rollback
from tests.faults.conftest import SETTINGS

class Loud:
    def phase(self, name, seconds, hosts):
        print(name, flush=True)
        if name == sys.argv[4]:
            sys.stdin.readline()
    def note(self, text):
        print("note", text, flush=True)

fleet = fleet_of(Hosts(inventory=sys.argv[1]), Path("/"))
shells = {{host.name: SshShell(host) for host in fleet.hosts}}
world = World(shells, None, SystemClock(), Loud(), Release.model_validate_json(SETTINGS))
try:
    with handled(_ENDING):
        deploy(world, open_artifact(Path(sys.argv[3]))) if sys.argv[2] == "deploy" else rollback(world)
finally:
    for shell in shells.values():
        shell.close()
"""


def controller(machines: Any, action: str, artifact: Path | str, phase: str) -> subprocess.Popen[str]:
    """Another process that releases, and stands still once ``phase`` is over."""
    code = CONTROLLER.format(root=str(ROOT))
    inventory = str(machines.folder / "inventory.json")
    process = subprocess.Popen(
        [sys.executable, "-c", code, inventory, action, str(artifact), phase],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == phase:
            return process
    assert process.stderr is not None
    raise AssertionError(f"{phase} was never over: {process.stderr.read()}")


@pytest.mark.parametrize("phase", ["preflight", "upload", "health", "switch", "finish"])
def test_a_deploy_that_is_killed_leaves_no_lock_and_can_be_undone_or_done_again(
    machines: Any, live: Live, phase: str
) -> None:
    live("1.0.0")
    second = machines.build("2.0.0")
    with controller(machines, "deploy", second.path, phase) as process:
        process.kill()
    assert machines.unlocked()
    served = machines.serves()
    assert len(set(served)) == 1
    if phase == "preflight":
        with pytest.raises(RollbackError, match="nothing to go back to"):
            rollback(machines.world())
    else:
        assert rollback(machines.world()).version == "1.0.0"
    machines.part()
    assert machines.serves() == ["200 1.0.0"] * 2
    deploy(machines.world(), second)
    assert machines.serves() == ["200 2.0.0"] * 2


@pytest.mark.parametrize("phase", ["look", "health", "switch"])
def test_a_rollback_that_is_killed_goes_on_where_it_went(machines: Any, live: Live, phase: str) -> None:
    live("1.0.0", "2.0.0", "3.0.0")
    with controller(machines, "rollback", "-", phase) as process:
        process.kill()
    assert machines.unlocked()
    assert rollback(machines.world()).version == "2.0.0"
    assert machines.serves() == ["200 2.0.0"] * 2


@pytest.mark.parametrize("phase", ["preflight", "upload", "health", "switch"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupt_at_each_phase_leaves_whole_traffic_and_no_lock(
    machines: Any, live: Live, phase: str, number: int
) -> None:
    live("1.0.0")
    with controller(machines, "deploy", machines.build("2.0.0").path, phase) as process:
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode != 0
    assert machines.unlocked()
    assert machines.serves() == ["200 1.0.0"] * 2


def test_two_releasers_at_once_and_the_second_is_told_who(machines: Any, live: Live) -> None:
    live("1.0.0")
    with controller(machines, "deploy", machines.build("2.0.0").path, "upload") as process:
        with pytest.raises(LockedError, match=r"app-1: .+@.+ has been releasing to it since 20.+\(deploy\)"):
            rollback(machines.world())
        process.communicate("go\n", timeout=30)
    assert process.returncode == 0
    assert machines.serves() == ["200 2.0.0"] * 2


def test_a_power_cut_comes_back_on_the_live_release(machines: Any, live: Live) -> None:
    live("1.0.0", "2.0.0")
    api.power_cut(machines.place, "app-2")
    with pytest.raises(HostError, match=r"app-2 (refuses connections|does not answer) at"):
        rollback(machines.world(connect_seconds=2))
    machines.part()
    assert api.shell(machines.place, "app-1", ["flock", "-w", "2", "/run/launch/lock", "true"]).returncode == 0
    api.start(machines.place, "app-2")
    _until(lambda: machines.serves() == ["200 2.0.0"] * 2)
    back = rollback(machines.world())
    # what was warm there went with the power
    assert back.cold == ("app-2",)
    assert machines.serves() == ["200 1.0.0"] * 2


def test_a_host_that_dies_at_the_switch_takes_the_others_back_and_boots_as_they_are(machines: Any, live: Live) -> None:
    live("1.0.0")
    world = machines.world()
    second = machines.build("2.0.0")

    class Cut:
        def phase(self, name: str, *_rest: object) -> None:
            if name == "health":
                api.power_cut(machines.place, "app-2")

        def note(self, _text: str) -> None:
            pass

    object.__setattr__(world, "progress", Cut())
    with pytest.raises(Exception, match="app-2") as failed:
        deploy(world, second)
    assert failed.value.exit_code == 7  # type: ignore[attr-defined]
    machines.part()
    api.start(machines.place, "app-2")
    _until(lambda: machines.serves() == ["200 1.0.0"] * 2)
    assert rollback(machines.world()).version == "1.0.0"


def test_a_release_that_is_not_healthy_says_why_without_secrets(machines: Any, live: Live) -> None:
    live("1.0.0")
    with pytest.raises(HealthError) as refused:
        deploy(machines.world(), machines.build("3.0.0", health=500))
    assert "app-1: 3.0.0 is not healthy: /healthz answers 500, not 200; its last words:" in str(refused.value)
    assert "hunter22" not in str(refused.value)
    assert machines.serves() == ["200 1.0.0"] * 2


def test_a_restart_in_the_watch_takes_it_back(machines: Any, live: Live) -> None:
    live("1.0.0")
    world = machines.world()

    class Kill:
        def phase(self, name: str, *_rest: object) -> None:
            if name == "switch":
                api.shell(machines.place, "app-1", ["systemctl", "kill", "-s", "KILL", "app@green"])

        def note(self, _text: str) -> None:
            pass

    object.__setattr__(world, "progress", Kill())
    with pytest.raises(RevertedError, match="it turned bad: "):
        deploy(world, machines.build("2.0.0"), 8)
    assert machines.serves() == ["200 1.0.0"] * 2


def test_broken_nginx_and_missing_names_are_found_before_anything_moves(machines: Any, live: Live) -> None:
    live("1.0.0")
    break_it = "echo 'oops on;' >/etc/nginx/conf.d/oops.conf; cp -p /etc/app/env /root/env; : >/etc/app/env"
    mend_it = "rm /etc/nginx/conf.d/oops.conf; mv /root/env /etc/app/env"
    api.shell(machines.place, "app-2", ["sh", "-c", break_it])
    try:
        with pytest.raises(HostError) as refused:
            deploy(machines.world(), machines.build("2.0.0"))
        assert 'unknown directive "oops"' in str(refused.value)
        assert "app-2: /etc/app/env does not set DATABASE_URL" in str(refused.value)
    finally:
        api.shell(machines.place, "app-2", ["sh", "-c", mend_it])
    assert machines.unlocked()


def test_the_wrong_host_key_names_the_file_and_what_to_do(machines: Any, tmp_path: Path) -> None:
    host = machines.fleet.hosts[0]
    lines = Path(host.known_hosts).read_text().splitlines()
    other = next(line for line in lines if machines.fleet.hosts[1].address in line).split(" ", 1)[1]
    known = tmp_path / "known_hosts"
    known.write_text(f"[{host.address}]:{host.ssh_port} {other}\n")
    with pytest.raises(HostError, match=rf"shows the host key SHA256:\S+ .*{known}.*replace its line"):
        SshShell(host.model_copy(update={"known_hosts": str(known)})).connect()
    known.write_text("")
    with pytest.raises(HostError, match="has none for"):
        SshShell(host.model_copy(update={"known_hosts": str(known)})).connect()
    with pytest.raises(HostError, match="there is no private key at /nope"):
        SshShell(host.model_copy(update={"identity_file": "/nope"})).connect()
    with pytest.raises(HostError, match="does not let nobody in"):
        SshShell(host.model_copy(update={"user": "nobody"})).connect()


def test_a_scripts_input_is_a_file_or_bytes_or_pieces_and_has_the_scripts_time(machines: Any, tmp_path: Path) -> None:
    shell = machines.world().shells["app-1"]
    whole = bytes(range(256)) * 2048
    (tmp_path / "file").write_bytes(whole)
    expected = hashlib.sha256(whole).hexdigest()
    for stdin in (tmp_path / "file", whole, (whole[at : at + 70_000] for at in range(0, len(whole), 70_000))):
        assert shell.run("sha256sum", timeout=10, stdin=stdin).out == f"{expected}  -\n"
    assert shell.run("sha256sum", timeout=10, stdin=b"").out == f"{hashlib.sha256().hexdigest()}  -\n"
    assert shell.run("echo enough; exit 3", timeout=10, stdin=iter([whole] * 20)).status == 3
    began = time.monotonic()
    with pytest.raises(HostError, match=r"did not end within 0\.5 s"):
        shell.run("sleep 30", timeout=0.5, stdin=(whole for _ in range(200)))
    assert time.monotonic() - began < 3


def test_a_full_disk_is_said_before_and_does_not_stop_a_rollback(machines: Any, live: Live) -> None:
    live("1.0.0", "2.0.0")
    small = "mount -t tmpfs -o size=2m tmpfs /mnt && cp -a /srv/app/. /mnt/ && chown deploy: /mnt && chmod 755 /mnt"
    # the journal ends where a page does: its next line needs room that is not there
    pad = "cd /mnt && head -c $((4095 - $(stat -c %s journal.jsonl) % 4096)) /dev/zero | tr '\\0' x >>journal.jsonl"
    fill = f"{small} && {pad} && echo >>journal.jsonl && mount --bind /mnt /srv/app && cat /dev/zero >/srv/app/fill"
    filled = api.shell(machines.place, "app-1", ["sh", "-c", fill])
    try:
        with pytest.raises(HostError, match="app-1 has 0 MiB free under /srv/app, and this release needs"):
            deploy(machines.world(), machines.build("3.0.0"))
        machines.part()
        back = rollback(machines.world())
        assert (back.version, back.unrecorded) == ("1.0.0", ("app-1",)), filled.stderr
        assert machines.serves() == ["200 1.0.0"] * 2
    finally:
        api.shell(machines.place, "app-1", ["umount", "/srv/app", "/mnt"])


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it never came to be"
        time.sleep(0.1)
