"""The tasks: which engine does it, and what is refused before anything runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import LabError
from core.secret import Secret
from lab.engine.connect import cloudflare_of
from lab.passphrase import LAB_PASSPHRASE, passphrase_of
from lab.place import Place

ROOT = Path(__file__).resolve().parents[3]


def invoke(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": str(Path(sys.executable).parent)}
    return subprocess.run(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=25,
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["up", "--stack", "no-such"], "there is no stack 'no-such' in"),
        (["up", "--engine", "other"], "--engine is 'other'; it is one of auto, pulumi, lab"),
        (["up", "--engine", "pulumi"], "the Pulumi CLI is not on the PATH: run scripts/setup"),
        (["destroy", "--stack", "../lab"], "there is no stack '../lab' in"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], sentence: str) -> None:
    done = invoke(*arguments)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {sentence}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("task", ["up", "preview", "destroy", "outputs", "refresh"])
def test_help_has_an_example(task: str) -> None:
    assert f"`invoke {task}" in invoke("--help", task).stdout


def status(tmp_path: Path, text: str) -> Place:
    place = Place(tmp_path)
    place.home.mkdir()
    place.status_file.write_text(text)
    return place


def test_the_api_is_the_one_of_the_lab_that_is_up(tmp_path: Path) -> None:
    told = {"cloudflare": {"base_url": "http://127.81.0.2:8080/client/v4", "token": "t0ken"}}
    url, token = cloudflare_of(status(tmp_path, json.dumps(told)))
    assert (url, token.reveal()) == ("http://127.81.0.2:8080/client/v4", "t0ken")


def test_without_a_lab_or_beyond_loopback_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"the lab is not up: run `invoke lab\.up`"):
        cloudflare_of(Place(tmp_path))
    away = {"cloudflare": {"base_url": "https://api.cloudflare.com/client/v4", "token": "t"}}
    with pytest.raises(LabError, match="addresses of 127"):
        cloudflare_of(status(tmp_path, json.dumps(away)))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cloudflare": {}}', '{"cloudflare": []}'])
def test_a_status_that_cannot_be_understood_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(LabError, match="cannot be understood"):
        cloudflare_of(status(tmp_path, text))


def test_the_labs_passphrase_is_known_and_that_of_other_stacks_is_not() -> None:
    assert passphrase_of("lab", {}) == Secret(LAB_PASSPHRASE)
    assert passphrase_of("lab", {"PULUMI_CONFIG_PASSPHRASE": "own"}).reveal() == "own"
    with pytest.raises(Exception, match="PULUMI_CONFIG_PASSPHRASE"):
        passphrase_of("prod", {})
