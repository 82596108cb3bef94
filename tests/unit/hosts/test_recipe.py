"""What the tree is made of: the command, the digests, the machine's own sources."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import LabError
from lab.hosts import needs
from lab.hosts.mounts import overlay_argv
from lab.hosts.recipe import Base, layer_digest, offers, read_files

BASE = Base("bookworm", "x86_64")
FILES = {"etc/a": (0o644, b"a"), "etc/b": (0o755, b"b")}

DEB822 = """\
Types: deb
URIs: mirror+file:/etc/apt/mirrors/debian.list
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def test_the_command_uses_the_machines_suite_and_sources() -> None:
    argv = BASE.argv(Path("/t"), [Path("/etc/apt/sources.list")], ['Acquire::Retries "3";'])
    assert argv[0] == "mmdebstrap"
    assert argv[-3:] == ["bookworm", "/t", "/etc/apt/sources.list"]
    assert '--aptopt=Acquire::Retries "3";' in argv
    assert "knot" in next(word for word in argv if word.startswith("--include=")).split(",")


@pytest.mark.parametrize("other", [replace(BASE, suite="trixie"), replace(BASE, architecture="aarch64")])
def test_another_suite_or_machine_is_another_tree(other: Base) -> None:
    assert other.digest != BASE.digest
    assert layer_digest(other, FILES) != layer_digest(BASE, FILES)


@pytest.mark.parametrize(
    "files",
    [
        {**FILES, "etc/a": (0o644, b"other")},
        {**FILES, "etc/a": (0o600, b"a")},
        {**FILES, "etc/c": (0o644, b"")},
        {"etc/b": (0o755, b"b")},
        {"etc/z": (0o644, b"a"), "etc/b": (0o755, b"b")},
    ],
)
def test_each_file_counts_by_path_mode_and_content(files: dict[str, tuple[int, bytes]]) -> None:
    assert layer_digest(BASE, files) != layer_digest(BASE, FILES)


def test_the_order_of_files_does_not_count() -> None:
    assert layer_digest(BASE, dict(reversed(FILES.items()))) == layer_digest(BASE, FILES)


def test_files_are_read_below_a_folder(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/a").write_text("x")
    (tmp_path / "etc/a").chmod(0o640)
    assert read_files(tmp_path) == {"etc/a": (0o640, b"x")}


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (DEB822, True),
        ("Types: deb\nSuites: other\nComponents: main\n\n" + DEB822, True),
        (DEB822 + "Enabled: no\n", False),
        (DEB822.replace("Types: deb", "Types: deb-src"), False),
        (DEB822.replace("main", "nginx"), False),
        (DEB822.replace("bookworm bookworm-updates", "bookworm-security"), False),
        ("# " + DEB822.replace("\n", "\n# "), False),
        ("deb http://deb.example/debian bookworm main contrib\n", True),
        ("deb [arch=amd64 signed-by=/k.gpg] http://deb.example/debian bookworm main # ours\n", True),
        ("deb http://deb.example/debian bookworm-security main\n", False),
        ("deb http://nginx.example/debian bookworm nginx\n", False),
        ("deb-src http://deb.example/debian bookworm main\n", False),
        ("# deb http://deb.example/debian bookworm main\n", False),
        ("", False),
    ],
)
def test_a_source_file_that_offers_the_suite(text: str, offered: bool) -> None:
    assert offers(text, "bookworm") is offered


def test_an_overlay_lies_on_its_layers_from_the_top(tmp_path: Path) -> None:
    argv = overlay_argv([tmp_path / "layer", tmp_path / "tree"], tmp_path / "disk", tmp_path / "root")
    options = f"lowerdir={tmp_path}/layer:{tmp_path}/tree,upperdir={tmp_path}/disk/upper,workdir={tmp_path}/disk/work"
    assert argv == ["mount", "-t", "overlay", "-o", options, "launch-ready", f"{tmp_path}/root"]


@pytest.mark.parametrize("bad", ["/a:b", "/a,b", "/a\\b"])
def test_a_path_that_mount_would_take_apart_is_refused(bad: str) -> None:
    with pytest.raises(LabError, match="cannot lie on such a path"):
        overlay_argv([Path("/tree")], Path(bad), Path("/root"))


def os_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "os-release").write_text(text)
    found = needs.parse_os_release(tmp_path / "os-release")
    monkeypatch.setattr(needs, "parse_os_release", lambda _path: found)


def test_debian_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os_release(tmp_path, monkeypatch, 'ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n')
    assert needs.suite() == "trixie"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04"\n', "Ubuntu 24.04"),
        ('ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\n', "11 .bullseye."),
        ("", "of an unknown kind"),
    ],
)
def test_another_system_is_named_and_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, name: str
) -> None:
    os_release(tmp_path, monkeypatch, text)
    with pytest.raises(LabError, match=f"need Debian 12 or later, and this machine is .*{name}"):
        needs.suite()


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="root"):
        needs.require_machine()


def test_a_missing_tool_is_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os_release(tmp_path, monkeypatch, "ID=debian\nVERSION_CODENAME=trixie\n")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda tool: None if tool == "mmdebstrap" else f"/bin/{tool}")
    with pytest.raises(LabError, match="mmdebstrap cannot be found: scripts/setup"):
        needs.require_machine()


def test_the_tree_is_made_without_any_package() -> None:
    """scripts/setup builds it while it installs them."""
    argv = [sys.executable, "-S", "-c", "import lab.hosts.__main__"]
    done = subprocess.run(argv, cwd=Path(__file__).resolve().parents[3], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
