"""Where a load may go."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import LabError
from lab.load.run import Plan
from lab.load.target import read_target

STATUS: dict[str, Any] = {
    "net": 86,
    "edge": {"address": "127.86.0.3", "http_port": 80, "https_port": 443, "ca_file": "/ca.pem"},
    "mail": {"messages_url": "http://127.86.0.5:8025/messages"},
}


def _write(folder: Path, status: object) -> Path:
    path = folder / "status.json"
    path.write_text(status if isinstance(status, str) else json.dumps(status))
    return path


def test_a_labs_status_is_enough(tmp_path: Path) -> None:
    target = read_target(_write(tmp_path, STATUS), "app.community.test")
    assert target.origin == "https://app.community.test"
    assert target.source(7) == "127.86.100.7"


@pytest.mark.parametrize("address", ["10.0.0.1", "203.0.113.7", "localhost", "128.0.0.1", ""])
def test_nothing_but_loopback_is_ever_loaded(tmp_path: Path, address: str) -> None:
    status = {**STATUS, "edge": {**STATUS["edge"], "address": address}}
    with pytest.raises(LabError, match=r"addresses of 127\.0\.0\.0/8 only"):
        read_target(_write(tmp_path, status), "app.community.test")
    mail = {"messages_url": f"http://{address}:8025/messages"}
    with pytest.raises(LabError, match=r"the lab talks to"):
        read_target(_write(tmp_path, {**STATUS, "mail": mail}), "app.community.test")


@pytest.mark.parametrize("status", ["", "[]", "null", {"edge": {}}, {"edge": STATUS["edge"]}, {**STATUS, "net": "x"}])
def test_what_is_no_status_is_refused(tmp_path: Path, status: object) -> None:
    with pytest.raises(LabError, match="is not the status of a lab"):
        read_target(_write(tmp_path, status), "app.community.test")


def test_without_a_lab_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"run `invoke lab\.up` first"):
        read_target(tmp_path / "status.json", "app.community.test")


@pytest.mark.parametrize(
    "plan",
    [Plan(clients=0), Plan(clients=251), Plan(rate=0), Plan(rate=51), Plan(seconds=601), Plan(seconds=float("nan"))],
)
def test_a_load_is_bounded(plan: Plan) -> None:
    with pytest.raises(LabError, match="must be above 0, at most"):
        plan.check()
