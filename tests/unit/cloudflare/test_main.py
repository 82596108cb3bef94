"""The command line: what it refuses, with one sentence and status 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.cloudflare.__main__ import main


def run(folder: Path, listen: str = "127.0.0.1:1") -> int:
    files = ("--state", str(folder / "state.json"), "--token-file", str(folder / "token"))
    return main(["--listen", listen, *files])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("a-token-of-the-lab\n")
    return tmp_path


@pytest.mark.parametrize(
    ("listen", "reason"),
    [
        ("0.0.0.0:8080", "outside of it"),
        ("192.0.2.1:8080", "outside of it"),
        ("localhost:8080", "127.0.0.0/8 only"),
        ("127.0.0.1", "not ADDRESS:PORT"),
        ("127.0.0.1:", "not ADDRESS:PORT"),
        ("127.0.0.1:0", "not ADDRESS:PORT"),
        ("127.0.0.1:99999", "not ADDRESS:PORT"),
        (f"127.0.0.1:{'9' * 5000}", "not ADDRESS:PORT"),
    ],
)
def test_it_listens_on_loopback_alone(
    folder: Path, listen: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, listen) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert reason in said
    assert not (folder / "state.json").exists()


@pytest.mark.parametrize("damage", ["", '{"revision": 1', "[]"])
def test_a_damaged_state_is_named_and_left_alone(folder: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "state.json").write_text(damage)
    assert run(folder) == 1
    assert f"error: {folder / 'state.json'} is damaged at its top" in capsys.readouterr().err
    assert (folder / "state.json").read_text() == damage


def test_a_token_file_that_is_missing_or_empty_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "token").write_text("\n")
    assert run(folder) == 1
    assert f"the token file {folder / 'token'} is empty" in capsys.readouterr().err
    (folder / "token").unlink()
    assert run(folder) == 1
    assert f"the token file {folder / 'token'} cannot be read: No such file" in capsys.readouterr().err


def test_help_says_what_each_option_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--token-file FILE" in capsys.readouterr().out
