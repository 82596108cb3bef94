"""A dry run changes nothing, whatever stands beside it, and plans what the command then does."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import adapters.ssh
import cli.world
from cli import release
from core.errors import ArtifactError, HostError
from deploy import commands
from deploy.api import deploy
from deploy.artifact import Artifact
from deploy.dry_run import ANSWERS, OTHERS, DryShell, Plan, dry, step_of
from deploy.layout import Layout
from deploy.script import PARTS, fragment
from rollback.api import rollback

CLAIM = '{"who": "ann@ci", "action": "deploy", "since": "2026-01-02T03:04:05Z"}'
Builder = Callable[..., Artifact]


def digest(root: Path) -> str:
    """Of all that is below a folder: names, kinds, modes, times, contents, and where links lead."""
    seen = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        about = path.lstat()
        held = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        seen.update(repr((str(path), about.st_mode, about.st_size, about.st_mtime_ns, held)).encode())
    return seen.hexdigest()


def digests(fleet: Any) -> list[str]:
    return [digest(host.root) for host in fleet.hosts.values()]


def steps(plan: Plan, host: str = "a") -> list[str]:
    return [one.step for _, found in plan.phases for one in found if one.host == host]


@pytest.fixture
def two(fleet: Any, builder: Builder) -> Any:
    """Three hosts on 2.0.0, with 1.0.0 before it."""
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    for host in fleet.hosts.values():
        host.ran.clear()
    return fleet


def test_what_is_planned_is_what_is_then_done(two: Any, builder: Builder) -> None:
    artifact = builder("3.0.0", migrate="true")
    before, plan = digests(two), Plan()
    deploy(dry(two.world, plan), artifact)
    assert digests(two) == before
    assert {name for name, _ in plan.phases} == {"preflight", "upload", "migrate", "health", "switch", "finish"}
    assert steps(plan)[0] == "hold"
    assert steps(plan, "c") == [step for step in steps(plan, "a") if step != "migrate"]

    for host in two.hosts.values():
        host.ran.clear()
    deploy(two.world, artifact)
    really = [step_of(script) for script in two.hosts["a"].ran if fragment("hold") not in script]
    assert steps(plan)[1:] == really


def test_a_rollback_is_planned_by_what_the_hosts_keep(two: Any) -> None:
    before, plan = digests(two), Plan()
    assert rollback(dry(two.world, plan)).version == "1.0.0"
    assert digests(two) == before
    assert steps(plan) == ["hold", "start", "switch", "commit", "finish"]
    switches = [one for _, found in plan.phases for one in found if one.step == "switch"]
    assert [one.host for one in switches] == ["a", "b", "c"]
    assert {one.values["version"] for one in switches} == {"1.0.0"}


def test_what_would_be_refused_is_refused(two: Any, builder: Builder) -> None:
    before = digests(two)
    other = builder("2.0.0", extra="[schema]\nminimum = 1\nmaximum = 1\ntarget = 1\n")
    with pytest.raises(ArtifactError, match=r"a keeps 2\.0\.0 with other content"):
        deploy(dry(two.world, Plan()), other)
    assert digests(two) == before


def test_a_watch_takes_no_time_and_is_shown_once(two: Any, builder: Builder) -> None:
    plan = Plan()
    deploy(dry(two.world, plan), builder("3.0.0"), watch_seconds=300)
    watched = [one for _, found in plan.phases for one in found if one.step == "watch"]
    assert [one.host for one in watched] == ["a", "b", "c"]
    assert watched[0].times > 100


def test_a_check_of_the_users_own_is_not_run_on_this_machine(two: Any, builder: Builder, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    own = two.settings.watch.model_copy(update={"command": ("touch", str(mark))})
    two.settings = two.settings.model_copy(update={"watch": own})
    plan = Plan()
    deploy(dry(two.world, plan), builder("3.0.0"), watch_seconds=60)
    assert plan.notes == [f"while it is watched, this machine runs: touch {mark}"]
    assert not mark.exists()


def test_somebody_who_is_releasing_is_named_and_keeps_the_lock(two: Any, builder: Builder) -> None:
    holder = two.world.shells["a"].hold(commands.hold(two.world.layout, CLAIM, 20, preflight=False), timeout=9)
    assert holder.said.status == 0
    plan = Plan()
    rollback(dry(two.world, plan))
    holder.let_go()
    assert [note for note in plan.notes if note.startswith("a: ann@ci has been releasing to it")]


def test_a_script_that_is_not_known_is_an_error(two: Any) -> None:
    shell = DryShell(two.world.shells["a"], two.world.layout, Plan())
    with pytest.raises(HostError, match="does not know what this script would do"):
        shell.run("rm -rf /srv/app", timeout=1)
    # the look is known by every letter of it
    with pytest.raises(HostError, match="does not know"):
        shell.run(commands.look(two.world.layout) + "\nrm -rf /srv/app", timeout=1)
    assert not two.hosts["a"].ran


def test_every_fragment_is_known() -> None:
    folder = Path(commands.__file__).parent / "scripts"
    assert {file.stem for file in folder.glob("*.sh")} == {*ANSWERS, *PARTS, *OTHERS}


class Prefixed:
    """A folder host for scripts that name a host's own folders."""

    def __init__(self, host: Any) -> None:
        self.host, self.name = host, host.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.host, name)

    def connect_early(self) -> None:
        """Nothing to begin."""

    def run(self, script: str, **options: Any) -> Any:
        return self.host.run(self._here(script), **options)

    def hold(self, script: str, **options: Any) -> Any:
        return self.host.hold(self._here(script), **options)

    def _here(self, script: str) -> str:
        for name, path in vars(Layout()).items():
            script = script.replace(f"\n{name}={path}\n", f"\n{name}={self.host.root}{path}\n", 1)
        return script


@pytest.fixture
def stack(two: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack ``it`` whose hosts are those folders."""
    import yaml

    hosts = [{"name": name, "address": f"127.0.0.{number}"} for number, name in enumerate(two.hosts, 1)]
    release = {**json.loads(two.settings.model_dump_json()), "url": "https://app.example.test"}
    config = {"launch-ready:hosts": {"app": hosts}, "launch-ready:release": release}
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.it.yaml").write_text(yaml.safe_dump({"config": config}))
    monkeypatch.setattr(cli.world, "ROOT", tmp_path)
    monkeypatch.setattr(adapters.ssh, "SshShell", lambda host: Prefixed(two.hosts[host.name]))
    return tmp_path


def every(flags: Mapping[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """None of the flags, each alone, each two together, and all of them."""
    chosen = [dict(zip(flags, values, strict=True)) for values in itertools.product(*flags.values())]
    given = [sum(one[flag] != values[0] for flag, values in flags.items()) for one in chosen]
    return [one for one, count in zip(chosen, given, strict=True) if count <= 2 or count == max(given)]


def test_no_other_flag_of_a_deploy_defeats_it(
    two: Any, builder: Builder, stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task: Any = release.deploy

    new, old = builder("3.0.0", migrate="true").path, builder("1.0.0").path
    before = digests(two)
    flags = {
        "json": (False, True),
        "watch": ("", "30"),
        "without": ((), ("c",)),
        "wait": ("5",),
        "canary": ("", "10,100"),
        "step": ("", "30s"),
        "without_drill": ("a test",),
    }
    for number, chosen in enumerate(every(flags)):
        task.body(None, stack="it", artifact=str(old if number % 8 == 7 else new), dry_run=True, **chosen)
        assert digests(two) == before, chosen
        said = capsys.readouterr().out
        assert json.loads(said)["dry_run"] if chosen["json"] else said.startswith("dry run: nothing was changed")
    assert not (stack / ".launch-ready").exists()
    assert set(task.body.__wrapped__.__code__.co_varnames[: task.body.__wrapped__.__code__.co_argcount]) == {
        *("_context", "stack", "artifact", "dry_run"),
        *flags,
    }, "a flag that this test does not try"


def test_no_other_flag_of_a_rollback_defeats_it(two: Any, stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task: Any = release.rollback

    before = digests(two)
    flags = {"json": (False, True), "to": ("", "2.0.0"), "without": ((), ("a", "b")), "wait": ("", "5")}
    for chosen in every(flags):
        task.body(None, stack="it", dry_run=True, **chosen)
        assert digests(two) == before, chosen
        said = capsys.readouterr().out
        assert "hunter22" not in said
        assert json.loads(said)["dry_run"] if chosen["json"] else "\nswitch\n" in said
    assert not (stack / ".launch-ready").exists()
    assert set(task.body.__wrapped__.__code__.co_varnames[: task.body.__wrapped__.__code__.co_argcount]) == {
        *("_context", "stack", "dry_run"),
        *flags,
    }, "a flag that this test does not try"


def test_it_is_shown_by_phase_with_what_each_step_runs(
    two: Any, builder: Builder, stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task: Any = release.deploy

    artifact = builder("3.0.0").path
    task.body(None, stack="it", artifact=str(artifact), dry_run=True, without_drill="a test")
    said = capsys.readouterr().out
    assert "\n  a  upload     version=3.0.0" in said
    assert re.search(r"\n  a  lacks .* < \S+, at most \d+ bytes\n", said)
    assert "\n== switch\n" in said
    assert fragment("switch").rstrip() in said
    task.body(None, stack="it", artifact=str(artifact), dry_run=True, without_drill="a test", json=True)
    shown = json.loads(capsys.readouterr().out)
    scripts = [one["script"] for phase in shown["phases"] for one in phase["commands"]]
    assert all("set -eu\nsrv=/srv/app\n" in script for script in scripts)
    assert len(scripts) == 3 * 8
