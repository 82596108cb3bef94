"""Releases on their way to hosts that are folders: what is sent, what is linked, what is cut, what is not believed."""

from __future__ import annotations

import random
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from core.errors import ArtifactError, HostError
from core.ports import Ran
from deploy.api import deploy, releases
from deploy.artifact import Artifact
from deploy.fetch import fetch_from_host
from deploy.fleet import Gathered
from deploy.journal import DEPLOY
from deploy.lock import locked
from deploy.operation import Operation
from deploy.send import send_all
from rollback.api import rollback

Builder = Callable[..., Artifact]
LARGE = random.Random(4).randbytes(300_000)
FILES: dict[str, bytes | PurePosixPath] = {
    "bin/run": b"#!/bin/sh\nexec true\n",
    "lib/large": LARGE,
    "lib/empty": b"",
    "lib/deep/empty": b"",
    "lib/ a name with  spaces ": b"x",
    "lib/-n": b"dash",
    "lib/*?[a]'\"$x;&": b"odd",
    "lib/\u00e9\u4e2d": b"unicode",
    "current": PurePosixPath("lib/deep"),
}


def send(fleet: Any, artifact: Artifact, names: str = "abc") -> Gathered[str]:
    operation = Operation(fleet.world, DEPLOY, artifact.version, artifact.digest, 0.0)
    with locked(fleet.world, DEPLOY, preflight=False) as facts:
        operation.holds(facts)
        return send_all(operation, artifact, {name: facts[name] for name in names})


def kept(fleet: Any, name: str, version: str) -> Path:
    folder: Path = fleet.hosts[name].root / "srv/app/releases" / version
    return folder


def holds(folder: Path, artifact: Artifact) -> bool:
    """Is what lies there, apart from what the host adds, the artefact's contents? By Python's own eyes."""
    with tarfile.open(artifact.path) as tar:
        wanted: dict[str, object] = {}
        for member in tar:
            source = tar.extractfile(member) if member.isreg() else None
            wanted[member.name] = (bool(member.mode & 0o111), source.read()) if source else member.linkname
    there: dict[str, object] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if (path.is_dir() and not path.is_symlink()) or name.split("/")[0] == ".launch":
            continue
        mode = path.lstat().st_mode
        there[name] = str(path.readlink()) if path.is_symlink() else (bool(mode & 0o111), path.read_bytes())
    return there == wanted


def leftovers(fleet: Any, name: str) -> list[str]:
    return [path.name for path in (fleet.hosts[name].root / "srv/app/releases").glob(".*")]


@dataclass
class Cut:
    """A host's shell whose uploads end after ``keep`` of their bytes, as a lost connection ends them."""

    host: Any
    keep: float
    sent: list[int] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.host, name)

    def run(self, script: str, *, timeout: float, stdin: Path | None = None) -> Ran:
        if stdin is None or 'echo "kept $version"' not in script:
            done: Ran = self.host.run(script, timeout=timeout, stdin=stdin)
            return done
        data = stdin.read_bytes()
        part = data[: int(len(data) * self.keep)]
        self.sent.append(len(part))
        ran: Ran = self.host.run(script, timeout=timeout, stdin=part)
        if self.keep < 1:
            raise HostError(f"{self.host.name}: the connection was lost")
        return ran


def cut(monkeypatch: pytest.MonkeyPatch, fleet: Any, keep: float) -> dict[str, Cut]:
    """Have the world's shells cut; the world that was made before stays as it was."""
    world = fleet.world
    shells = {name: Cut(shell, keep) for name, shell in world.shells.items()}
    monkeypatch.setattr(type(fleet), "world", property(lambda _self: world))
    object.__setattr__(world, "shells", shells)
    return shells


def test_a_first_release_arrives_whole_with_modes_of_its_own(fleet: Any, builder: Builder) -> None:
    artifact = builder("1.0.0", files=FILES)
    sent = send(fleet, artifact).or_raise()
    assert list(sent) == ["a", "b", "c"]
    folder = kept(fleet, "a", "1.0.0")
    assert holds(folder, artifact)
    assert {path.stat().st_mode & 0o7777 for path in folder.rglob("*") if path.is_dir()} == {0o755}
    assert (folder / "bin/run").stat().st_mode & 0o7777 == 0o555
    assert (folder / "lib/large").stat().st_mode & 0o7777 == 0o444
    assert (folder / ".launch/contents").read_bytes() == artifact.contents.text
    assert f'"tree":"{artifact.tree}"' in (folder / ".launch/release.json").read_text()
    assert leftovers(fleet, "a") == []
    assert releases(fleet.world)["a"].kept["1.0.0"].tree == artifact.tree


def test_only_what_changed_is_sent_and_the_rest_is_linked(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(fleet, builder("1.0.0", files=FILES)).or_raise()
    moved = {"lib/moved": LARGE, **{name: content for name, content in FILES.items() if name != "lib/large"}}
    artifact = builder("2.0.0", files={**moved, "lib/new": b"new", "bin/run": b"no script any more\n"})
    shells = cut(monkeypatch, fleet, 1)
    said = send(fleet, artifact).or_raise()
    assert all(0 < shells[name].sent[0] < 5000 for name in "abc")
    assert said["a"].startswith("sent ")
    for name in "abc":
        old, new = kept(fleet, name, "1.0.0"), kept(fleet, name, "2.0.0")
        assert holds(new, artifact)
        assert (new / "lib/moved").samefile(old / "lib/large")
        assert (new / "lib/deep/empty").samefile(old / "lib/deep/empty")
        assert (new / "bin/run").stat().st_mode & 0o7777 == 0o444
        assert (old / "bin/run").stat().st_mode & 0o7777 == 0o555


def test_a_release_that_is_nearly_all_new_still_links_what_is_not(fleet: Any, builder: Builder) -> None:
    send(fleet, builder("1.0.0", files=FILES)).or_raise()
    artifact = builder("2.0.0", files={**FILES, "lib/large": LARGE[::-1]})
    send(fleet, artifact).or_raise()
    assert holds(kept(fleet, "a", "2.0.0"), artifact)
    assert (kept(fleet, "a", "2.0.0") / "bin/run").samefile(kept(fleet, "a", "1.0.0") / "bin/run")


def test_a_pruned_release_takes_no_content_from_the_others(fleet: Any, builder: Builder) -> None:
    for version in ("1.0.0", "2.0.0", "3.0.0", "4.0.0"):
        artifact = builder(version, files=FILES)
        deploy(fleet.world, artifact)
    assert sorted(releases(fleet.world)["a"].kept) == ["3.0.0", "4.0.0"]
    assert holds(kept(fleet, "a", "4.0.0"), artifact)
    assert rollback(fleet.world).version == "3.0.0"


@pytest.mark.parametrize("keep", [0.0, 0.02, 0.5, 0.99])
def test_a_cut_upload_goes_on_where_it_was_cut(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch, keep: float
) -> None:
    many: dict[str, bytes | PurePosixPath] = {
        f"lib/{number}": random.Random(number).randbytes(20_000) for number in range(40)
    }
    artifact = builder("1.0.0", files={**FILES, **many})
    shells = cut(monkeypatch, fleet, keep)
    assert list(send(fleet, artifact).bad) == ["a", "b", "c"]
    assert not kept(fleet, "a", "1.0.0").exists()
    for shell in shells.values():
        shell.keep = 1
    send(fleet, artifact).or_raise()
    assert holds(kept(fleet, "a", "1.0.0"), artifact)
    assert leftovers(fleet, "a") == []
    if keep >= 0.5:
        first, second = shells["a"].sent
        assert second < artifact.packed_bytes - first + 60_000


def test_what_another_release_left_half_sent_is_removed(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shells = cut(monkeypatch, fleet, 0.6)
    send(fleet, builder("1.0.0", files=FILES))
    assert leftovers(fleet, "b") == [f".incoming.{builder('1.0.0', files=FILES).tree}"]
    shells["b"].keep = 1
    send(fleet, builder("2.0.0", files=FILES), "b").or_raise()
    assert leftovers(fleet, "b") == []


def test_what_was_changed_on_the_host_is_not_believed(fleet: Any, builder: Builder) -> None:
    """In a kept release: other bytes, another mode, a link in a file's place, a file that is gone."""
    send(fleet, builder("1.0.0", files=FILES)).or_raise()
    old = kept(fleet, "a", "1.0.0")
    (old / "lib/large").chmod(0o644)
    (old / "lib/large").write_bytes(LARGE[:-1] + b"!")
    (old / "bin/run").chmod(0o444)
    (old / "lib/-n").unlink()
    (old / "lib/-n").symlink_to("/etc/passwd")
    (old / "lib/empty").unlink()
    artifact = builder("2.0.0", files={**FILES, "extra": b"extra"})
    send(fleet, artifact).or_raise()
    assert holds(kept(fleet, "a", "2.0.0"), artifact)
    assert (old / "lib/large").read_bytes().endswith(b"!")


def test_what_was_changed_in_a_cut_upload_is_not_believed(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = builder("1.0.0", files=FILES)
    shells = cut(monkeypatch, fleet, 0.98)
    send(fleet, artifact)
    incoming = kept(fleet, "a", f".incoming.{artifact.tree}") / "release"
    (incoming / "serve.py").chmod(0o644)
    (incoming / "serve.py").write_bytes(b"other")
    (incoming / "evil").symlink_to("/etc")
    (incoming / "foreign").write_bytes(b"x")
    (incoming / ".launch").mkdir()
    (incoming / ".launch/run").write_bytes(b"x")
    for shell in shells.values():
        shell.keep = 1
    send(fleet, artifact).or_raise()
    assert holds(kept(fleet, "a", "1.0.0"), artifact)
    assert (kept(fleet, "a", "1.0.0") / ".launch/run").read_text() == artifact.run_script() + "\n"


def test_a_folder_that_nobody_wanted_is_a_refusal_once_and_gone_then(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = builder("1.0.0", files=FILES)
    shells = cut(monkeypatch, fleet, 0.5)
    send(fleet, artifact)
    (kept(fleet, "a", f".incoming.{artifact.tree}") / "release/foreign").mkdir()
    for shell in shells.values():
        shell.keep = 1
    bad = send(fleet, artifact).bad
    assert [str(error) for error in bad.values()] == ["a: the release did not arrive as it was sent: foreign"]
    assert leftovers(fleet, "a") == []
    send(fleet, artifact).or_raise()


def test_an_artefact_that_changed_since_it_was_read_is_refused(fleet: Any, builder: Builder) -> None:
    artifact = builder("1.0.0", files=FILES)
    builder("1.0.0", files={"other": LARGE})
    bad = send(fleet, artifact).bad
    assert list(bad) == ["a", "b", "c"]
    assert all("did not arrive as it was sent" in str(error) for error in bad.values())
    assert not any(kept(fleet, name, "1.0.0").exists() for name in "abc")


def test_an_artefact_that_changed_before_it_was_packed_is_refused(fleet: Any, builder: Builder) -> None:
    send(fleet, builder("1.0.0", files=FILES)).or_raise()
    artifact = builder("2.0.0", files={**FILES, "new": b"new"})
    builder("2.0.0", files={**FILES, "other": b"new"})
    with pytest.raises(ArtifactError, match="changed while it was being sent"):
        send(fleet, artifact).or_raise()


def test_a_stream_that_means_harm_writes_nothing_outside(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The list was of a good artefact, and what is streamed is another: above, absolute, below a link."""
    artifact = builder("1.0.0", files={"a": b"a" * 100})
    outside = tmp_path / "outside"
    outside.mkdir()
    with tarfile.open(artifact.path, "w:gz") as tar:
        for name in ("../../../above", f"{outside}/absolute"):
            tar.addfile(tarfile.TarInfo(name))
        link = tarfile.TarInfo("door")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        tar.addfile(link)
        tar.addfile(tarfile.TarInfo("door/through"))
        up = tarfile.TarInfo("up")
        up.type, up.linkname = tarfile.SYMTYPE, "../../.."
        tar.addfile(up)
        tar.addfile(tarfile.TarInfo("up/above"))
    before = {path for host in fleet.hosts.values() for path in host.root.rglob("*") if ".incoming" not in str(path)}
    assert list(send(fleet, artifact).bad) == ["a", "b", "c"]
    assert list(outside.iterdir()) == []
    after = {path for host in fleet.hosts.values() for path in host.root.rglob("*") if ".incoming" not in str(path)}
    assert {path for path in after - before if path.parent.name != "launch"} == set()


@pytest.mark.parametrize("said", ["lacks 0-999999999\n", "lacks 5-1\nlacks x-y\nlacks ../etc-1\n", "lacks 1-1" * 9999])
def test_a_host_that_lies_gets_nothing_but_the_release(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    artifact = builder("1.0.0", files=FILES)
    world = fleet.world

    class Liar(Cut):
        def run(self, script: str, *, timeout: float, stdin: Any = None) -> Ran:
            ran: Ran = self.host.run(script, timeout=timeout, stdin=stdin)
            return Ran(0, said + "asked\n", "") if "echo asked" in script else ran

    object.__setattr__(world, "shells", {name: Liar(shell, 1) for name, shell in world.shells.items()})
    monkeypatch.setattr(type(fleet), "world", property(lambda _self: world))
    outcome = send(fleet, artifact)
    for name in outcome.good:
        assert holds(kept(fleet, name, "1.0.0"), artifact)
    assert all("did not arrive as it was sent" in str(error) for error in outcome.bad.values())


def test_a_host_without_openssl_reads_the_same(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for path in (path for folder in ("/usr/bin", "/bin") for path in Path(folder).iterdir()):
        if path.name != "openssl" and not (tools / path.name).is_symlink():
            (tools / path.name).symlink_to(path)
    monkeypatch.setenv("PATH", str(tools))
    assert shutil.which("openssl") is None
    send(fleet, builder("1.0.0", files=FILES)).or_raise()
    artifact = builder("2.0.0", files={**FILES, "new": b"new"})
    send(fleet, artifact).or_raise()
    assert holds(kept(fleet, "a", "2.0.0"), artifact)
    assert (kept(fleet, "a", "2.0.0") / "bin/run").samefile(kept(fleet, "a", "1.0.0") / "bin/run")


def test_a_full_disk_is_named_and_left_as_it_was(fleet: Any, builder: Builder) -> None:
    artifact = builder("1.0.0", files=FILES)
    for host in fleet.hosts.values():
        stub = host.root / "bin/tar"
        stub.write_text("#!/bin/sh\necho 'tar: lib/large: Cannot write: No space left on device' >&2\nexit 2\n")
        stub.chmod(0o755)
    bad = send(fleet, artifact).bad
    assert all("its disk is full" in str(error) for error in bad.values())
    assert leftovers(fleet, "a") == []


def fetched(fleet: Any, name: str, version: str) -> Any:
    """From the host ``name``, by what it says of itself."""
    world = fleet.world
    return fetch_from_host(world.shells[name], world.layout, releases(world)[name].kept[version])


def test_a_host_gets_a_release_from_another_that_keeps_it(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0", files=FILES))
    artifact = builder("2.0.0", files={**FILES, "lib/large": LARGE[::-1]}, migrate="true")
    send(fleet, artifact, "a").or_raise()
    with fetched(fleet, "a", "2.0.0") as copy:
        path = copy.path
        assert (copy.digest, copy.tree, copy.record()) == (artifact.digest, artifact.tree, artifact.record())
        assert send(fleet, copy).or_raise()["a"] == "there already"
    assert not path.exists()
    for name in "bc":
        assert holds(kept(fleet, name, "2.0.0"), artifact)
        for file in ("run", "migrate", "release.json", "contents"):
            mine, theirs = (kept(fleet, host, "2.0.0") / ".launch" / file for host in (name, "a"))
            assert (mine.read_bytes(), mine.stat().st_mode) == (theirs.read_bytes(), theirs.stat().st_mode)
    with fetched(fleet, "b", "2.0.0") as again:
        assert deploy(fleet.world, again).version == "2.0.0"
    assert deploy(fleet.world, artifact).already


def test_a_host_that_keeps_other_contents_is_not_copied(fleet: Any, builder: Builder) -> None:
    artifact = builder("1.0.0", files=FILES)
    send(fleet, artifact).or_raise()
    (kept(fleet, "a", "1.0.0") / "lib/more").write_bytes(b"x")
    with (
        pytest.raises(HostError, match=r"a keeps 1\.0\.0 with other contents than were deployed"),
        fetched(fleet, "a", "1.0.0"),
    ):
        pytest.fail("it was copied")
    (kept(fleet, "b", "1.0.0") / "out").symlink_to("/etc/passwd")
    with (
        pytest.raises(HostError, match=r"b keeps 1\.0\.0 damaged: member '\./out' links out of the release"),
        fetched(fleet, "b", "1.0.0"),
    ):
        pytest.fail("it was copied")
    shutil.rmtree(kept(fleet, "c", "1.0.0") / "lib")
    (kept(fleet, "c", "1.0.0") / "release.toml").unlink()
    with (
        pytest.raises(HostError, match=r"c keeps 1\.0\.0 damaged: there is no file release\.toml"),
        fetched(fleet, "c", "1.0.0"),
    ):
        pytest.fail("it was copied")


def test_a_host_that_has_it_no_more_and_one_without_a_list_are_named(fleet: Any, builder: Builder) -> None:
    send(fleet, builder("1.0.0")).or_raise()
    world, known = fleet.world, releases(fleet.world)["a"].kept["1.0.0"]
    shutil.rmtree(kept(fleet, "a", "1.0.0"))
    with (
        pytest.raises(HostError, match=r"^a: .*can't cd to|^a: .*No such file"),
        fetch_from_host(world.shells["a"], world.layout, known),
    ):
        pytest.fail("there was none")
    with (
        pytest.raises(HostError, match=r"b keeps 1\.0\.0 without a list of its contents"),
        fetch_from_host(world.shells["b"], world.layout, replace(known, tree="")),
    ):
        pytest.fail("there was no list")
